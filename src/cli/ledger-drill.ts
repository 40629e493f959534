/**
 * `drill ledger`: clients write numbered facts through the endpoint while one fault after the other
 * is brought about; in the end what was acknowledged is compared with what is there.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { isSound, type Judgement } from '../ledger/judge.ts';
import type { Ledger, LedgerTarget } from '../ledger/ledger.ts';
import { DarumaError } from '../model/errors.ts';
import type { ServiceName } from '../model/ids.ts';
import { layout } from '../model/layout.ts';
import type { ServiceView } from '../model/view.ts';
import { untilInterrupted } from './interrupt.ts';
import { bringAbout } from './ledger-faults.ts';
import {
  type LedgerFault,
  type LedgerStep,
  ledgerSequence,
  numbers,
  type SequenceOptions,
} from './ledger-sequence.ts';
import type { Session } from './session.ts';
import { isSettled } from './stack-text.ts';
import { durationText } from './time-text.ts';

export interface LedgerPlan extends SequenceOptions {
  readonly service: ServiceName;
  readonly target: LedgerTarget;
  /** Its standbys are to have every acknowledged write. */
  readonly synchronous: boolean;
  readonly seed: number;
  readonly faults: number;
  readonly clients: number;
  readonly everyMs: number;
  /** How long the service may take to serve, and to be whole, after a fault. */
  readonly timeoutMs: number;
}

export interface LedgerRound {
  readonly fault: LedgerFault;
  /** Null: there was nobody whom it could befall. */
  readonly whom: string | null;
  /** Longest time without an acknowledged write until the next fault; null: there was none more in
   * time. */
  readonly pauseMs: number | null;
}

export interface LedgerReport {
  readonly service: ServiceName;
  readonly seed: number;
  readonly rounds: readonly LedgerRound[];
  readonly interrupted: boolean;
  /** After the last fault. */
  readonly whole: boolean;
  readonly judgement: Judgement;
}

const lookEveryMs = 100;
const impatientOneIn = 200;
/** A killed server may go on acknowledging for a moment. */
const settleMs = 100;

export function isPassed({ judgement, whole, rounds }: LedgerReport): boolean {
  return isSound(judgement) && whole && rounds.every(({ pauseMs }) => pauseMs !== null);
}

export async function drillLedger(session: Session, plan: LedgerPlan): Promise<LedgerReport> {
  const { seed, target, clients, everyMs } = plan;
  const { Ledger } = await import('../ledger/ledger.ts');
  const interrupted = untilInterrupted();
  const random = numbers(seed + 1);
  const ledger = await Ledger.begin({ target, clients, everyMs, impatientOneIn, random });
  try {
    const rounds: LedgerRound[] = [];
    const lasting: Promise<void>[] = [];
    for (const step of ledgerSequence(seed, plan.faults, plan)) {
      if (interrupted.aborted) break;
      const one = await round(session, plan, { ledger, step, lasting, interrupted });
      rounds.push(one);
      if (!session.json) session.print(roundText(one));
    }
    await Promise.all(lasting);
    // Also where nothing could be done to it, writes are counted before they are judged.
    const whole =
      (await untilWhole(session, plan, interrupted)) &&
      (await isServed(ledger, ledger.now(), plan));
    const judgement = await ledger.end();
    const { service } = plan;
    return { service, seed, rounds, interrupted: interrupted.aborted, whole, judgement };
  } finally {
    await ledger.clear();
  }
}

async function round(
  session: Session,
  plan: LedgerPlan,
  { ledger, step, lasting, interrupted }: Underway,
): Promise<LedgerRound> {
  const { client, stateDir } = session;
  const { fault, nextAfterMs } = step;
  // A drill is no history of faults.
  await client.request(session.user, { kind: 'reset', target: plan.service });
  await pause(step.afterMs);
  const service = await serviceView(session, plan.service);
  const controllerPid = (await client.version())?.pid ?? null;
  const { endpointFile } = layout(stateDir);
  const hold = () => ledger.hold();
  const begun = ledger.now();
  const befallen = await bringAbout(step, { service, controllerPid, endpointFile, hold });
  if (befallen === null) return { fault, whom: null, pauseMs: 0 };
  const { whom, over } = befallen;
  lasting.push(over);
  if (nextAfterMs !== null) {
    await pause(nextAfterMs);
    return { fault, whom, pauseMs: ledger.longestPauseSince(begun) };
  }
  await over;
  const served = await isServed(ledger, begun + settleMs, plan);
  // Only now is it sure that the fault was noticed.
  await untilWhole(session, plan, interrupted);
  return { fault, whom, pauseMs: served ? ledger.longestPauseSince(begun) : null };
}

/** A write that was sent after this is acknowledged in time. */
function isServed(ledger: Ledger, since: number, { timeoutMs }: LedgerPlan): Promise<boolean> {
  return ledger.acknowledgedAfter(since, timeoutMs).then(
    () => true,
    () => false,
  );
}

interface Underway {
  readonly ledger: Ledger;
  readonly step: LedgerStep;
  /** The ends of all that was brought about. */
  readonly lasting: Promise<void>[];
  readonly interrupted: AbortSignal;
}

function roundText({ fault, whom, pauseMs }: LedgerRound): string {
  if (whom === null) return `  ${fault}: not done, ${obstacleOf(fault)}`;
  const paused = pauseMs === null ? 'no write any more' : `a pause of ${durationText(pauseMs)}`;
  return `  ${fault} ${whom}: ${paused}`;
}

function obstacleOf(fault: LedgerFault): string {
  switch (fault) {
    case 'cut-primary':
    case 'cut-standbys':
      return 'it needs a primary that runs, root, and the program nft (package nftables)';
    case 'fill-disk':
    case 'fill-standby':
      return 'it needs a server that runs on a small disk of its own';
    default:
      return 'there was nobody to do it to';
  }
}

async function serviceView({ client }: Session, name: ServiceName): Promise<ServiceView> {
  const view = await client.stack();
  const found = view.services.find((one) => one.name === name);
  if (found === undefined) throw new DarumaError('NOT_FOUND', `there is no service ${name}`);
  return found;
}

/** All instances are well, and each standby that is to have every acknowledged write has it. */
async function untilWhole(
  session: Session,
  { service: name, synchronous, timeoutMs }: LedgerPlan,
  interrupted: AbortSignal,
): Promise<boolean> {
  const endsAt = performance.now() + timeoutMs;
  while (performance.now() < endsAt && !interrupted.aborted) {
    const { instances, group } = await serviceView(session, name);
    const steady = group === undefined || group.stage === 'steady';
    const eligible = synchronous ? instances.length - 1 : 0;
    const inStep = (group?.eligible.length ?? 0) >= eligible;
    if (steady && inStep && instances.every(isSettled)) return true;
    await pause(lookEveryMs);
  }
  return false;
}
