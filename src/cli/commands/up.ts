/** Brings a stack up and stays with it, or returns when all is ready. */
import { setTimeout as pause } from 'node:timers/promises';
import { DarumaError, exitCodes } from '../../model/errors.ts';
import type { StackSpec } from '../../model/stack-spec.ts';
import type { InstanceView, StackView } from '../../model/view.ts';
import { formatProblem } from '../../stack/problem.ts';
import { checkRequirements } from '../../stack/requires.ts';
import { Attendance } from '../attendance.ts';
import type { AddCommand } from '../command.ts';
import { lastLines } from '../last-lines.ts';
import { ownsEndpoints } from '../running.ts';
import type { Session } from '../session.ts';
import { isSettled } from '../stack-text.ts';
import { takenPorts } from '../taken-ports.ts';
import { wholeNumber } from '../whole-number.ts';

interface UpOptions {
  readonly detach?: boolean;
  readonly timeout: number;
}

const lookEveryMs = 100;
/** While a person waits for the controller that was just started. */
const lookSoonMs = 20;
/** A keeper that is not there by then won't come. */
const keeperTimeoutMs = 20_000;

export const addUp: AddCommand = ({ program, action }) => {
  program
    .command('up')
    .description('bring the stack up, and watch it (Ctrl-C: down, d: leave it running)')
    .option('-d, --detach', 'return when everything is ready')
    .option('--timeout <seconds>', 'with --detach: wait no longer than this', wholeNumber, 600)
    .action(
      action(async (session, options: UpOptions) => {
        const spec = await session.readStack();
        const seq = await bringUp(session, spec);
        if (options.detach === true) return await detached(session, spec, options.timeout * 1_000);
        return await new Attendance(session, spec).stay(seq);
      }),
    );
};

/** Resolves once the running controller wants everything up, with the last record before that. */
async function bringUp(session: Session, spec: StackSpec): Promise<number> {
  const { client, wiring } = session;
  const place = session.place(spec);
  const running = await client.version();
  if (running !== null) refuseForeign(session, spec, await client.stack());
  if (running !== null && running.version !== wiring.version) {
    session.warn(
      `Daruma ${wiring.version} takes over from ${running.version}; nothing is restarted`,
    );
    await wiring.takeOver(place);
  } else if (running !== null || client.isKept()) {
    const pid = running === null ? '' : ` (controller pid ${running.pid})`;
    throw new DarumaError('ALREADY_RUNNING', `${spec.name} is running already${pid}`);
  } else {
    await refuseUnmet(session, spec);
    await wiring.startKeeper(place);
  }
  const { seq } = await untilControlled(session);
  await askUp(session);
  return seq;
}

/** What runs with this state directory is another stack. */
function refuseForeign(session: Session, spec: StackSpec, { name, file }: StackView): void {
  if (name === spec.name) return;
  const text = `${session.stateDir} is the state of stack «${name}» (${file}), which is running`;
  throw new DarumaError('STATE_IN_USE', text);
}

async function refuseUnmet(session: Session, spec: StackSpec): Promise<void> {
  const unmet = await checkRequirements(spec, session.io.environment);
  if (unmet.length > 0) {
    throw new DarumaError('REQUIREMENT_UNMET', unmet.map(formatProblem).join('\n'));
  }
  if (ownsEndpoints(session.stateDir)) return;
  const taken = await takenPorts(spec, session.wiring);
  if (taken.length > 0) throw new DarumaError('PORT_TAKEN', taken.join('\n'));
}

/** Waits for the controller that was just started, and tells why when it doesn't come. */
async function untilControlled(session: Session): Promise<StackView> {
  const endsAt = performance.now() + keeperTimeoutMs;
  for (;;) {
    if ((await session.client.version()) !== null) return session.client.stack();
    if (performance.now() > endsAt) {
      const said = lastLines(session.stateDir, 10).join('\n');
      throw new DarumaError('START_FAILED', `the controller did not start:\n${said}`);
    }
    await pause(lookSoonMs);
  }
}

/** A controller that still looks at what runs refuses requests for a moment. */
async function askUp(session: Session): Promise<void> {
  while ((await session.client.stack()).state === 'looking') await pause(lookSoonMs);
  await session.client.request(session.user, { kind: 'up' });
}

async function detached(session: Session, spec: StackSpec, timeoutMs: number): Promise<number> {
  const endsAt = performance.now() + timeoutMs;
  for (;;) {
    const view = await session.client.stack();
    const waiting = view.services
      // What is only observed comes up when others bring it up.
      .filter(({ wanted, mode }) => wanted === 'up' && mode === 'act')
      .flatMap(({ instances }) => instances.filter((instance) => !isSettled(instance)));
    if (waiting.length === 0) return reportReady(session, spec, view);
    const failed = waiting.filter(({ needsPerson }) => needsPerson);
    if (failed.length > 0) throw new DarumaError('START_FAILED', reasons(failed));
    if (performance.now() > endsAt) throw new DarumaError('TIMED_OUT', reasons(waiting));
    await pause(lookEveryMs);
  }
}

function reasons(instances: readonly InstanceView[]): string {
  return instances
    .map(({ id, phase, note, needsPerson }) =>
      needsPerson && note !== '' ? note : `${id} is ${phase}${note === '' ? '' : `: ${note}`}`,
    )
    .join('\n');
}

function reportReady(session: Session, spec: StackSpec, view: StackView): number {
  if (session.json) session.printJson(view);
  else
    session.print(
      `${view.name} is ${view.mode === 'observe' ? 'observed' : 'up'}`,
      ...session.whatNext(view, spec),
    );
  return exitCodes.ok;
}
