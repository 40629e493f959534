/**
 * Whom the primary waits for before it acknowledges (synchronous durability).
 *
 * 1. F4: that a standby left is recorded before the primary is told to go on without it.
 * 2. F4: it is eligible again only when the shell proved that it has every acknowledged write; from
 *    before that proof on the primary waits for it.
 * 3. While there is no primary that could acknowledge, nobody leaves: all still have everything.
 *    One that is gone, which is not known yet, is none.
 * 4. One admission at a time, and none while the primary is being told.
 */
import type { InstanceId, ServiceName } from '../model/ids.ts';
import {
  failoverOf,
  groupOf,
  isListed,
  isSameSet,
  isSynchronous,
  primaryOf,
  standbysOf,
} from './group.ts';
import type { GroupState, StepState } from './group-state.ts';
import { beginStep, lookAgain, mayBegin, stepAt } from './role-step.ts';
import { answers, isFailing } from './routing.ts';
import { type InstanceState, isRunning } from './state.ts';
import type { Turn } from './turn.ts';

/** A standby that was connected gets this long to be so again after its primary (re)started. */
const streamGraceMs = 1_500;
/** And to run again, while the primary is not ready either. */
const startGraceMs = 3_000;
const cutOff = 'does not stream';
/** How long a primary may take to say that it is there, and how soon it is asked again. */
const answerMs = 250;
const askAgainMs = 1_000;

export function keepEligible(turn: Turn, service: ServiceName): void {
  const failover = failoverOf(turn.state, service);
  const primary = primaryOf(turn.state, service);
  if (failover === null || !isSynchronous(failover) || primary === null) return;
  const group = groupOf(turn.state, service);
  if (group === null || group.change !== null || !isRunning(primary)) return;
  dropLost(turn, group, primary);
  tellPrimary(turn, group, primary);
  admitNext(turn, group, primary);
}

function dropLost(turn: Turn, group: Readonly<GroupState>, primary: InstanceState): void {
  const lost = new Map<InstanceId, string>();
  for (const id of group.eligible) {
    const why = whyLost(turn, group, { id, primary, since: group.since[id] ?? 0 });
    if (why === null || (why === cutOff && !answersSince(turn, group, id, primary))) continue;
    lost.set(id, why);
  }
  const admitted = admissionUnderWay(group);
  const asked = admitted && { id: admitted.instance, primary, since: admitted.at };
  const ill = asked === undefined ? null : whyLost(turn, group, asked);
  if (admitted !== undefined && (lost.size > 0 || ill !== null))
    giveUpAdmission(turn, primary.service, admitted, ill ?? 'another standby left');
  if (lost.size === 0) return;
  const { epoch } = group;
  const whys = [...lost].map(([id, why]) => `${id} ${why}`).join(', ');
  const eligible = group.eligible.filter((id) => !lost.has(id));
  const reason = `F4: not eligible any more before ${primary.id} acknowledges without: ${whys}`;
  turn.emit({ kind: 'eligible-changed', service: primary.service, epoch, eligible, reason });
}

/** Why the primary can't have its writes confirmed by a standby; null: it can, or soon may. */
function whyLost(
  turn: Turn,
  group: Readonly<GroupState>,
  {
    id,
    primary,
    since,
  }: { readonly id: InstanceId; readonly primary: InstanceState; readonly since: number },
): string | null {
  const standby = turn.instance(id);
  if (standby === undefined) return 'is gone for good';
  const why = !isRunning(standby)
    ? 'does not run'
    : isFailing(turn.state, standby)
      ? 'fails its checks'
      : null;
  if (why !== null) {
    const until = primary.readyAt === null ? (primary.startedAt ?? 0) + startGraceMs : 0;
    return isOver(turn, primary.service, until) ? why : null;
  }
  if (stepAt(turn, primary.service, 'follow', id)?.state === 'failed') return 'does not follow';
  if (!isSeenCutOff(group, id, since)) return null;
  const began = Math.max(primary.readyAt ?? primary.startedAt ?? 0, group.chosenAt);
  return isOver(turn, primary.service, began + streamGraceMs) ? cutOff : null;
}

/** A primary that ends takes the streams of its standbys along, and they may see that before
 * anybody sees its end, as may a session that outlives its postmaster for a moment: what either
 * says of a stream counts once the primary has answered a check since. */
