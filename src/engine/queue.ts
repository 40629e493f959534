/**
 * What a person asked to be done to running instances, one after the other within a service:
 * restarts, and switchovers of services with failover.
 */
import type { ActionId, InstanceId, ServiceName } from '../model/ids.ts';
import type { PlannedAction } from '../model/record.ts';
import { duration } from '../plan/sentence.ts';
import { candidatesOf } from './candidates.ts';
import { dependenciesOf, dependentsOf } from './graph.ts';
import { failoverOf, groupOf, isLeaving, isSynchronous, primaryOf } from './group.ts';
import type { GroupState } from './group-state.ts';
import { beginFence, beginQuiesce } from './handover.ts';
import { beginStart, beginStop, reconcile, releaseDependents } from './lifecycle.ts';
import { answerSwitchover } from './replies.ts';
import { whyRestoring } from './restoring.ts';
import { lookAgain } from './role-step.ts';
import { answers } from './routing.ts';
import { type ActionState, type InstanceState, isAlive } from './state.ts';
import { releaseHeld } from './symptoms.ts';
import type { Turn } from './turn.ts';

/** How often, and how long after each other, a rolling restart tries to hand the role over. */
export const handOverTriesMax = 3;
const handOverAgainMs = 5_000;
/** How soon one that leaves the stack file tries again. */
const leavingAgainMs = 60_000;

/** Of a service with failover the primary goes last, and hands its role over first. */
export function planRestarts(turn: Turn, instances: readonly InstanceState[], why: string): void {
  const isLast = ({ service, id }: InstanceState) => groupOf(turn.state, service)?.primary === id;
  const ordered = [...instances].sort((a, b) => Number(isLast(a)) - Number(isLast(b)));
  for (const one of ordered) {
    const reason = `restart ${one.id}: ${why}`;
    planFor(turn, { kind: 'restart', target: one.id, name: null, reason });
  }
  for (const service of new Set(instances.map((one) => one.service))) pumpQueue(turn, service);
}

/** `to` null: to the most advanced standby. */
export function planSwitchover(
  turn: Turn,
  primary: InstanceState,
  to: InstanceId | null,
  by: string,
): void {
  const reason = `switch ${primary.service} over to ${to ?? 'the most advanced standby'}: ${by} asked for it`;
  planFor(turn, { kind: 'switch-over', target: primary.id, name: to, reason });
  pumpQueue(turn, primary.service);
}

/** The role of a primary that left the stack file goes to one that stays, once one may have it. */
export function handOverLeaving(turn: Turn, service: ServiceName): void {
  const group = groupOf(turn.state, service);
  const primary = primaryOf(turn.state, service);
  if (group === null || primary === null || !isLeaving(turn.state, primary)) return;
  if (group.change !== null || hasQueue(turn, service)) return;
  if (group.servedAt === null && isAlive(primary)) return;
  const due = group.busy === undefined ? 0 : group.busy.at + leavingAgainMs;
  if (turn.at < due) lookAgain(turn, service, due);
  else if (candidatesOf(turn.state, service, false).length > 0)
    planSwitchover(turn, primary, null, 'the stack file without it');
}

function planFor(
  turn: Turn,
  what: Pick<PlannedAction, 'kind' | 'target' | 'name' | 'reason'>,
): void {
  const planned = { ...what, action: turn.newAction(), wouldOnly: false, considered: [] };
  turn.emit({ kind: 'action-planned', incident: null, planned });
}

/** Goes on with what a person asked for: one instance at a time, each ready before the next, and
 * those of a dependency before those of what depends on it. */
