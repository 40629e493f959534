/** Brings a stack up and stays with it, or returns when all is ready. */
import { setTimeout as pause } from 'node:timers/promises';
import { DarumaError, exitCodes } from '../../model/errors.ts';
import { numberOf } from '../../model/ids.ts';
import { recordText } from '../../model/record-text.ts';
import type { ServiceSpec, StackSpec } from '../../model/stack-spec.ts';
import type { ServiceView, StackView } from '../../model/view.ts';
import { requireWritable } from '../../ports/read-only.ts';
import { formatProblem } from '../../stack/problem.ts';
import { checkRequirements } from '../../stack/requires.ts';
import { Attendance } from '../attendance.ts';
import type { AddCommand } from '../command.ts';
import { lastLines } from '../last-lines.ts';
import { ownsEndpoints } from '../running.ts';
import type { Session } from '../session.ts';
import { lookEveryMs, reasonsOf, tooLong } from '../settling.ts';
import { changeLines, isChanged, type StackFile } from '../stack-changes.ts';
import { isSettled } from '../stack-text.ts';
import { takenPorts } from '../taken-ports.ts';
import { wholeNumber } from '../whole-number.ts';

interface UpOptions {
  readonly detach?: boolean;
  readonly timeout: number;
}

/** While a person waits for the controller that was just started. */
const lookSoonMs = 20;
/** A keeper that is not there by then won't come. */
const keeperTimeoutMs = 20_000;

export const addUp: AddCommand = ({ program, action }) => {
  program
    .command('up')
    .description(
      'bring the stack up, or apply a changed stack file, and watch it (Ctrl-C: down, d: leave it)',
    )
    .option('-d, --detach', 'return when everything is ready')
    .option('--timeout <seconds>', 'with --detach: wait no longer than this', wholeNumber, 600)
    .action(
      action(async (session, options: UpOptions) => {
        const stack = await session.readStackFile();
        const { spec } = stack;
        const seq = await bringUp(session, stack);
        if (options.detach === true) {
          return await detached(session, spec, seq, options.timeout * 1_000);
        }
        return await new Attendance(session, spec, { visits: false }).stay(seq);
      }),
    );
};

/** Resolves once the running controller wants everything up, with the last record before that. */
async function bringUp(session: Session, stack: StackFile): Promise<number> {
  const { client, wiring } = session;
  const place = { ...session.place(stack.spec), read: stack };
  const running = await client.version();
  if (running === null && !client.isKept()) {
    await refuseUnmet(session, stack.spec);
    requireWritable(session.stateDir);
    const isTold = await wiring.startKeeper(place, session.user);
    return await broughtUp(session, isTold);
  }
  refuseForeign(session, stack.spec, await client.stack());
  if (running !== null && running.version !== wiring.version) {
    session.warn(
      `Daruma ${wiring.version} takes over from ${running.version}; nothing is restarted`,
    );
    await wiring.takeOver(place);
    return (await askUp(session, running.pid, false)).seq;
  }
  const leaving = await refuseUnchanged(session, stack);
  await wiring.takeOver(place);
  const { seq, answer } = await askUp(session, leaving, true);
  session.warn(`  ${answer}`);
  return seq;
}

/** What runs with this state directory is another stack. */
function refuseForeign(session: Session, spec: StackSpec, { name, file }: StackView): void {
  if (name === spec.name) return;
  const text = `${session.stateDir} is the state of stack «${name}» (${file}), which is running`;
  throw new DarumaError('STATE_IN_USE', text);
}

/** Tells what is about to change; what stands in the way changes nothing. Resolves with the pid of
 * the controller that goes by the older file, if it answers. */
async function refuseUnchanged(session: Session, stack: StackFile): Promise<number | null> {
  const { client } = session;
  const running = await client.configuration();
  const pid = (await client.version())?.pid ?? null;
  const { spec } = stack;
  if (!isChanged(running, stack, await client.stack())) {
    const who = pid === null ? '' : ` (controller pid ${pid})`;
    throw new DarumaError('ALREADY_RUNNING', `${spec.name} is running already${who}`);
  }
  const known = new Set(running.spec.services.map(addressOf));
  const fresh = spec.services.filter((service) => !known.has(addressOf(service)));
  await refuseMissing(session, spec, fresh);
  session.warn(`${spec.name} runs already; what has changed in ${spec.file} is applied`);
  for (const line of changeLines(running.spec, spec)) session.warn(line);
  return pid;
}

function addressOf({ endpoint }: ServiceSpec): string {
  return `${endpoint?.host}:${endpoint?.port}`;
}

