/** Why something could not be started, stopped, or given its role. */
import type { Phrases } from '../phrase-book.ts';

const programs: Phrases = {
  'cannot run «{text}»: {why}': '无法运行「{text}」：{why}',
  'cannot run in «{text}»: {why}': '无法在「{text}」中运行：{why}',
  '«{text}» is no directory': '「{text}」不是目录',
  'no such file': '没有这个文件',
  'no such directory': '没有这个目录',
  'permission denied': '没有权限',
  'it is a directory': '它是目录',
  'it is not a file': '它不是文件',
  'not found in PATH ({text})': '在 PATH（{text}）中找不到',
  'its launcher ended with {n}': '其启动器以代码 {n} 结束',
  'cannot start «{text}»': '无法启动「{text}」',
  'cannot start «{text}»: {text2}': '无法启动「{text}」：{text2}',
  'there is no user «{text}»': '没有用户「{text}」',
  'there is no group «{text}»': '没有用户组「{text}」',
  'there is no user {word}, as whom {id} is to run': '没有用户 {word}，而 {id} 要以它运行',
  'there is no user {text}, as whom {id} is to run': '没有用户 {text}，而 {id} 要以它运行',
  'only root can run a program as «{text}»; Daruma runs as uid {n}':
    '只有 root 能以「{text}」运行程序；Daruma 的 uid 为 {n}',
  'only root can run {id} as another user ({word})': '只有 root 能以其他用户（{word}）运行 {id}',
  '{id}: still running {n} s after SIGKILL: process {text}':
    '{id}：SIGKILL 之后 {n} 秒仍在运行：进程 {text}',
  "{id}: what it needs to run can't be made": '{id}：无法准备运行所需',
  '{id}: its launcher was ended': '{id}：其启动器被结束',
  '{id}: no launcher for its next start': '{id}：下次启动没有可用的启动器',
  "{id}: its output is lost, for its log can't be opened": '{id}：无法打开日志，输出会丢失',
  "{id}: its log can't be rotated": '{id}：无法轮转日志',
  'no free port for {id} from {n} on': '从 {n} 起没有空闲端口可供 {id} 使用',
  '{id} is not to be started any more': '{id} 已不需要启动',
  'no service of {id}': '没有 {id} 所属的服务',
  '{id} has no command': '{id} 没有命令',
  'there is no signal «{text}»': '没有信号「{text}」',
  '{id} was given no port': '没有给 {id} 分配端口',
  '{id} has no endpoint': '{id} 没有入口',
  '{id}: connections are not held any more': '{id}：已不再让连接排队',
  'the endpoints were let go': '入口已被放开',
  'the endpoint process does not start': '入口进程无法启动',
  'the endpoint process does not start: {text}': '入口进程无法启动：{text}',
  '{word} (endpoint of {id}) is taken by {text}': '{word}（{id} 的入口）已被 {text} 占用',
  '{word} (endpoint of {id}) is taken by another process': '{word}（{id} 的入口）已被其他进程占用',
  "can't listen on {word} (endpoint of {id}): {text}": '无法监听 {word}（{id} 的入口）：{text}',
  'routes of {id}: {why}': '{id} 的路由：{why}',
  'connections of {id}: {why}': '{id} 的连接：{why}',
  'action {id}: {why}': '操作 {id}：{why}',
  '{text} could not be run: {text2}': '{text} 无法运行：{text2}',
  '{text} did not end within {n} ms: {text2}': '{text} 在 {n} 毫秒内没有结束：{text2}',
  '{text} did not end within {n} ms': '{text} 在 {n} 毫秒内没有结束',
  '{text} ended with code {n}: {text2}': '{text} 以退出码 {n} 结束：{text2}',
  '{text} ended with code {n}': '{text} 以退出码 {n} 结束',
  '{text} ended with {word}: {text2}': '{text} 因 {word} 结束：{text2}',
  '{text} ended with {word}': '{text} 因 {word} 结束',
};

