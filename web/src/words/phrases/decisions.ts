/** What is done about it, what is not and why, and what came of it. */
import type { Phrases } from '../phrase-book.ts';

const reasons: Phrases = {
  'would {what}': '本应{what}',
  'not sure: {one} or {other} ({why})': '尚不确定：{one}，或者{other}（{why}）',
  'not sure: {one} or {other}': '尚不确定：{one}，或者{other}',
  'look at {id}: {why}; a log line or an error alone restarts nothing':
    '请查看 {id}：{why}；仅凭一行日志或一个错误不会重启',
  'look at the recovery points of {id}: {why}': '请查看 {id} 的恢复点：{why}',
  'look at {id}: {why}; a restart does not mend this': '请查看 {id}：{why}；重启无法修复',
  '{id} needs a person: {why}': '{id} 需要人工处理：{why}',
  'no action known mends this': '没有已知的操作能修复',
  'hold {id}: it {why}': '暂不启动 {id}：{why}',
  'leave {id}: it {why}': '暂不处理 {id}：{why}',
  'leave {id} for now: {why}': '暂不处理 {id}：{why}',
  'leave {id}: {why}': '不处理 {id}：{why}',
  'its restart policy is «no»': '其重启策略为 no',
  'fence {id} and let it rejoin as a standby: {why}': '隔离 {id}，并让它作为备实例重新加入：{why}',
  'copy {id}: {why}; its primary has all that it has': '重新复制 {id}：{why}；其数据主实例上都有',
  'its budget is spent': '其操作预算已用完',
  'there is no `fence` command': '没有 `fence` 命令',
  'try {id} once more, although a person is needed: {why}': '仍需人工处理，但再试一次 {id}：{why}',
  'run «{text}» for {id}: {why}': '为 {id} 运行「{text}」：{why}',
  'start {id} again: {why}': '再次启动 {id}：{why}',
  'start {id}: {why}': '启动 {id}：{why}',
  'restart {id}: {why}': '重启 {id}：{why}',
  'fail over from {id}: {why}': '从 {id} 故障转移：{why}',
  'restore {id}: {why}; it {what}': '恢复 {id} 的数据：{why}；{what}',
  'take out {id}: {why}': '停止向 {id} 分流：{why}',
  'put {id} back: its symptoms are over': '恢复向 {id} 分流：症状已消失',
  'it is the only instance: a short outage': '它是唯一的实例：会有短暂中断',
  'a person consented': '已有人同意',
  'let {id} rejoin as a standby: {id2} is primary of epoch {n} (F5)':
    '让 {id} 作为备实例重新加入：{id2} 是纪元 {n} 的主实例（F5）',
  'switch {id} over to {id2}: {who} asked for it': '把 {id} 的主角色交给 {id2}：应 {who} 的要求',
  'switch {id} over to the most advanced standby: {who} asked for it':
    '把 {id} 的主角色交给数据最新的备实例：应 {who} 的要求',
  'switch {id} over to the most advanced standby: the stack file without it asked for it':
    '把 {id} 的主角色交给数据最新的备实例：栈文件中已没有它',
  '{who} asked for it': '应 {who} 的要求',
  'its definition changed': '其定义已变更',
};

/** What a choice rests on. */
const grounds: Phrases = {
  'by its stack file it may mend this': '按栈文件，它可以修复',
  'by default table another try mends this': '按内置经验表，再试一次可修复此类故障',
  'by default table a fail-over mends this': '按内置经验表，故障转移可修复此类故障',
  'by default table a restore mends this': '按内置经验表，恢复数据可修复此类故障',
  'by default table a restart mends this': '按内置经验表，重启可修复此类故障',
  'by default table a take out mends this': '按内置经验表，停止分流可修复此类故障',
  restart: '重启',
  'fail over': '故障转移',
  'take out': '停止分流',
  restore: '恢复数据',
  'another try': '再试一次',
  '«{text}»': '「{text}」',
};

/** What holds an action back. */
const guards: Phrases = {
  'trying again does not help': '再试也无济于事',
  'it was tried and did not help': '已经试过，没有效果',
  'F7: {id} was chosen, and that is completed first': 'F7：已选定 {id}，先完成这一步',
  '«{text}» was rejected': '「{text}」已被拒绝',
  '«{text}» is destructive and needs consent': '「{text}」有破坏性，需要同意',
  'a restore was rejected: it {what}': '恢复数据已被拒绝：{what}',
  'a restore needs consent: it {what}': '恢复数据需要同意：{what}',
  'restores point {word}, made {time} ago, and what the log has since':
    '将恢复到 {time}前创建的恢复点 {word}，并重放此后的日志',
  'restores point {word}, made {time} ago: what was written since is lost':
    '将恢复到 {time}前创建的恢复点 {word}：此后写入的数据会丢失',
  'its budget of {n} actions in {time} is spent': '其 {time}内 {n} 次操作的预算已用完',
  'its budget of {n} action in {time} is spent': '其 {time}内 {n} 次操作的预算已用完',
  "the stack's budget of {n} actions in {time} is spent":
    '整个服务栈 {time}内 {n} 次操作的预算已用完',
  "the stack's budget of {n} action in {time} is spent":
    '整个服务栈 {time}内 {n} 次操作的预算已用完',
  '{why}, but for one for its primary': '{why}，只给主实例留了一次',
  'another instance is being restarted': '另一个实例正在重启',
  'it is the last ready instance': '它是最后一个就绪的实例',
  '{n} of {n2} instances are out': '{n2} 个实例中已有 {n} 个停用',
  'the store can not write': '存储无法写入',
  'what was chosen is expected to help sooner': '预计所选动作恢复得更快',
  'a standby would have the same work to do': '备实例也要承担同样的负载',
  'it would hardly mend this': '几乎无法修复',
  'it would not mend this': '无法修复',
  'it already gets no new connections': '已经没有新连接分给它',
  'no other instance is ready': '没有其他就绪的实例',
  'the last fail-over failed: {why}': '上一次故障转移失败：{why}',
  '{why}, and consent fails over': '{why}，同意后将故障转移',
};

