/**
 * What a group needs next: called whenever something of it changed, it looks at the state alone, so
 * calling it once too often does no harm, and after a restart of the controller it goes on.
 */
import type { ServiceName } from '../model/ids.ts';
import { release } from './act.ts';
import { keepEligible } from './admission.ts';
import { advanceChange, completeChange } from './change.ts';
import { adoptForeign } from './foreign-change.ts';
import { groupOf, missingPrimary, primaryOf, standbysOf } from './group.ts';
import { formGroup, isObserved, reconcile } from './lifecycle.ts';
import { tryWithStandby } from './offer.ts';
import { handOverLeaving, pumpQueue } from './queue.ts';
import { rejoin } from './rejoin.ts';
import { beginStep, mayBegin, stepAt } from './role-step.ts';
import { watchRoles } from './role-watch.ts';
import { isRunning } from './state.ts';
import type { Turn } from './turn.ts';

/** Looks at every group that this step touched. */
export function pursueTouched(turn: Turn): void {
  const { groups } = turn;
  for (let name = groups.shift(); name !== undefined; name = groups.shift()) pursue(turn, name);
}

function pursue(turn: Turn, service: ServiceName): void {
  const { state } = turn;
  if (state.looking || groupOf(state, service) === null || isObserved(turn, service)) return;
  formRunning(turn, service);
  adoptForeign(turn, service);
  advanceChange(turn, service);
  promote(turn, service);
  follow(turn, service);
  completeChange(turn, service);
  rejoin(turn, service);
  keepEligible(turn, service);
  watchRoles(turn, service);
  releaseStandbys(turn, service);
  tryWithStandby(turn, service);
  handOverLeaving(turn, service);
  pumpQueue(turn, service);
}

/** Somebody else started it, or it ran before it had standbys. */
function formRunning(turn: Turn, service: ServiceName): void {
  const known = turn.state.services[service];
  if (known?.wanted !== 'up' || groupOf(turn.state, service)?.primary !== null) return;
  const runs = known.instances.some((id) => {
    const instance = turn.state.instances[id];
    return instance !== undefined && isRunning(instance);
  });
  if (runs) formGroup(turn, service);
}

/** F7: what the record names is made primary, and again until a write through it succeeded. */
function promote(turn: Turn, service: ServiceName): void {
  const group = groupOf(turn.state, service);
  const primary = primaryOf(turn.state, service);
  if (group === null || primary === null) return;
  if (group.servedAt !== null || group.change !== null) return;
  if (!isRunning(primary)) {
    reconcile(turn, primary.id);
    return;
  }
  // What was started as primary says by itself when it is ready.
  const started = group.orders[primary.id] === group.epoch;
  if (started && primary.phase !== 'ready') return;
  if (mayBegin(turn, service, 'promote', primary.id))
    beginStep(turn, service, 'promote', primary.id, group.action);
}

/** Running standbys turn to the primary of this epoch. */
function follow(turn: Turn, service: ServiceName): void {
  const group = groupOf(turn.state, service);
  if (group === null || group.primary === null || group.change !== null) return;
  for (const one of standbysOf(turn.state, service)) {
    const failed = stepAt(turn, service, 'follow', one.id)?.state === 'failed';
    if (!isRunning(one) || (group.orders[one.id] === group.epoch && !failed)) continue;
    if (mayBegin(turn, service, 'follow', one.id))
      beginStep(turn, service, 'follow', one.id, group.action);
  }
}

/** Standbys that waited for their primary. */
function releaseStandbys(turn: Turn, service: ServiceName): void {
  for (const one of standbysOf(turn.state, service)) {
    if (one.phase !== 'held' || one.hold !== 'dependency' || one.wanted === 'down') continue;
    if (missingPrimary(turn.state, one) !== null) continue;
    if (one.symptoms.length === 0) reconcile(turn, one.id);
    else release(turn, one);
  }
}
