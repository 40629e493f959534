/** Recovery points: what is wrong with them, and what a trial found. */
import type { Phrases } from '../phrase-book.ts';

const troubles: Phrases = {
  '{n} in a row failed: {why}': '连续 {n} 次失败：{why}',
  'the newest does not restore: {why}': '最新的恢复点无法恢复：{why}',
  'there is none yet': '还没有恢复点',
  'the newest is {n} min old': '最新的恢复点距今 {n} 分钟',
  'it was not made within {n} s': '{n} 秒内没有完成',
  'no recovery point of {id}: {why}': '{id} 没有恢复点：{why}',
  'no recovery point of {id} for this; {why}': '{id} 没有适用的恢复点；{why}',
  'the oldest is of {word}': '最早的是 {word}',
  '{id} has no recovery point {word}': '{id} 没有恢复点 {word}',
  'no place takes a recovery point of {id}: {text}': '没有存放位置可以接收 {id} 的恢复点：{text}',
  '{word}: {n} MB are free, and a point is expected to take {n2} MB':
    '{word}：剩余 {n} MB，而一个恢复点预计需要 {n2} MB',
  '{word}: {n} MB are free': '{word}：剩余 {n} MB',
  '{text} would hold more than the {n} bytes it may': '{text} 将超出允许的 {n} 字节',
  "{text} can't be reached at {word}": '无法连接位于 {word} 的 {text}',
  'nothing moved for {n} ms': '{n} 毫秒内没有任何数据传输',
  'it is missing or has another size': '缺失，或大小不同',
  'it is not as it was written': '与写入时不同',
  '{text} is damaged: {why}': '{text} 已损坏：{why}',
  '{why}; sound in {text}': '{why}；完好的副本在 {text}',
  "{n} files of the write-ahead log ({n2} MiB) wait on this machine, since they can't be stored: {why}":
    '{n} 个预写日志文件（{n2} MiB）因无法存放而留在本机：{why}',
  '{n} files of the write-ahead log were thrown away from {word} on, since too much waited to be stored: moments after it can be restored from the next point on only':
    '等待存放的日志过多，从 {word} 起丢弃了 {n} 个预写日志文件：此后的时刻只能从下一个恢复点起恢复',
  'keeps no log for recovery points since it was started without them: restart it once':
    '启动时还没有恢复点，因而没有为其保留日志：请重启一次',
  '{text}: block {n} (from byte {n2} of the relation) is corrupt: its checksum is wrong':
    '{text}：块 {n}（关系中自字节 {n2} 起）已损坏：校验和错误',
  '{text}: PostgreSQL has met {n} pages with a wrong checksum':
    '{text}：PostgreSQL 遇到 {n} 个校验和错误的页',
};

