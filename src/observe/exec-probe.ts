/**
 * `exec` checks: a program in a process group of its own, which is killed whole at the time-out.
 * Its exit is the answer; what a grandchild that keeps the pipes open may still print is not
 * waited for.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { CheckResult } from '../detect/health.ts';
import { type PerfValue, parsePerfdata, pluginText } from '../detect/perfdata.ts';
import { errorInfo } from '../model/errors.ts';
import type { ProbeSpec } from '../model/stack-spec.ts';
import type { WatchedInstance } from '../ports/observer.ts';
import { failure, type Question } from './check.ts';

type ExecProbe = Extract<ProbeSpec, { readonly kind: 'exec' }>;

export interface ExecOptions {
  /** Argument vector that becomes the user and runs what follows; empty: nothing is needed. Throws
   * USER_UNKNOWN, START_FAILED. */
  readonly asUser: (user: string | null) => readonly string[];
  readonly onPerfdata: (values: readonly PerfValue[]) => void;
}

const outputBytesMax = 8_192;
const textMax = 300;
/** After the exit, output that is on its way is read for so long. */
const lastOutputMs = 100;

export function execQuestion(
  probe: ExecProbe,
  watched: WatchedInstance,
  options: ExecOptions,
): Question {
  return (settle) => {
    let child: ChildProcess;
    try {
      child = start(probe, watched, options);
    } catch (error) {
      settle(failure(`could not be run: ${errorInfo(error).message}`));
      return () => undefined;
    }
    const output = collect(child);
    let lastOutput: NodeJS.Timeout | null = null;
    child.on('error', (error) => settle(failure(`could not be run: ${error.message}`)));
    child.on('exit', (code, signal) => {
      const finish = (): void => {
        if (probe.nagios) options.onPerfdata(parsePerfdata(output()));
        settle(judgeExit(probe.nagios, code, signal, pluginText(output())));
      };
      lastOutput = setTimeout(finish, lastOutputMs);
      child.once('close', finish);
    });
    return () => {
      if (lastOutput !== null) clearTimeout(lastOutput);
      killGroup(child);
      child.stdout?.destroy();
      child.stderr?.destroy();
    };
  };
}

function start(probe: ExecProbe, watched: WatchedInstance, options: ExecOptions): ChildProcess {
  const command = probe.command.argv.map((word) => watched.expand(word));
  const [program, ...args] = [...options.asUser(watched.user), ...command];
  if (program === undefined) throw new Error('the command is empty');
  return spawn(program, args, {
    cwd: watched.service.workingDir,
    env: { ...watched.environment },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

function collect(child: ChildProcess): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const keep = (chunk: Buffer): void => {
    if (bytes < outputBytesMax) chunks.push(chunk.subarray(0, outputBytesMax - bytes));
    bytes += chunk.length;
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  return () => Buffer.concat(chunks).toString('utf8');
}

/** Nagios: 0 fine, 1 a warning (it still serves), 2 critical, 3 unknown. */
function judgeExit(
  nagios: boolean,
  code: number | null,
  signal: string | null,
  text: string,
): CheckResult {
  if (code === 0 || (nagios && code === 1)) return { ok: true };
  const how = code === null ? `killed by ${signal}` : `exit code ${code}`;
  return failure(text === '' ? how : `${how}: ${text.slice(0, textMax)}`);
}

/** Only while the leader is not yet collected: its number can't belong to another group then. */
function killGroup(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    if (errorInfo(error).code !== 'ESRCH') throw error;
  }
}
