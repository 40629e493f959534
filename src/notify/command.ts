/**
 * Runs a user's command for one message: JSON on standard input, the same in DARUMA_* variables,
 * which `${DARUMA_TITLE}` and the like in the argument vector stand for too. Exit 0: it arrived.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { CommandTarget } from '../model/notify-spec.ts';
import { expandTemplate } from '../model/template.ts';
import type { Clock } from '../ports/clock.ts';
import { type Letter, noticeJson } from './body.ts';
import { type Failure, failure } from './failure.ts';

export interface CommandSurroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingDir: string;
}

/** A single argument or variable may have 128 KiB on Linux. */
const variableLengthMax = 16_384;
const keptOutputLength = 500;
/** Between its end and the last of its output. */
const outputGraceMs = 200;

/** Null: it ended with 0. It is killed, with its process group, when the time is over. */
export function runCommand(
  clock: Clock,
  target: CommandTarget,
  letter: Letter,
  surroundings: CommandSurroundings,
  limits: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<Failure | null> {
  const variables = variablesOf(letter);
  const [program = '', ...args] = target.command.argv.map((word) =>
    expandTemplate(word, (name) => variables[name]),
  );
  const child = trySpawn(
    program,
    args,
    { ...surroundings.environment, ...variables },
    surroundings,
  );
  if ('reason' in child) return Promise.resolve(child);
  // A command that doesn't read its input closes the pipe early; that is its right.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(`${JSON.stringify(noticeJson(letter))}\n`);
  return outcome(clock, child, limits);
}

function outcome(
  clock: Clock,
  child: ChildProcess,
  limits: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<Failure | null> {
  return new Promise((resolve) => {
    let output = '';
    let killed: string | null = null;
    const kill = (why: string): void => {
      killed ??= why;
      if (!killGroup(child)) settle(failure(`${why}, and could not be killed`, false));
    };
    const abort = () => kill('was ended with Daruma');
    const cancel = clock.after(limits.timeoutMs, () =>
      kill(`did not end within ${limits.timeoutMs} ms`),
    );
    const settle = (result: Failure | null): void => {
      cancel();
      limits.signal.removeEventListener('abort', abort);
      child.stderr?.destroy();
      resolve(result);
    };
    const judge = (code: number | null, signal: string | null): void => {
      const tail = output.trim() === '' ? '' : `: ${output.trim()}`;
      if (killed !== null) settle(failure(`${killed}${tail}`, true));
      else if (code === 0) settle(null);
      else settle(failure(`ended with ${signal ?? `code ${code}`}${tail}`, true));
    };
    limits.signal.addEventListener('abort', abort);
    child.stderr?.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-keptOutputLength);
    });
    child.once('error', (error) => settle(failure(error.message, false)));
    child.once('close', judge);
    // A process that it left behind may hold the pipe open: then `close` doesn't come.
    child.once(
      'exit',
      (code, signal) => void clock.after(outputGraceMs, () => judge(code, signal)),
    );
  });
}

function trySpawn(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  { workingDir }: CommandSurroundings,
): ChildProcess | Failure {
  try {
    return spawn(program, args, {
      cwd: workingDir,
      env,
      detached: true,
      stdio: ['pipe', 'ignore', 'pipe'],
    });
  } catch (error) {
    return failure(error instanceof Error ? error.message : String(error), false);
  }
}

/** False: the system doesn't let us, as with a command that changed its user. */
function killGroup(child: ChildProcess): boolean {
  if (child.pid === undefined) return true;
  try {
    return process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH';
  }
}

function variablesOf(letter: Letter): Readonly<Record<string, string>> {
  const { stack, incident, update, severity, state, title, text } = noticeJson(letter);
  const variables = {
    DARUMA_STACK: stack,
    DARUMA_INCIDENT: incident,
    DARUMA_UPDATE: String(update),
    DARUMA_SEVERITY: severity,
    DARUMA_STATE: state,
    DARUMA_TITLE: title,
    DARUMA_TEXT: text,
  };
  const clean = (value: string) => value.replaceAll('\0', '').slice(0, variableLengthMax);
  return Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, clean(value)]));
}
