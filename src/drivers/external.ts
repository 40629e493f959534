/** Services that somebody else runs: systemd, Docker, supervisord, a script with a pid file. */
import { mkdir, readFile } from 'node:fs/promises';
import type { CommandSpec } from '../model/command-spec.ts';
import { DarumaError, errorInfo } from '../model/errors.ts';
import { instanceLogDir } from '../model/layout.ts';
import type { ExternalSpec, ServiceSpec } from '../model/stack-spec.ts';
import type { DriverContext, ExternalDriver } from '../ports/driver.ts';
import { findAccount } from './account.ts';
import { externalRoles } from './active-standby.ts';
import { endpointAttributes } from './address.ts';
import { type Account, type CommandResult, lastLines, runCommand } from './run-command.ts';

type Status = Awaited<ReturnType<ExternalDriver['status']>>;

export const externalDriver: ExternalDriver = {
  kind: 'external',
  start: (context) => change(context, 'start'),
  stop: (context) => change(context, 'stop'),
  status,
  logs(context) {
    const logs = specOf(context.service).logs;
    return logs === null ? null : { argv: logs.argv.map(context.expand) };
  },
  async attributes(service) {
    return endpointAttributes(service);
  },
  roles: externalRoles,
};

async function change(context: DriverContext, verb: 'start' | 'stop'): Promise<void> {
  const spec = specOf(context.service);
  const code = verb === 'start' ? 'START_FAILED' : 'STOP_FAILED';
  const command = spec[verb];
  if (command === null) {
    throw new DarumaError('REFUSED', `${context.service.name} has no ${verb} command`);
  }
  const directory = instanceLogDir(context.stateDir, context.instance);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const outputFile = `${directory}/${verb}.out`;
  const result = await execute(context, command, spec.timeoutMs, outputFile).catch((cause) => {
    throw new DarumaError(code, `the ${verb} command could not be run`, { cause });
  });
  const failure = failureOf(result, spec.timeoutMs);
  if (failure === null) return;
  const said = lastLines(result.stderr);
  const text = `the ${verb} command ${failure}${said === '' ? '' : `: ${said}`}`;
  throw new DarumaError(result.timedOut ? 'TIMED_OUT' : code, text);
}

async function status(context: DriverContext, timeoutMs: number): Promise<Status> {
  const spec = specOf(context.service);
  const { pid, gone } = await processOf(
    spec.pidFile === null ? null : context.expand(spec.pidFile),
  );
  if (spec.status === null) {
    if (spec.pidFile === null) return { running: null, pid, text: 'it has no status command' };
    const text = pid === null ? 'no process by its pid file' : `process ${pid} lives`;
    return { running: pid !== null, pid, text };
  }
  try {
    const result = await execute(context, spec.status, timeoutMs);
    const said = readStatus(result, timeoutMs, pid);
    if (said.running !== true || !gone) return said;
    // Such as `kill -0`, which a process that has ended and was not collected yet still answers.
    return {
      ...said,
      running: null,
      text: 'its status says it runs, its pid file that it does not',
    };
  } catch (error) {
    const text = `the status command could not be run: ${errorInfo(error).message}`;
    return { running: null, pid, text };
  }
}

/**
 * By what the well-known programs print, where they say it in words (`docker inspect` and old
 * versions of supervisorctl exit with 0 whatever the state), else by LSB: 0 runs, 3 does not run.
 * In between (starting, stopping) nothing is known yet.
 */
function readStatus(result: CommandResult, timeoutMs: number, pid: number | null): Status {
  const text = lastLines(result.stdout) || lastLines(result.stderr);
  if (result.timedOut || result.signal !== null) {
    return { running: null, pid, text: `the status command ${failureOf(result, timeoutMs)}` };
  }
  const said = saidInWords(result.stdout.trim());
  const byCode = result.code === 0 ? true : result.code === 3 ? false : null;
  const reported = /\bRUNNING\s+pid (\d+)/.exec(result.stdout)?.[1];
  return {
    running: said === undefined ? byCode : said,
    pid: pid ?? (reported === undefined ? null : Number(reported)),
    text,
  };
}

const words: readonly (readonly [RegExp, boolean | null])[] = [
  [/^(?:true|running|active|reloading)$/, true],
  [/^(?:false|created|exited|dead|inactive|failed)$/, false],
  [/^(?:activating|deactivating|restarting|removing)$/, null],
  [/^\S+\s+RUNNING\b/, true],
  [/^\S+\s+(?:STOPPED|BACKOFF|EXITED|FATAL)\b/, false],
  [/^\S+\s+(?:STARTING|STOPPING|UNKNOWN)\b/, null],
];

function saidInWords(output: string): boolean | null | undefined {
  return words.find(([pattern]) => pattern.test(output))?.[1];
}

function failureOf(result: CommandResult, timeoutMs: number): string | null {
  if (result.timedOut) return `did not end within ${timeoutMs / 1000} s and was killed`;
  if (result.signal !== null) return `was killed by ${result.signal}`;
  return result.code === 0 ? null : `exited with code ${result.code}`;
}

async function execute(
  context: DriverContext,
  command: CommandSpec,
  timeoutMs: number,
  outputFile?: string,
): Promise<CommandResult> {
  return runCommand(command.argv.map(context.expand), {
    timeoutMs,
    workingDir: context.service.workingDir,
    environment: context.environment,
    account: await accountOf(context.service),
    ...(outputFile === undefined ? {} : { outputFile }),
  });
}

async function accountOf({ name, user }: ServiceSpec): Promise<Account | null> {
  if (user === null) return null;
  const account = await findAccount(user);
  if (account !== null) return account.uid === process.geteuid?.() ? null : account;
  throw new DarumaError('USER_UNKNOWN', `there is no user ${user}, as whom ${name} is to run`);
}

interface NamedProcess {
  readonly pid: number | null;
  /** The file names a process, and that has ended. */
  readonly gone: boolean;
}

/** By the pid file, when there is one that holds a process id. */
async function processOf(file: string | null): Promise<NamedProcess> {
  const unknown = { pid: null, gone: false };
  if (file === null) return unknown;
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const pid = Number(text.trim().split('\n')[0]);
  if (!Number.isInteger(pid) || pid <= 0) return unknown;
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  // A zombie has ended; the state follows the name in parentheses, which may hold anything.
  const state = stat?.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3);
  const gone = state === undefined || state === 'Z' || state === 'X';
  return { pid: gone ? null : pid, gone };
}

function specOf(service: ServiceSpec): ExternalSpec {
  if (service.external !== null) return service.external;
  throw new DarumaError('INTERNAL', `${service.name} is not an external service`);
}
