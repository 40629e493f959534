/** `start`, `stop` and `restart`: asked for, and waited for until it has come about. */
import { DarumaError, exitCodes } from '../model/errors.ts';
import type { InstanceView, StackView } from '../model/view.ts';
import type { CommandHost } from './command.ts';
import type { Session } from './session.ts';
import { instancesNamed, Progress, tooLong, untilSettled } from './settling.ts';
import { isSettled } from './stack-text.ts';
import { wholeNumber } from './whole-number.ts';

type Kind = 'start' | 'stop' | 'restart';

interface ChangeOptions {
  readonly wait: boolean;
  readonly timeout: number;
}

/** A timer takes no more. */
const timeoutMaxMs = 2 ** 31 - 1;

const ends: Readonly<Record<Kind, string>> = {
  start: 'it is ready',
  stop: 'it is gone',
  restart: 'it is ready again',
};

export function addChange({ program, action }: CommandHost, kind: Kind): void {
  program
    .command(`${kind} <service[/n]>`)
    .description(`${kind} a service or one instance, and return when ${ends[kind]}`)
    .option('--no-wait', 'return at once')
    .option('--timeout <seconds>', 'wait no longer than this', wholeNumber, 600)
    .action(
      action((session, target: string, options: ChangeOptions) =>
        options.wait
          ? changeAndWait(session, kind, target, Math.min(timeoutMaxMs, options.timeout * 1_000))
          : changeOnly(session, kind, target),
      ),
    );
}

async function changeOnly(session: Session, kind: Kind, target: string): Promise<number> {
  const message = await session.client.request(session.user, { kind, target, wait: false });
  if (session.json) session.printJson({ message });
  else session.print(message);
  return exitCodes.ok;
}

async function changeAndWait(
  session: Session,
  kind: Kind,
  target: string,
  timeoutMs: number,
): Promise<number> {
  const view = await session.client.stack();
  const progress = new Progress(session, target);
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), timeoutMs);
  try {
    const work = perform({ session, kind, target, view, progress, signal: over.signal });
    // Its failure is ours too; that it ends, as when the keeper goes, is not.
    const followed = progress.follow(view.seq, over.signal).then(() => work);
    report(session, await Promise.race([work, followed]));
    return exitCodes.ok;
  } finally {
    clearTimeout(timer);
    over.abort();
  }
}

interface Change {
  readonly session: Session;
  readonly kind: Kind;
  readonly target: string;
  /** Before it was asked for. */
  readonly view: StackView;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

interface Done {
  readonly message: string;
  readonly instances: readonly InstanceView[];
}

async function perform(change: Change): Promise<Done> {
  const { session, kind, target, view, progress, signal } = change;
  const message = await ask(change);
  if (kind === 'stop') {
    return { message, instances: instancesNamed(await session.client.stack(), target) };
  }
  if (!session.json) session.warn(message);
  const before = instancesNamed(view, target);
  const instances = await untilSettled({ session, target, before, kind, progress, signal });
  return { message: instances.map(readyText).join('\n'), instances };
}

async function ask({ session, kind, target, signal }: Change): Promise<string> {
  const { client, user } = session;
  try {
    return await client.request(user, { kind, target }, signal);
  } catch (error) {
    if (!signal.aborted || error instanceof DarumaError) throw error;
    const now = await client.stack();
    const left = instancesNamed(now, target).filter((one) => kind === 'stop' || !isSettled(one));
    throw tooLong(
      now,
      left.filter(({ phase }) => phase !== 'stopped'),
      target,
    );
  }
}

function readyText({ id, phase, pid }: InstanceView): string {
  return `${id} is ${phase}${pid === null ? '' : ` (pid ${pid})`}`;
}

function report(session: Session, done: Done): void {
  if (session.json) session.printJson(done);
  else session.print(done.message);
}
