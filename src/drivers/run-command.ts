/**
 * Runs a command to its end. It gets a process group of its own, which is killed at the time-out.
 *
 * A command may leave a daemon behind that keeps its output open: the end of the command is its
 * exit, not the end of its output. For such commands output goes to a file, since a daemon that
 * writes to a pipe nobody reads would be ended by it.
 */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { closeSync, openSync, readSync, statSync } from 'node:fs';

/** A user of this machine. */
export interface Account {
  /** Its name, or its id where it has none. */
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

export interface RunOptions {
  readonly timeoutMs: number;
  readonly workingDir?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Null: as ourselves. */
  readonly account?: Account | null;
  readonly input?: string;
  /** Takes the output instead of a pipe; emptied first. `stdout` and `stderr` are its end. */
  readonly outputFile?: string;
  /** Kills it at once. */
  readonly signal?: AbortSignal;
  /** Hears what is printed on standard error, as it comes. */
  readonly onStderr?: (text: string) => void;
}

export interface CommandResult {
  /** Null: ended by a signal. */
  readonly code: number | null;
  readonly signal: string | null;
  readonly timedOut: boolean;
  /** The end of what was printed, at most 64 KiB each. */
  readonly stdout: string;
  readonly stderr: string;
}

const keptCharacters = 64 * 1024;
/** How long output may trail behind the exit. */
const trailingOutputMs = 500;

/** Rejects only when the command could not be run at all (`ENOENT`, `EACCES`, …). */
export async function runCommand(
  argv: readonly string[],
  options: RunOptions,
): Promise<CommandResult> {
  const [program, ...args] = argv;
  if (program === undefined) throw new Error('the command is empty');
  const { outputFile } = options;
  if (outputFile === undefined)
    return runPiped(spawn(program, args, spawnOptions(options)), options);
  const descriptor = openSync(outputFile, 'w', 0o600);
  try {
    const ended = await end(spawn(program, args, spawnOptions(options, descriptor)), options);
    const text = endOf(outputFile);
    return { ...ended, stdout: text, stderr: text };
  } finally {
    closeSync(descriptor);
  }
}

/** The last lines that say something, for an error message. */
export function lastLines(text: string, count = 5): string {
  const lines = text.split('\n').map((line) => line.trim());
  return lines
    .filter((line) => line !== '')
    .slice(-count)
    .join(' | ');
}

function spawnOptions(options: RunOptions, output?: number): SpawnOptions {
  const { account = null, environment, workingDir, input } = options;
  const sink = output ?? 'pipe';
  return {
    detached: true,
    stdio: [input === undefined ? 'ignore' : 'pipe', sink, sink],
    ...(environment === undefined ? {} : { env: { ...environment } }),
    ...(workingDir === undefined ? {} : { cwd: workingDir }),
    ...(account === null ? {} : { uid: account.uid, gid: account.gid }),
  };
}

async function runPiped(child: ChildProcess, options: RunOptions): Promise<CommandResult> {
  const kept = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      kept[name] = (kept[name] + text).slice(-keptCharacters);
      if (name === 'stderr') options.onStderr?.(text);
    });
  }
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  // Whoever reads nothing of its input closes it early: not a failure of the command.
  child.stdin?.on('error', () => child.stdin?.destroy());
  child.stdin?.end(options.input);
  const ended = await end(child, options);
  const timer = setTimeout(() => {
    child.stdout?.destroy();
    child.stderr?.destroy();
  }, trailingOutputMs);
  await closed;
  clearTimeout(timer);
  return { ...ended, ...kept };
}

function end(
  child: ChildProcess,
  { timeoutMs, signal: abort }: RunOptions,
): Promise<Pick<CommandResult, 'code' | 'signal' | 'timedOut'>> {
  return new Promise((resolve, reject) => {
    let timedOut = false;
    // Until its exit was reported the process is ours to wait for, so its id can't be reused.
    const kill = () => {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    };
    const timer = setTimeout(() => {
      timedOut = true;
      kill();
    }, timeoutMs);
    const over = () => {
      clearTimeout(timer);
      abort?.removeEventListener('abort', kill);
    };
    abort?.addEventListener('abort', kill);
    if (abort?.aborted === true) kill();
    child.once('error', (error) => {
      over();
      reject(error);
    });
    child.once('exit', (code, signal) => {
      over();
      resolve({ code, signal, timedOut });
    });
  });
}

function endOf(file: string): string {
  const { size } = statSync(file);
  const length = Math.min(size, keptCharacters);
  const buffer = Buffer.alloc(length);
  const descriptor = openSync(file, 'r');
  try {
    return buffer.toString('utf8', 0, readSync(descriptor, buffer, 0, length, size - length));
  } finally {
    closeSync(descriptor);
  }
}
