/** Runs a user's command to its end, in a process group of its own, killed at the time-out. */
import { spawn } from 'node:child_process';
import { DarumaError } from '../model/errors.ts';

export interface RunOptions {
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDir: string;
  readonly timeoutMs: number;
}

const keptOutputBytes = 4_096;

/** Resolves when it exits with 0; rejects with ACTION_FAILED and the end of what it printed. */
export function runCommand(options: RunOptions): Promise<void> {
  const [program, ...args] = options.argv;
  if (program === undefined) throw new DarumaError('ACTION_FAILED', 'the command is empty');
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.workingDir,
      env: { ...options.environment },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    let timedOut = false;
    const keep = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-keptOutputBytes);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const timer = setTimeout(() => {
      timedOut = true;
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    }, options.timeoutMs);
    const settle = (failure: string | null, cause?: Error) => {
      clearTimeout(timer);
      if (failure === null) resolve();
      else reject(new DarumaError('ACTION_FAILED', failure, cause === undefined ? {} : { cause }));
    };
    child.once('error', (cause) => settle(`${program} could not be run`, cause));
    child.once('exit', (code, signal) => {
      const last = output.trim().split('\n').slice(-3).join(' | ');
      const tail = last === '' ? '' : `: ${last}`;
      if (timedOut) settle(`${program} did not end within ${options.timeoutMs} ms${tail}`);
      else if (code !== 0) settle(`${program} ended with ${signal ?? `code ${code}`}${tail}`);
      else settle(null);
    });
  });
}