/** What stands in the way of making, reading and restoring them. */
const obstacles: Phrases = {
  "{id} can't be drilled": '{id} 不能试恢复',
  'the present private keys are needed: say --identity': '需要现有的私钥：请用 --identity 给出',
  'only a PostgreSQL service has a log': '只有 PostgreSQL 服务才有日志',
  'there is no recovery point yet': '还没有恢复点',
  'a database is restored as a whole, without paths': '数据库只能整体恢复，不能指定路径',
  '{text} is not among the data: {text2}': '{text} 不在数据之中：{text2}',
  'a small file is too large': '本应很小的文件过大',
  'no place has {word}': '没有存放位置有 {word}',
  '{word} does not begin with {id}/': '{word} 不以 {id}/ 开头',
  '{word} is no age recipient': '{word} 不是 age 收件人',
  '{text} holds no private key': '{text} 中没有私钥',
  '{text} holds something that is no age identity': '{text} 中有不是 age 身份的内容',
  "the file with the private keys can't be read": '无法读取私钥文件',
  'no place holds keys/{word}': '没有存放位置有 keys/{word}',
  'the passphrase does not open keys/{word}': '口令无法打开 keys/{word}',
  '{text} is encrypted to {text2}, and no private key is given':
    '{text} 加密给了 {text2}，而没有提供私钥',
  "{text} is encrypted to {text2}, the key given is {text3}'s":
    '{text} 加密给了 {text2}，而提供的密钥属于 {text3}',
  '{word}: {word2} is of {text}, and its summary is of another':
    '{word}：{word2} 属于 {text}，而其摘要属于别的恢复点',
  '{text} is not empty': '{text} 不为空',
  '`dump` printed nothing': '`dump` 没有输出',
  'the point holds nothing for {text}': '恢复点中没有 {text} 的内容',
  "{text} can't be renamed to {text2}": '无法把 {text} 重命名为 {text2}',
  "{text} can't be copied": '无法复制 {text}',
  "{text} can't be copied: {text2}": '无法复制 {text}：{text2}',
  '{text} is no key of a vault': '{text} 不是存放位置中的键',
  'a source gave the path {text}': '数据源给出了路径 {text}',
  'PostgreSQL told no beginning of the copy': 'PostgreSQL 没有给出备份的起点',
  'PostgreSQL told no end of the copy': 'PostgreSQL 没有给出备份的终点',
  'PostgreSQL told no place of the name': 'PostgreSQL 没有给出该名称的位置',
  'PostgreSQL tells nothing of itself': 'PostgreSQL 没有给出自身的信息',
  'PostgreSQL tells no end of its log': 'PostgreSQL 没有给出其日志的终点',
  '{word} has not the size of a segment': '{word} 的大小不是一个日志段',
  'it is no point of PostgreSQL': '它不是 PostgreSQL 的恢复点',
  'chown of the restored data: {text}': '更改恢复数据的所有者：{text}',
  '{word} was not left in order': '{word} 没有正常结束',
  'PostgreSQL on the restored data {what}: {text}': '恢复数据上的 PostgreSQL {what}：{text}',
  'did not end in order': '没有正常结束',
  'could not recover': '未能恢复',
  'could not be served': '未能提供服务',
  '{id}, the primary, does not run': '主实例 {id} 没有运行',
  'the copy was not begun': '备份没有开始',
  "the label of the copy can't be read: {text}": '无法读取备份的标签：{text}',
};

/** Why one was made. */
const reasons: Phrases = {
  schedule: '按计划',
  person: '人工',
  switchover: '主备切换',
  shutdown: '停机',
  'before-destructive': '破坏性操作之前',
};

const trials: Phrases = {
  'the service was not started on the copy: {why}': '没有在副本上启动服务：{why}',
  'its driver is {word}': '其驱动为 {word}',
  'only one of it may work at a time': '同一时间只能有一个运行',
  'it has no port: nothing tells whether it works': '没有端口：无从判断它是否工作',
  'neither its command nor its `environment:` names `${DATA_DIR}`':
    '其命令和 `environment:` 都没有使用 `${DATA_DIR}`',
  'it has no `data_dir`': '没有 `data_dir`',
  'it would write to the real data that lie outside its `data_dir` {text}':
    '它会写到 `data_dir` {text} 之外的真实数据',
  'it is the state of Daruma itself': '它是 Daruma 自身的状态',
  'a dump can only be loaded into the service itself: its archive was checked':
    '转储只能装回服务本身：已检查其归档',
  '{id} does not work on the restored copy': '{id} 在恢复的副本上不能工作',
  '{id} does not work on the restored copy, and said: {text}':
    '{id} 在恢复的副本上不能工作，输出为：{text}',
  'health check: {why}': '健康检查：{why}',
  'it was ended by {word}': '被 {word} 结束',
  'it ended with exit code {n}': '以退出码 {n} 结束',
  '1 file has extended attributes or ACLs, which points do not keep':
    '1 个文件有扩展属性或 ACL，恢复点不保存这些',
  '{n} files have extended attributes or ACLs, which points do not keep':
    '{n} 个文件有扩展属性或 ACL，恢复点不保存这些',
  'its pages have no checksums to be checked by': '其数据页没有可供检查的校验和',
  '`verify: sql` is for SQLite and PostgreSQL': '`verify: sql` 用于 SQLite 和 PostgreSQL',
  'verify: «{text}» answered {text2}': 'verify：「{text}」的结果为 {text2}',
  'the log that there is does not reach the target; it reaches {text}':
    '现有日志未到目标时刻；只到 {text}',
  'took longer than {n} ms': '超过 {n} 毫秒',
  'another job on these points does not end': '这些恢复点上的另一项工作一直没有结束',
};

export const points: Phrases = { ...reasons, ...troubles, ...obstacles, ...trials };