/** Why something waits. */
const waiting: Phrases = {
  'waits for {id}: it is not wanted up': '等待 {id}：它已被人停止',
  'waits for {id}: it failed': '等待 {id}：它出了故障',
  'waits for {id}: not completed yet': '等待 {id}：尚未完成',
  'waits for {id}: not started yet': '等待 {id}：尚未启动',
  'waits for {id}: not ready yet': '等待 {id}：尚未就绪',
  'waits for {id}: it fails its checks': '等待 {id}：它的健康检查失败',
  'waits for {id}, which {why}': '等待 {id}，而它{why}',
  'waits until it is fenced and another is primary': '等待它被隔离、由另一个实例担任主实例',
  'waits as a cold standby: it is started when it is needed': '冷备实例：需要时才启动',
  'waits until its data is restored': '等待数据恢复完成',
  'backs off before the next try': '退避，稍后再试',
  'observe mode: would start {id}': '观察模式：本应启动 {id}',
  '{id} is under maintenance': '{id} 正在维护',
  'a dependency failed meanwhile': '其间有依赖出了故障',
  'the budget was spent meanwhile': '其间预算已用完',
  'what it waited for is ready': '所等待的已就绪',
  'what it waited for is there': '所等待的已就绪',
  '{id} was down shortly before': '不久之前 {id} 中断过',
  'its symptoms are over': '症状已消失',
};

/** What came of it. */
const outcomes: Phrases = {
  'it came back by itself': '它已自行恢复',
  'overtaken by another action': '已被另一个操作取代',
  overtaken: '已被取代',
  'no better after the time it should take': '到了应当见效的时间仍无好转',
  'the symptoms stayed away': '症状没有再出现',
  'the symptom came back: {why}': '症状再次出现：{why}',
  'the action failed': '操作失败',
  'looked at again': '已重新评估',
  'the controller was restarted meanwhile': '其间控制器重新启动',
  'it is to be stopped': '它将被停止',
  'it exited': '它已退出',
  '{id} left the stack file': '{id} 已从栈文件中移除',
  'part of {incident}': '属于 {incident}',
  'approved by {who}': '已由 {who} 批准',
  'rejected by {who}': '已由 {who} 拒绝',
};

/** How an incident went, such as «db/1 crashed; restart db/1; recovered after 1.2 s, …». */
const stories: Phrases = {
  'stopped on request': '已按要求停止',
  'ended by itself after {time}': '{time}后自行结束',
  'ended by itself {time} after it came back, {time2} after it began':
    '再次出现 {time}后自行结束（自最初开始 {time2}）',
  'recovered after {time}, symptoms absent for {time2}': '{time}后恢复，症状已消失 {time2}',
  'recovered {time} after it came back, {time2} after it began, symptoms absent for {time3}':
    '再次出现 {time}后恢复（自最初开始 {time2}），症状已消失 {time3}',
  'writes waited for {time} at most': '写入最多等待 {time}',
  'start {id}': '启动 {id}',
  'restart {id}': '重启 {id}',
  'retry {id}': '再试 {id}',
  'take-out {id}': '停止向 {id} 分流',
  'put-back {id}': '恢复向 {id} 分流',
  'fail-over {id}': '从 {id} 故障转移',
  'switch-over {id}': '{id} 主备切换',
  'rejoin {id}': '{id} 重新加入',
  'restore {id}': '恢复 {id} 的数据',
  'run {id}': '运行 {id}',
};

export const decisions: Phrases = {
  ...reasons,
  ...grounds,
  ...guards,
  ...waiting,
  ...outcomes,
  ...stories,
};

/** What actions came to: said behind the cause, and looked at once that is apart. */
export const tallies: Phrases = {
  '{what} mended {n} of {n2} such faults': '{n2} 次此类故障中{what}修复了 {n} 次',
  '{what} mended {n} of {n2} such fault': '{n2} 次此类故障中{what}修复了 {n} 次',
  '{what} mended {n} of {n2} such faults elsewhere in the stack':
    '栈内其他服务的 {n2} 次此类故障中{what}修复了 {n} 次',
  '{what} mended {n} of {n2} such fault elsewhere in the stack':
    '栈内其他服务的 {n2} 次此类故障中{what}修复了 {n} 次',
  '{why}, {time} expected': '{why}，预计 {time}',
};
