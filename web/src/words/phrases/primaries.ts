/** Of services with failover: who may be primary, who is, and why; F1 to F7 are the rules. */
import type { Phrases } from '../phrase-book.ts';

const candidates: Phrases = {
  '{ids} is ready to take over': '{ids} 可以接替',
  '{ids} are ready to take over': '{ids} 可以接替',
  'F3: {ids} has every acknowledged write': 'F3：{ids} 拥有全部已确认的写入',
  'F3: {ids} have every acknowledged write': 'F3：{ids} 拥有全部已确认的写入',
  'F3: {ids} may lack at most {size} (asynchronous)': 'F3：{ids} 最多可能缺少 {size}（异步）',
  'F1: {id} has no `fence` command': 'F1：{id} 没有 `fence` 命令',
  'no standby is ready to take over': '没有备实例可以接替',
  'F3: the disk of {id} is full': 'F3：{id} 的磁盘已满',
  'F3: no standby is known to have every acknowledged write':
    'F3：没有备实例能确定拥有全部已确认的写入',
  'F3: no standby is known to lack no more than allowed':
    'F3：没有备实例能确定缺少的数据不超过限度',
  'F3: {id} lacks {what}; consent promotes the most advanced, and that is lost':
    'F3：{id} 缺少{what}；同意后将提升数据最新的备实例，所缺数据会丢失',
  '{id} lacks {what}': '{id} 缺少{what}',
  'writes acknowledged in {time}': '即 {time}内确认的写入',
  'it was never in step': '从未同步过',
  'about {n} transactions when last seen': '约 {n} 个事务（最近一次所见）',
  'about {n} transaction when last seen': '约 {n} 个事务（最近一次所见）',
  'about {n} transactions ({size}) when last seen': '约 {n} 个事务（最近一次所见，{size}）',
  'about {n} transaction ({size}) when last seen': '约 {n} 个事务（最近一次所见，{size}）',
  'an unknown number of transactions': '数目未知的事务',
  'an unknown number of transactions ({size} when last seen)':
    '数目未知的事务（最近一次所见为 {size}）',
};

const choices: Phrases = {
  'F1: {id} could not be fenced: {why}': 'F1：未能隔离 {id}：{why}',
  '{id} is not wanted up any more': '{id} 已不需要运行',
  'F3: there is no standby that may be promoted': 'F3：没有可以提升的备实例',
  'F3: none of {ids} told how far it reaches': 'F3：{ids} 都没有报告数据到了哪里',
  'it was ready to take over': '它可以接替',
  'it reaches furthest of {ids}: {n} on timeline {n2}': '在 {ids} 中数据最新：时间线 {n2} 上的 {n}',
  'F7: {id} is primary of epoch {n}: F1, F2: {id2} is fenced; F3: {why}; a person consented to the loss':
    'F7：{id} 担任纪元 {n} 的主实例：F1、F2：{id2} 已隔离；F3：{why}；已有人同意丢失',
  'F7: {id} is primary of epoch {n}: F1, F2: {id2} is fenced; F3: {why}':
    'F7：{id} 担任纪元 {n} 的主实例：F1、F2：{id2} 已隔离；F3：{why}',
  'F7: {id} is primary of epoch {n}: somebody else made it so, and F1: {why}':
    'F7：{id} 是纪元 {n} 的主实例：由他人切换；F1：{why}',
  'F7: {id} is primary of epoch {n}: its data was exchanged while nothing of {id2} ran (F1)':
    'F7：{id} 担任纪元 {n} 的主实例：在 {id2} 没有任何实例运行时（F1）更换了它的数据',
  'F7: {id} is the first primary of {id2}: epoch {n}': 'F7：{id} 是 {id2} 的首个主实例：纪元 {n}',
  'F6: {who} approved: {id} is primary of epoch {n}, as its data says':
    'F6：{who} 已批准：以数据为准，{id} 是纪元 {n} 的主实例',
  '{id} never served': '{id} 从未开始服务',
  '{id} does not run': '{id} 没有运行',
  '{id} is a standby': '{id} 是备实例',
  '{id} can not hand its role over now': '{id} 现在无法交出主角色',
  'it was overtaken': '已被取代',
  '{id} was not restarted: its role could not be handed over in {n} tries: {why}':
    '{id} 没有重启：{n} 次都未能交出主角色：{why}',
  '{id} is ready again': '{id} 已重新就绪',
  '{id} is completed again': '{id} 已再次完成',
  '{id} is primary of epoch {n}; new writes waited for {time} at most':
    '{id} 担任纪元 {n} 的主实例；新的写入最多等待 {time}',
  '{n} connections were still in a transaction, or encrypted (TLS); nothing was changed':
    '{n} 个连接仍在事务中，或已加密（TLS）；没有做任何改动',
  '{n} connection was still in a transaction, or encrypted (TLS); nothing was changed':
    '{n} 个连接仍在事务中，或已加密（TLS）；没有做任何改动',
};