async function refuseUnmet(session: Session, spec: StackSpec): Promise<void> {
  await refuseMissing(session, spec, ownsEndpoints(session.stateDir) ? [] : spec.services);
}

/** `fresh`: services whose endpoints are not open yet. */
async function refuseMissing(session: Session, spec: StackSpec, fresh: readonly ServiceSpec[]) {
  const unmet = await checkRequirements(spec, session.io.environment);
  if (unmet.length > 0) {
    throw new DarumaError('REQUIREMENT_UNMET', unmet.map(formatProblem).join('\n'));
  }
  const taken = await takenPorts(fresh, session.wiring);
  if (taken.length > 0) throw new DarumaError('PORT_TAKEN', taken.join('\n'));
}

/** Waits for the controller that was just started, and tells why when it doesn't come. `leaving`:
 * the pid of the one whose place it takes. */
async function untilControlled(session: Session, leaving: number | null): Promise<StackView> {
  const patience = session.client.patience(keeperTimeoutMs);
  for (;;) {
    const running = await session.client.version();
    if (running !== null && running.pid !== leaving) return session.client.stack();
    if (patience.isOver) {
      const said = lastLines(session.stateDir, 10).join('\n');
      throw new DarumaError('START_FAILED', `the controller did not start:\n${said}`);
    }
    await pause(lookSoonMs);
  }
}

/** `isTold`: the controller knows by itself that everything is wanted up. */
async function broughtUp(session: Session, isTold: boolean): Promise<number> {
  await untilControlled(session, null);
  const { seq, beganSeq = seq } = await untilDecides(session);
  if (!isTold) await session.client.request(session.user, { kind: 'up' });
  return beganSeq;
}

/** A controller that still looks at what runs refuses requests for a moment. */
async function untilDecides(session: Session): Promise<StackView> {
  for (;;) {
    const view = await session.client.stack();
    if (view.state !== 'looking') return view;
    await pause(lookSoonMs);
  }
}

interface Asked {
  /** The last record before. */
  readonly seq: number;
  readonly answer: string;
}

async function askUp(
  session: Session,
  leaving: number | null,
  restartChanged: boolean,
): Promise<Asked> {
  const { seq } = await untilControlled(session, leaving);
  await untilDecides(session);
  const answer = await session.client.request(session.user, { kind: 'up', restartChanged });
  return { seq, answer };
}

async function detached(
  session: Session,
  spec: StackSpec,
  seq: number,
  timeoutMs: number,
): Promise<number> {
  const over = new AbortController();
  try {
    const ready = untilReady(session, spec, timeoutMs);
    // Its failure is ours too; that it ends, as when the keeper goes, is not.
    const told = tellTrouble(session, seq, over.signal).then(() => ready);
    return reportReady(session, spec, await Promise.race([ready, told]));
  } finally {
    over.abort();
  }
}

/** On a terminal: somebody waits there, and what stands in the way may take minutes. */
async function tellTrouble(session: Session, after: number, signal: AbortSignal): Promise<void> {
  if (session.io.err.isTTY !== true || session.json) return;
  for await (const { record } of session.client.follow(after, signal)) {
    const text = record.kind === 'symptom-began' ? recordText(record) : null;
    if (text !== null) session.warn(`  ${text}`);
  }
}

async function untilReady(
  session: Session,
  spec: StackSpec,
  timeoutMs: number,
): Promise<StackView> {
  const endsAt = performance.now() + timeoutMs;
  for (;;) {
    const view = await session.client.stack();
    const waiting = view.services.flatMap((service) => awaited(service, spec));
    const isOpen = (view.endpointsClosed ?? null) === null;
    if (waiting.length === 0 && isOpen) return view;
    const failed = waiting.filter(({ needsPerson }) => needsPerson);
    if (failed.length > 0) throw new DarumaError('START_FAILED', reasonsOf(failed));
    if (performance.now() > endsAt) throw tooLong(view, waiting, spec.name);
    await pause(lookEveryMs);
  }
}

/** What left the stack file is waited for until it is gone; what is only observed comes up when
 * others bring it up. */
function awaited({ name, wanted, mode, instances }: ServiceView, spec: StackSpec) {
  const replicas = spec.services.find((service) => service.name === name)?.replicas ?? 0;
  const ours = wanted === 'up' && mode === 'act';
  return instances.filter((instance) => {
    const removed = numberOf(instance.id) > replicas;
    return removed || (ours && !isSettled(instance));
  });
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