export function pumpQueue(turn: Turn, name: ServiceName): void {
  const head = turn.state.services[name]?.queue[0];
  const action = head === undefined ? undefined : turn.state.personal[head];
  const instance = action === undefined ? undefined : turn.instance(action.planned.target);
  if (head === undefined || action === undefined || instance === undefined) return;
  if (action.begun !== null) {
    if (handsOverLater(turn, instance, action) || isUnderWay(turn, instance, action)) return;
    const verdict = verdictOn(turn, instance, action);
    judge(turn, head, verdict.outcome, verdict.reason);
    pumpQueue(turn, name);
    for (const dependent of dependentsOf(turn.state, name)) pumpQueue(turn, dependent);
    return;
  }
  if (instance.phase === 'starting' || instance.phase === 'stopping') return;
  if (whyRestoring(turn.state, name) !== null) return;
  const first = [...dependenciesOf(turn.state, name)];
  if (first.some((other) => hasQueue(turn, other))) return;
  turn.emit({ kind: 'action-begun', incident: null, action: head, spared: true });
  begin(turn, instance, action);
}

function begin(turn: Turn, instance: InstanceState, { planned }: ActionState): void {
  const { action } = planned;
  // Nobody is served by it, and it does not come back.
  if (isLeaving(turn.state, instance) && !answers(turn.state, instance))
    beginFence(turn, instance, action, false);
  else if (canHandOver(turn, instance))
    beginQuiesce(turn, instance, action, limitOf(turn, instance.service));
  else if (planned.kind === 'switch-over') {
    judge(turn, action, 'failed', `${instance.id} can not hand its role over now`);
  } else if (isAlive(instance)) {
    beginStop(turn, instance.id, action, { hurry: false, recovery: false });
  } else beginStart(turn, instance.id, action, false);
}

/** It is the primary, and a standby could be primary in its stead. */
function canHandOver(turn: Turn, instance: InstanceState): boolean {
  const group = groupOf(turn.state, instance.service);
  if (group?.primary !== instance.id || group.servedAt === null || group.change !== null)
    return false;
  if (!answers(turn.state, instance)) return false;
  return candidatesOf(turn.state, instance.service, false).length > 0;
}

/** How long transactions may take to end: as whoever asked said, or by the stack file. */
function limitOf(turn: Turn, service: ServiceName): number {
  for (const { request } of Object.values(turn.state.requests)) {
    if (request.kind === 'switchover' && request.service === service) return request.limitMs;
  }
  return failoverOf(turn.state, service)?.switchoverLimitMs ?? 0;
}

/** Not ready again, or not eligible again, or its role is not with another yet. */
function isUnderWay(turn: Turn, instance: InstanceState, { planned }: ActionState): boolean {
  const group = groupOf(turn.state, instance.service);
  const { action, kind } = planned;
  if (busyWith(group, planned) !== null) return false;
  if (group?.change?.action === action) return true;
  if (group?.action === action && group.servedAt === null) return true;
  if (kind === 'switch-over') return false;
  const { phase } = instance;
  if ((phase !== 'ready' && phase !== 'completed') || instance.next !== null) return true;
  const failover = failoverOf(turn.state, instance.service);
  if (group === null || failover === null || !isSynchronous(failover)) return false;
  return group.primary !== instance.id && !group.eligible.includes(instance.id);
}

function verdictOn(
  { state }: Turn,
  { id, service, phase }: InstanceState,
  { planned }: ActionState,
): { readonly outcome: 'verified' | 'failed'; readonly reason: string } {
  const busy = busyWith(groupOf(state, service), planned);
  const failed = (reason: string) => ({ outcome: 'failed' as const, reason });
  if (planned.kind === 'switch-over') return failed(busy?.why ?? 'it was overtaken');
  if (busy !== null) {
    const tries = `its role could not be handed over in ${busy.tries} tries`;
    return failed(`${id} was not restarted: ${tries}: ${busy.why}`);
  }
  return { outcome: 'verified', reason: `${id} is ${phase} again` };
}

/** Connections did not end in their time when this was tried last; null: no, or it is past that. */
function busyWith(
  group: Readonly<GroupState> | null,
  { action }: PlannedAction,
): NonNullable<GroupState['busy']> | null {
  const busy = group?.busy;
  if (busy?.action !== action || group?.change !== null || group.action === action) return null;
  return busy;
}