/** Whom the primary waits for before it acknowledges. */
const eligibility: Phrases = {
  'F4: not eligible any more before {id} acknowledges without: {why}':
    'F4：先取消资格，{id} 才可不等它们就确认写入：{why}',
  '{id} is gone for good': '{id} 已不复存在',
  '{id} fails its checks': '{id} 的健康检查失败',
  '{id} does not follow': '{id} 没有跟随主实例',
  '{id} does not stream': '{id} 没有在复制',
  'does not run': '没有运行',
  'is gone for good': '已不复存在',
  'fails its checks': '健康检查失败',
  'does not follow': '没有跟随主实例',
  'does not stream': '没有在复制',
  'another standby left': '另一个备实例已离开',
  'F4: {id} has every acknowledged write, and {id2} waits for it':
    'F4：{id} 拥有全部已确认的写入，{id2} 确认写入前会等待它',
};

/** How a group stands. */
const notes: Phrases = {
  'F1: no promotion before {id} is fenced': 'F1：隔离 {id} 之前不提升任何备实例',
  'F3: who has every acknowledged write is asked': 'F3：正在查询谁拥有全部已确认的写入',
  'transactions under way end, new connections wait': '正在等待进行中的事务结束，新连接排队',
  'its primary {id} is not in the stack file any more': '其主实例 {id} 已不在栈文件中',
  'F2: no traffic before a write through {id} succeeded': 'F2：经 {id} 写入成功之前不放行流量',
  'its role is handed over later ({n} of {n2} tries): {why}':
    '稍后交出主角色（第 {n} 次，共 {n2} 次）：{why}',
  '{id} left the stack file: its role goes to one that stays before it is stopped':
    '{id} 已从栈文件中移除：先把主角色交给留下的实例，再停止它',
  'F4: {ids} not eligible: not known to have every acknowledged write':
    'F4：{ids} 不合格：不能确定拥有全部已确认的写入',
  'its definition changed; `daruma up` applies that': '其定义已变更；`daruma up` 使之生效',
};

/** Steps that came to nothing: as a group stands, and as the event log has it. */
const failures: Phrases = {
  'fence {id} failed: {why}': '{id} 隔离失败：{why}',
  '{id}: fence failed: {why}': '{id} 隔离失败：{why}',
  'promote {id} failed: {why}': '{id} 提升为主实例失败：{why}',
  '{id}: promote failed: {why}': '{id} 提升为主实例失败：{why}',
  'follow {id} failed: {why}': '{id} 跟随新主实例失败：{why}',
  '{id}: follow failed: {why}': '{id} 跟随新主实例失败：{why}',
  'set-eligible {id} failed: {why}': '{id} 更新合格备实例失败：{why}',
  '{id}: set-eligible failed: {why}': '{id} 更新合格备实例失败：{why}',
  'admit {id} failed: {why}': '{id} 追上主实例失败：{why}',
  '{id}: admit failed: {why}': '{id} 追上主实例失败：{why}',
  'survey {id} failed: {why}': '{id} 查询数据位置失败：{why}',
  '{id}: survey failed: {why}': '{id} 查询数据位置失败：{why}',
  'quiesce {id} failed: {why}': '{id} 等待事务结束失败：{why}',
  '{id}: quiesce failed: {why}': '{id} 等待事务结束失败：{why}',
};

export const primaries: Phrases = {
  ...candidates,
  ...choices,
  ...eligibility,
  ...notes,
  ...failures,
};
