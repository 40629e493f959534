/** What is wrong, how that was noticed, and how surely. */
import type { Phrases } from '../phrase-book.ts';

const faults: Phrases = {
  'it crashed': '已崩溃',
  '{id} crashed': '{id} 已崩溃',
  'it hangs': '已卡死',
  '{id} hangs': '{id} 已卡死',
  'it is slow': '响应缓慢',
  '{id} is slow': '{id} 响应缓慢',
  'it has more work than it can do': '负载超出处理能力',
  '{id} has more work than it can do': '{id} 负载超出处理能力',
  'it leaks': '资源泄漏',
  '{id} leaks': '{id} 资源泄漏',
  'its disk fails or is full': '磁盘故障或已满',
  'it answers wrongly': '应答有误',
  '{id} answers wrongly': '{id} 应答有误',
  'its version is bad': '版本有误',
  'its data is damaged': '数据损坏',
  'it can not be reached': '不可达',
  '{id} can not be reached': '{id} 不可达',
  'it can not run as it is set up': '按现有配置无法运行',
  '{id} can not run as it is set up': '{id} 按现有配置无法运行',
};

const evidence: Phrases = {
  'its dependencies healthy': '其依赖均正常',
  'process alive': '进程仍在',
  '{id} passed a check made just now': '{id} 刚刚通过了一次检查',
  '{id} passes its checks': '{id} 通过健康检查',
  '{id} fails a check made just now ({why})': '{id} 刚刚的检查失败（{why}）',
  'one action failed': '有 1 次操作失败',
  '{n} actions failed': '有 {n} 次操作失败',
  'not ready since its start': '启动后一直未就绪',
  'it could not be promoted {n}×': '{n} 次未能提升为主实例',
  'it could not be promoted {n}×: {why}': '{n} 次未能提升为主实例：{why}',
  "it replays nothing of {id}'s: the process that does is stopped":
    '没有重放 {id} 的日志：负责重放的进程被停住',
  'it receives nothing from {id}': '没有从 {id} 收到任何数据',
  'it is primary although the record of epoch {n} names {id} (F1)':
    '它是主实例，而纪元 {n} 的记录中主实例是 {id}（F1）',
};

const exits: Phrases = {
  'killed (out of memory)': '被终止（内存不足）',
  'exited, status unknown': '已退出，状态未知',
  'exited with code {n}': '以代码 {n} 退出',
  'killed by {word}': '被 {word} 终止',
  'exited with code {n} (out of memory)': '以代码 {n} 退出（内存不足）',
  'killed by {word} (out of memory)': '被 {word} 终止（内存不足）',
  'killed (out of memory): {text}': '被终止（内存不足）：{text}',
  'exited, status unknown: {text}': '已退出，状态未知：{text}',
  'exited with code {n}: {text}': '以代码 {n} 退出：{text}',
  'exited with code {n} (out of memory): {text}': '以代码 {n} 退出（内存不足）：{text}',
  'killed by {word} (out of memory): {text}': '被 {word} 终止（内存不足）：{text}',
};

/** What checks, the kernel and the log show. */
const seen: Phrases = {
  'health check failed {n}×: {why}': '健康检查失败 {n} 次：{why}',
  'health check passed': '健康检查通过',
  'timed out after {n} ms': '{n} 毫秒内没有应答',
  'no answer within {n} ms': '{n} 毫秒内没有应答',
  'connection refused': '连接被拒绝',
  'connection refused at port {n}': '端口 {n} 拒绝连接',
  'connection reset': '连接被重置',
  'connect timed out': '连接超时',
  'host unreachable': '主机不可达',
  'unknown host ({text})': '主机名无法解析（{text}）',
  'it has no port to ask at': '没有可供检查的端口',
  '{word} is not an http URL': '{word} 不是 http URL',
  'closed the connection without an answer': '未应答就关闭了连接',
  'answered something that is not HTTP': '应答不是 HTTP',
  'answered {n}': '应答 {n}',
  'answered, but its body does not match /{text}/': '有应答，但正文与 /{text}/ 不符',
  'answered, but its body takes too long to match with /{text}/':
    '有应答，但用 /{text}/ 匹配正文耗时过长',
  'its driver has no such check': '其驱动没有这种检查',
  'no address to connect to': '没有可连接的地址',
  'no address to connect to: {text}': '没有可连接的地址：{text}',
  'could not be run: {text}': '无法运行：{text}',
  'the command is empty': '命令为空',
  'exit code {n}': '退出码 {n}',
  'exit code {n}: {text}': '退出码 {n}：{text}',
  'killed by {word}: {text}': '被 {word} 终止：{text}',
  'not running': '没有运行',
  'the kernel says the process is stopped': '内核报告进程处于停止状态',
  'its process is gone': '进程已不存在',
  'kernel: {text}': '内核：{text}',
  'the disk of {text} is full: {n} MiB are left': '{text} 所在磁盘已满：剩余 {n} MiB',
  'log matched /{text}/: {text2}': '日志匹配 /{text}/：{text2}',
  'log matched /{text}/ {n}× within {n2} s: {text2}':
    '日志在 {n2} 秒内 {n} 次匹配 /{text}/：{text2}',
  'the pattern /{text}/ takes too long and is no longer used; the line: {text2}':
    '模式 /{text}/ 匹配耗时过长，不再使用；当时的日志行：{text2}',
  "its log can't be followed: {text}": '无法跟踪其日志：{text}',
  '{n} bytes of its log were gone, or too many, before they could be read':
    '日志中有 {n} 字节在读取之前已丢失，或因过多而跳过',
  'its logs command ended with code {text}': '其日志命令已结束，退出码 {text}',
  'its logs command ended with {text}': '其日志命令已结束：{text}',
};

export const causes: Phrases = { ...faults, ...evidence, ...exits, ...seen };
