/** Runs a program on restored data beside the one that serves: its own command and environment, a
 * free port, the copy's directory. */
import type { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { DarumaError } from '../model/errors.ts';
import { needsPort } from '../model/needs-port.ts';
import type { ServiceSpec } from '../model/stack-spec.ts';
import { freePort } from '../ports/free-port.ts';
import { startTied, type TiedCommand } from '../ports/tied-command.ts';
import type { RunningCopy } from './drill.ts';
import { drillVariable, endAllOf } from './drill-place.ts';
import type { CommandRun } from './sources/context.ts';
import { verifyByCommand } from './sources/tied-job.ts';

/** A service, and what of the shell is needed to run it a second time. */
export interface BesideService {
  readonly service: ServiceSpec;
  /** How its commands are run, given a port and a directory for its data. */
  readonly runOf: (port: number | null, dataDir: string) => CommandRun;
  /** Its health check, once. Rejects with the reason when it is not healthy. */
  readonly check: (port: number, run: CommandRun) => Promise<void>;
  /** How long it may take to answer. */
  readonly startLimitMs: number;
}

const betweenChecksMs = 100;
const keptCharacters = 2_048;

const namesDataDir = /\$(DATA_DIR\b|\{DATA_DIR\})/;

/** Why a service can't be started beside itself without harm; null: it can. */
export function obstacle(service: ServiceSpec): string | null {
  const { driver, command, environment, failover } = service;
  if (driver !== 'process' || command === null) return `its driver is ${driver}`;
  if (failover?.mode === 'active-standby') return 'only one of it may work at a time';
  if (!needsPort(service)) return 'it has no port: nothing tells whether it works';
  const templates = [...command.argv, ...Object.values(environment)];
  if (templates.some((template) => namesDataDir.test(template))) return null;
  // It has the variable in any case, but whether it heeds it only its owner knows.
  return 'neither its command nor its `environment:` names `${DATA_DIR}`';
}

/** Resolves when it is healthy. Rejects with START_FAILED and what it printed. */
export async function startBeside(
  { service, runOf, check, startLimitMs }: BesideService,
  directory: string,
  dataDir: string,
  signal: AbortSignal,
): Promise<RunningCopy> {
  const port = await freePort();
  const run = marked(runOf(port, dataDir), directory);
  const { expand, ...where } = run;
  const argv = (service.command?.argv ?? []).map(expand);
  const tied = startTied({ ...where, argv, stderr: 'ignore' });
  const said = lastOf(tied.child.stdout);
  const stop = async () => {
    tied.end();
    await endAllOf(directory);
  };
  try {
    await untilHealthy(tied, () => check(port, run), startLimitMs, signal);
  } catch (cause) {
    await stop();
    if (signal.aborted) throw cause;
    const text = said() === '' ? '' : `, and said: ${said()}`;
    const message = `${service.name} does not work on the restored copy${text}`;
    throw new DarumaError('START_FAILED', message, { cause });
  }
  return {
    ...{ port, dataDir, notes: [], stop },
    run: (command, timeoutMs, during) => verifyByCommand(command, timeoutMs, run, during),
  };
}

function marked(run: CommandRun, directory: string): CommandRun {
  return { ...run, environment: { ...run.environment, [drillVariable]: directory } };
}

async function untilHealthy(
  { child }: TiedCommand,
  check: () => Promise<void>,
  limitMs: number,
  signal: AbortSignal,
): Promise<void> {
  let ended: Error | null = null;
  child.once('error', (error) => {
    ended = error;
  });
  child.once('exit', (code, by) => {
    ended = new Error(code === null ? `it was ended by ${by}` : `it ended with exit code ${code}`);
  });
  const deadline = performance.now() + limitMs;
  for (;;) {
    signal.throwIfAborted();
    if (ended !== null) throw ended;
    try {
      await check();
      // What answered may be somebody else, who has its port.
      if (ended === null) return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    await pause(betweenChecksMs, undefined, { signal });
  }
}

function lastOf(output: Readable): () => string {
  let text = '';
  output.setEncoding('utf8').on('data', (more: string) => {
    text = (text + more).slice(-keptCharacters);
  });
  return () => text.trim();
}