/** Connections were busy: what is to be restarted tries again a while later, some times. */
function handsOverLater(turn: Turn, instance: InstanceState, action: ActionState): boolean {
  const { service } = instance;
  const busy = busyWith(groupOf(turn.state, service), action.planned);
  if (busy === null || action.planned.kind !== 'restart') return false;
  if (busy.tries >= handOverTriesMax || instance.phase !== 'ready') return false;
  const due = busy.at + handOverAgainMs;
  if (turn.at < due) lookAgain(turn, service, due);
  else begin(turn, instance, action);
  return true;
}

/** Nothing was changed. */
export function onStillBusy(turn: Turn, service: ServiceName): void {
  leadAgain(turn, service);
  pumpQueue(turn, service);
}

/** Whoever was to wait for the new primary goes on with the old one, which may wait itself. */
function leadAgain(turn: Turn, service: ServiceName): void {
  turn.command({ kind: 'release', service }, false);
  const primary = primaryOf(turn.state, service);
  if (primary?.phase === 'held' && primary.hold === 'dependency') reconcile(turn, primary.id);
  releaseDependents(turn, service);
  releaseHeld(turn, service);
}

function hasQueue(turn: Turn, name: ServiceName): boolean {
  return (turn.state.services[name]?.queue.length ?? 0) > 0;
}

/** The primary's role is with another, and that serves. */
export function onHandedOver(turn: Turn, { planned, begun }: ActionState, service: string): void {
  const group = groupOf(turn.state, service);
  if (planned.kind !== 'switch-over' || group?.servedAt == null) return;
  const pauseMs = group.servedAt - (begun ?? group.servedAt);
  const pause = `new writes waited for ${duration(pauseMs)} at most`;
  const text = `${group.primary} is primary of epoch ${group.epoch}; ${pause}`;
  judge(turn, planned.action, 'verified', text);
}

/** Ends what a person asked for. */
export function judge(
  turn: Turn,
  action: ActionId,
  outcome: 'verified' | 'failed',
  reason: string,
): void {
  const planned = turn.state.personal[action]?.planned;
  const service = turn.instance(planned?.target ?? '')?.service;
  const change = service === undefined ? null : (groupOf(turn.state, service)?.change ?? null);
  const error = outcome === 'failed' ? { code: 'ACTION_FAILED', message: reason } : null;
  // Answered first: what is not answered yet is asked for again by the next controller.
  if (service !== undefined && planned?.kind === 'switch-over')
    answerSwitchover(turn, service, { error: error === null ? null : reason, text: reason });
  turn.emit({ kind: 'action-done', incident: null, action, error });
  turn.emit({ kind: 'action-outcome', incident: null, action, outcome, reason });
  if (service !== undefined && change?.action === action) leadAgain(turn, service);
}

/** Restarts that a person asked for come to nothing when the instance fails or is stopped; so do
 * those that waited for its own. */
export function giveUpRestarts(turn: Turn, instance: InstanceState, why: string): void {
  const { services, personal } = turn.state;
  const queue = services[instance.service]?.queue ?? [];
  const stopsAll = queue.some((id) => personal[id]?.planned.target === instance.id);
  if (!stopsAll) return;
  const waiting = [...dependentsOf(turn.state, instance.service)]
    .map((name) => services[name]?.queue ?? [])
    .filter(([head]) => head !== undefined && personal[head]?.begun === null);
  // F7: whose fence has begun hands its role over, or a rule says why not.
  const change = groupOf(turn.state, instance.service)?.change ?? null;
  const goesOn = change?.quiesce === 'begun' ? null : change?.action;
  for (const id of [...queue, ...waiting.flat()]) {
    if (id !== goesOn) judge(turn, id, 'failed', `${instance.id}: ${why}`);
  }
}