const externals: Phrases = {
  'it was started and does not run: {text}': '已启动，但没有运行：{text}',
  'it was stopped and still runs: {text}': '已停止，但仍在运行：{text}',
  '{id} is not known': '不认识 {id}',
  '{id} has no {word} command': '{id} 没有 {word} 命令',
  'the {word} command could not be run': '{word} 命令无法运行',
  'the {word} command could not be run: {text}': '{word} 命令无法运行：{text}',
  'the {word} command {how}': '{word} 命令{how}',
  'the {word} command {how}: {text}': '{word} 命令{how}：{text}',
  'did not end within {n} s and was killed': '在 {n} 秒内没有结束，已被终止',
  'was killed by {word}': '被 {word} 终止',
  'it has no status command': '没有状态命令',
  'no process by its pid file': '按 pid 文件没有进程',
  'process {n} lives': '进程 {n} 仍在',
  'its status says it runs, its pid file that it does not': '状态命令说它在运行，pid 文件说它没有',
};

const roles: Phrases = {
  '{id} has no role yet': '{id} 还没有角色',
  '{id} has no role': '{id} 没有角色',
  '{id} was given no role': '没有给 {id} 指定角色',
  '{id} was promoted and is a standby': '{id} 已被提升，却仍是备实例',
  'told to be primary: {why}': '被要求担任主实例：{why}',
  'told to be standby: {why}': '被要求担任备实例：{why}',
  'follow: {why}': '跟随主实例：{why}',
  'not done within {n} s': '{n} 秒内没有完成',
  'its role was answered with {text}': '查询角色得到的应答是 {text}',
  '«{text}» could not be run': '「{text}」无法运行',
  '«{text}» could not be run: {text2}': '「{text}」无法运行：{text2}',
  '«{text}» did not end within {n} s and was killed': '「{text}」在 {n} 秒内没有结束，已被终止',
  '«{text}» exited with {n}': '「{text}」以代码 {n} 退出',
  '«{text}» exited with {n}: {text2}': '「{text}」以代码 {n} 退出：{text2}',
  '«{text}» got {word}': '「{text}」收到 {word}',
  '«{text}» got {word}: {text2}': '「{text}」收到 {word}：{text2}',
  '{word} {text} got no answer': '{word} {text} 没有应答',
  '{word} {text} was answered with {n}': '{word} {text} 的应答是 {n}',
  'the query to {id} failed: {text}': '对 {id} 的查询失败：{text}',
  'F1: {id} has no `fence` command, so nobody can be sure that {id2} is not primary any more':
    'F1：{id} 没有 `fence` 命令，无法确定 {id2} 已不是主实例',
  'F6: {id} has seen epoch {n} of {id2}; an order of epoch {n2} of {id3} comes too late':
    'F6：{id} 已见过 {id2} 的纪元 {n}；{id3} 的纪元 {n2} 的指令已过时',
};

