/** Commands of a service's own that work on its data; they end with us, however we end. */
import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { CommandSpec } from '../../model/command-spec.ts';
import { DarumaError, errorInfo } from '../../model/errors.ts';
import { startTied, type TiedCommand } from '../../ports/tied-command.ts';
import type { CommandRun } from './context.ts';

const keptCharacters = 4_096;

/** Runs a command that is only to succeed. Rejects with TIMED_OUT, ACTION_FAILED and what it
 * said. */
export async function verifyByCommand(
  command: CommandSpec,
  timeoutMs: number,
  run: CommandRun,
  signal: AbortSignal,
): Promise<void> {
  let said = () => '';
  const told = { what: 'verify', command, run, timeoutMs, signal } as const;
  try {
    await runTied(told, async (child) => {
      said = endOf(child.stdout);
      child.stdin?.end();
    });
  } catch (error) {
    if (!(error instanceof DarumaError)) throw error;
    throw new DarumaError(error.code, `${error.message}${said()}`);
  }
}

interface Job {
  readonly what: 'dump' | 'load' | 'verify';
  readonly command: CommandSpec;
  readonly run: CommandRun;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Runs a command and moves data through it. Rejects with TIMED_OUT, ACTION_FAILED and what it said
 * on standard error. */
export async function runTied(
  { what, command, run, timeoutMs, signal }: Job,
  move: (child: TiedCommand['child']) => Promise<void>,
): Promise<void> {
  signal.throwIfAborted();
  const { expand, ...where } = run;
  const argv = command.argv.map(expand);
  const tied = startTied({ ...where, argv, stderr: 'pipe', stdin: 'pipe' });
  const deadline = AbortSignal.timeout(timeoutMs);
  const ended = AbortSignal.any([signal, deadline]);
  const end = () => tied.end();
  ended.addEventListener('abort', end, { once: true });
  try {
    const said = endOf(tied.child.stderr);
    const [exit, moved] = await Promise.all([exitOf(tied.child), failureOf(move(tied.child))]);
    signal.throwIfAborted();
    const fail = (code: 'TIMED_OUT' | 'ACTION_FAILED', how: string) =>
      new DarumaError(code, `\`${what}\` ${how}${said()}`);
    if (deadline.aborted) throw fail('TIMED_OUT', `took longer than ${timeoutMs} ms`);
    if (exit !== null) throw fail('ACTION_FAILED', exit);
    if (moved !== null) throw fail('ACTION_FAILED', `broke off: ${errorInfo(moved).message}`);
  } finally {
    ended.removeEventListener('abort', end);
    tied.end();
  }
}

/** Null: it ended well. */
function exitOf(child: ChildProcess): Promise<string | null> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(`could not be run: ${error.message}`));
    child.once('exit', (code, signal) => {
      if (code === 0) resolve(null);
      else resolve(code === null ? `was ended by ${signal}` : `ended with exit code ${code}`);
    });
  });
}

/** Null: it came to its end. */
async function failureOf(work: Promise<void>): Promise<unknown> {
  try {
    await work;
    return null;
  } catch (error) {
    return error ?? new Error('unknown');
  }
}

/** The end of what was said so far, as the end of a sentence. */
function endOf(output: Readable | null): () => string {
  let said = '';
  output?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-keptCharacters);
  });
  return () => (said.trim() === '' ? '' : `: ${said.trim()}`);
}
