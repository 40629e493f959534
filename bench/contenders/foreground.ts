/** Supervisors that stay in the foreground, and their command-line tools. */
import { execFile, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Job, Supervision } from './contender.ts';

const toolTimeoutMs = 60_000;
const run = promisify(execFile);

type Basics = Pick<Supervision, 'supervisor' | 'startAgain' | 'stop'>;

/** In a session of its own, so that a Ctrl-C for the benchmark is none for it. */
export function inForeground(job: Job, argv: readonly string[]): Basics {
  let pid = spawnLogged(job, argv);
  return {
    supervisor: () => pid,
    startAgain: async () => {
      pid = spawnLogged(job, argv);
    },
    stop: () => Promise.resolve(),
  };
}

function spawnLogged(job: Job, [program = '', ...args]: readonly string[]): number {
  const log = openSync(`${job.directory}/supervisor.log`, 'a');
  const child = spawn(program, args, {
    cwd: job.directory,
    env: job.environment,
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  child.unref();
  if (child.pid === undefined) throw new Error(`${program} can't be run`);
  return child.pid;
}

/** Runs a tool to its end; what it printed, also when it exited with another code than 0. */
export async function output(
  argv: readonly string[],
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<string> {
  const [program = '', ...args] = argv;
  try {
    return (await run(program, args, { ...options, timeout: toolTimeoutMs })).stdout;
  } catch (error) {
    const exited = error instanceof Error && 'stdout' in error && 'code' in error;
    if (exited && typeof error.code === 'number') return String(error.stdout);
    throw error;
  }
}