const postgres: Phrases = {
  '{text} was made by PostgreSQL {n}, but the programs are version {n2}: give the `bin_dir` of version {n3}, or upgrade the data with pg_upgrade':
    '{text} 由 PostgreSQL {n} 创建，而程序是版本 {n2}：请给出版本 {n3} 的 `bin_dir`，或用 pg_upgrade 升级数据',
  '{text} has its configuration elsewhere: run it as `driver: external`':
    '{text} 的配置在别处：请用 `driver: external` 运行',
  '{id}: `data_dir` names none for {id2}': '{id}：`data_dir` 没有给出 {id2} 的目录',
  '{text} belongs to the user with id {n}, but {id} is to run as {word}: set `user:` to its owner, or change the owner':
    '{text} 属于 id 为 {n} 的用户，而 {id} 要以 {word} 运行：请把 `user:` 设为其所有者，或更改所有者',
  'the password of {word} could not be set: {text}': '无法设置 {word} 的密码：{text}',
  'the password of {word} holds a ${…} unknown here': '{word} 的密码中有未知的 ${…}',
  '{word} is no name of a PostgreSQL setting': '{word} 不是 PostgreSQL 设置的名称',
  'a PostgreSQL setting must be one line': 'PostgreSQL 设置必须是一行',
  'no PostgreSQL in bin_dir {word}: {text}': 'bin_dir {word} 中没有 PostgreSQL：{text}',
  "the embedded PostgreSQL can't run: {text}": '内置的 PostgreSQL 无法运行：{text}',
  "{word} can't run PostgreSQL: {text}": '{word} 无法运行 PostgreSQL：{text}',
  '{id} is not a PostgreSQL service': '{id} 不是 PostgreSQL 服务',
  '{text} of the copy failed: {text2}': '复制中的 {text} 失败：{text2}',
  'PostgreSQL recovers from its log': 'PostgreSQL 正在从日志恢复',
  'no answer from PostgreSQL within {n} ms': 'PostgreSQL 在 {n} 毫秒内没有应答',
  'it waits for a lock of session {n} ({text}, its transaction is {n2} s old)':
    '它在等待会话 {n} 的锁（{text}，其事务已持续 {n2} 秒）',
  'another PostgreSQL (process {n}) already runs on {text}':
    '另一个 PostgreSQL（进程 {n}）已在 {text} 上运行',
  '{text} is no data directory of PostgreSQL (it has no PG_VERSION), and not empty':
    '{text} 不是 PostgreSQL 的数据目录（没有 PG_VERSION），且不为空',
  'the database cluster could not be created: {text}': '无法创建数据库集群：{text}',
  'PostgreSQL refuses to run as root: give {id} another `user:`':
    'PostgreSQL 不能以 root 运行：请为 {id} 指定其他 `user:`',
  'F1: processes of {id} still work in {text}: {text2}': 'F1：{id} 的进程仍在使用 {text}：{text2}',
  "{id} can't follow {id2} with its data: {why}": '{id} 的数据无法跟随 {id2}：{why}',
  "{id} needs a copy of the data of {id2}, which can't be made now":
    '{id} 需要复制 {id2} 的数据，而现在无法进行',
  "{id} needs a copy of the data of {id2}, which can't be made now: {why}":
    '{id} 需要复制 {id2} 的数据，而现在无法进行：{why}',
  "the data of {id} can't be read to compare with": '无法读取 {id} 的数据来比较',
  'the data of {id} is not there': '{id} 的数据不在',
  '{word} is not primary yet': '{word} 还不是主实例',
  '{id} has replayed its log: not within {n} ms': '{id} 在 {n} 毫秒内没有重放完日志',
  '{id} streams from {id2}: not within {n} ms': '{id} 在 {n} 毫秒内没有开始从 {id2} 复制',
  '{id} ends its recovery: not within {n} ms': '{id} 在 {n} 毫秒内没有结束恢复',
  '{word} has every acknowledged write: not within {n} ms':
    '{word} 在 {n} 毫秒内没有追上全部已确认的写入',
  '{word} streams no longer': '{word} 已不再复制',
  'F5: {id} has writes that {id2} lacks; started anew, it goes back to what they have in common, or is copied':
    'F5：{id} 有 {id2} 所缺的写入；重新启动后，它会退回到共同之处，或重新复制',
  'where {id} is reached is not known yet': '还不知道 {id} 的地址',
  '{id} has failover, but no role was given': '{id} 有故障转移，却没有指定角色',
  "{text} holds no data any more; {id} can't be primary with nothing":
    '{text} 已没有数据；{id} 没有数据不能担任主实例',
  'F6: by its data {id} was led by {id2} last, in epoch {n}, of which nothing is recorded: was the state directory lost? Bring it back, or `daruma approve` goes on as the data says':
    'F6：按数据记载，{id} 最后的主实例是 {id2}（纪元 {n}），而记录中没有：状态目录丢失了吗？请找回它；或批准以数据为准继续',
  "F3: {text} have data of which none is a standby's; remove what is not wanted":
    'F3：{text} 都有数据，却没有一份是备实例的；请移除不需要的',
  "its control file can't be read: {text}": '无法读取其控制文件：{text}',
  'it is of a version that is unknown here': '其版本在此未知',
  'it is of another origin': '它来自另一个数据库集群',
  'it was never started since it was copied': '复制之后从未启动过',
  'its log does not reach its last checkpoint': '其日志未到最后一个检查点',
  'its primary was restored from a recovery point, on timeline {n}':
    '其主实例从恢复点恢复过，在时间线 {n} 上',
  'it is on timeline {n}, unknown to its primary': '它在时间线 {n} 上，主实例不认识',
  'it wrote up to {word}, its primary left at {word2}': '它写到 {word}，主实例在 {word2} 处分开',
  'its primary no longer has the log that it needs': '主实例已没有它需要的日志',
  'its log is not that of its primary': '其日志与主实例的不同',
};

export const starts: Phrases = { ...programs, ...externals, ...roles, ...postgres };