function answersSince(
  turn: Turn,
  group: Readonly<GroupState>,
  id: InstanceId,
  { id: primary, service, confirmed }: InstanceState,
): boolean {
  const saidAt = Math.max(group.seen[id]?.at ?? 0, group.seen[primary]?.at ?? 0);
  if (confirmed !== null && confirmed.at >= saidAt) return confirmed.healthy;
  const timer = `doubt:${service}`;
  if (turn.state.timers[timer] !== undefined) return false;
  turn.setTimer(timer, turn.at + askAgainMs);
  turn.command({ kind: 'confirm', instances: [primary], timeoutMs: answerMs }, true);
  return false;
}

function isOver(turn: Turn, service: ServiceName, until: number): boolean {
  if (turn.at >= until) return true;
  lookAgain(turn, service, until);
  return false;
}

/** By what it, or its primary, showed since then; what was seen before it was connected is old. */
function isSeenCutOff(group: Readonly<GroupState>, id: InstanceId, begun: number): boolean {
  const since = Math.max(begun, group.chosenAt);
  const own = group.seen[id];
  if (own !== undefined && own.at >= since && !own.seen.streaming) return true;
  const primary = group.seen[group.primary ?? id];
  if (primary === undefined || primary.at < since || primary.seen.epoch !== group.epoch)
    return false;
  return (
    primary.seen.role === 'primary' && !primary.seen.standbys.some((one) => one.instance === id)
  );
}

function admissionUnderWay(group: Readonly<GroupState>): StepState | undefined {
  return Object.values(group.steps).find((one) => one.step === 'admit' && one.state === 'begun');
}

function giveUpAdmission(
  turn: Turn,
  service: ServiceName,
  admission: StepState,
  why: string,
): void {
  const { instance, action } = admission;
  const epoch = groupOf(turn.state, service)?.epoch ?? 0;
  const error = { code: 'ACTION_FAILED', message: why };
  const what = { service, instance, step: 'admit', action, epoch } as const;
  turn.emit({ kind: 'role-step', ...what, state: 'failed', error });
}

/** The primary acknowledges with exactly the eligible ones, once that is recorded. */
function tellPrimary(turn: Turn, group: Readonly<GroupState>, primary: InstanceState): void {
  const { eligible, told } = group;
  if (told !== null && isSameSet(told, eligible)) return;
  if (admissionUnderWay(group) !== undefined) return;
  if (group.servedAt === null) {
    // Its promotion carries the list; only when that became shorter it is told at once.
    const promotion = stepAt(turn, primary.service, 'promote', primary.id);
    if (promotion?.state !== 'begun' || isSameSet(promotion.eligible, eligible)) return;
  }
  if (mayBegin(turn, primary.service, 'set-eligible', primary.id))
    beginStep(turn, primary.service, 'set-eligible', primary.id);
}

function admitNext(turn: Turn, group: Readonly<GroupState>, primary: InstanceState): void {
  const { service } = primary;
  if (group.servedAt === null || !answers(turn.state, primary)) return;
  if (group.told === null || !isSameSet(group.told, group.eligible)) return;
  if (admissionUnderWay(group) !== undefined) return;
  if (stepAt(turn, service, 'set-eligible', primary.id)?.state === 'begun') return;
  const next = standbysOf(turn.state, service).find(
    (one) => isAdmissible(turn, group, one) && mayBegin(turn, service, 'admit', one.id),
  );
  if (next !== undefined) beginStep(turn, service, 'admit', next.id);
}

/** It follows this epoch's primary, answers, and is not known to be cut off. */
function isAdmissible(turn: Turn, group: Readonly<GroupState>, standby: InstanceState): boolean {
  const { id, service } = standby;
  if (group.eligible.includes(id) || standby.wanted === 'down') return false;
  if (!answers(turn.state, standby) || group.orders[id] !== group.epoch) return false;
  const follow = stepAt(turn, service, 'follow', id);
  if (follow !== undefined && follow.state !== 'done') return false;
  const seen = group.seen[id];
  if (seen === undefined || seen.seen.streaming || isListed(group, id)) return true;
  return seen.at < (standby.startedAt ?? 0);
}

/** F4: it was shown to have every acknowledged write, and the primary waits for it. */
export function onAdmitted(turn: Turn, standby: InstanceState): void {
  const group = groupOf(turn.state, standby.service);
  if (group === null || group.eligible.includes(standby.id)) return;
  const { epoch } = group;
  const eligible = [...group.eligible, standby.id];
  const reason = `F4: ${standby.id} has every acknowledged write, and ${group.primary} waits for it`;
  turn.emit({ kind: 'eligible-changed', service: standby.service, epoch, eligible, reason });
}
