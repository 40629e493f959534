/**
 * A change of the primary, one step at a time. Each call looks at the state and takes what comes
 * next, so it goes on after a restart of the controller where the records end.
 *
 *   quiesce ─▶ fence ─▶ survey ─▶ primary-chosen ─▶ promote ─▶ primary-serves ─▶ rejoin
 *   (switchover)  └────────┴─ fails: the old primary comes back in its epoch
 *
 * 1. F1, F2: nothing is chosen before the old primary is fenced.
 * 2. F3: who is chosen has every acknowledged write, or a person consented to the loss.
 * 3. F7: what was chosen is completed; only `primary-chosen` ends this part.
 */
import type { ActionId, InstanceId, ServiceName } from '../model/ids.ts';
import { candidatesOf } from './candidates.ts';
import { mostAdvanced } from './choose.ts';
import { awaitEffect } from './effect.ts';
import { failoverOf, groupOf, isLeaving, isSynchronous } from './group.ts';
import type { ChangeState, GroupState } from './group-state.ts';
import { beginFence } from './handover.ts';
import { reconcile } from './lifecycle.ts';
import { onActionFinished } from './outcomes.ts';
import { judge, onHandedOver } from './queue.ts';
import { commandSurvey, lookAgain, recordStep, stepAt } from './role-step.ts';
import { actionOf, type EngineState } from './state.ts';
import type { Turn } from './turn.ts';

const stragglersMs = 250;

export function advanceChange(turn: Turn, service: ServiceName): void {
  const change = groupOf(turn.state, service)?.change ?? null;
  if (change === null || change.quiesce === 'begun') return;
  const from = turn.instance(change.from);
  const fence = stepAt(turn, service, 'fence', change.from);
  const mine = fence?.action === change.action;
  if (mine && fence.state === 'begun') return;
  if (mine && fence.state === 'failed') {
    failChange(turn, service, `F1: ${change.from} could not be fenced: ${fence.error}`);
  } else if (from === undefined || (from.wanted === 'down' && !isLeaving(turn.state, from))) {
    failChange(turn, service, `${change.from} is not wanted up any more`);
  } else if (!mine) beginFence(turn, from, change.action, true);
  else chooseNext(turn, service, change);
}

function chooseNext(turn: Turn, service: ServiceName, change: ChangeState): void {
  const among = promotable(turn.state, service, change);
  const [first] = wanted(turn.state, change, among);
  if (first === undefined) {
    failChange(turn, service, 'F3: there is no standby that may be promoted');
  } else if (failoverOf(turn.state, service)?.mode === 'active-standby') {
    choose(turn, service, first, 'it was ready to take over');
  } else if (change.asked.length === 0) survey(turn, service, change.action, among);
  else if (isSurveyed(turn, service, change)) chooseSurveyed(turn, service, { change, among });
}

function promotable(
  state: EngineState,
  service: ServiceName,
  { action, from }: ChangeState,
): InstanceId[] {
  return candidatesOf(state, service, isConsented(state, action))
    .map((one) => one.id)
    .filter((id) => id !== from);
}

/** Of these, the one that a person named. */
function wanted(
  state: EngineState,
  { action }: ChangeState,
  among: readonly InstanceId[],
): readonly InstanceId[] {
  const planned = actionOf(state, action)?.planned;
  if (planned?.kind !== 'switch-over' || planned.name === null) return among;
  return among.filter((id) => id === planned.name);
}

/** A person agreed that what the standbys lack is lost. */
function isConsented(state: EngineState, action: ActionId): boolean {
  const incident = actionOf(state, action)?.incident ?? null;
  return incident !== null && state.incidents[incident]?.consent === true;
}

function survey(
  turn: Turn,
  service: ServiceName,
  action: ActionId,
  instances: readonly InstanceId[],
): void {
  for (const instance of instances) recordStep(turn, { service, step: 'survey', instance, action });
  commandSurvey(turn, service, instances);
}

/** Each that is eligible has every acknowledged write: once one has told, the others, which may
 * hang, are waited for only a moment longer. */
function isSurveyed(turn: Turn, service: ServiceName, change: ChangeState): boolean {
  const { asked, positions, toldAt } = change;
  if (asked.every((id) => positions[id] !== undefined)) return true;
  if (toldAt === null) return false;
  if (turn.at >= toldAt + stragglersMs) return true;
  lookAgain(turn, service, toldAt + stragglersMs);
  return false;
}

function chooseSurveyed(
  turn: Turn,
  service: ServiceName,
  { change, among }: { readonly change: ChangeState; readonly among: readonly InstanceId[] },
): void {
  const asked = change.asked.filter((id) => among.includes(id));
  const best = mostAdvanced(change.positions, wanted(turn.state, change, asked));
  if (best === null) {
    failChange(turn, service, `F3: none of ${change.asked.join(', ')} told how far it reaches`);
    return;
  }
  const told = change.asked.filter((id) => change.positions[id] != null);
  const { timeline, position } = best.position;
  const reach = `it reaches furthest of ${told.join(', ')}: ${position} on timeline ${timeline}`;
  choose(turn, service, best.instance, reach);
}

/** F7: the one durable decision. */
function choose(turn: Turn, service: ServiceName, primary: InstanceId, why: string): void {
  const group = groupOf(turn.state, service);
  if (group?.change == null) return;
  const { change } = group;
  const epoch = group.epoch + 1;
  const eligible = stillEligible(turn.state, service, { group, primary });
  const may = candidatesOf(turn.state, service, false).some(({ id }) => id === primary);
  const consented = !may && isConsented(turn.state, change.action);
  const loss = consented ? '; a person consented to the loss' : '';
  const fenced = `F1, F2: ${change.from} is fenced`;
  const reason = `F7: ${primary} is primary of epoch ${epoch}: ${fenced}; F3: ${why}${loss}`;
  const { action } = change;
  const overtaken = { code: 'ACTION_FAILED', message: `${change.from} never served` };
  if (group.servedAt === null && group.action !== null)
    onActionFinished(turn, group.action, false, overtaken);
  turn.emit({ kind: 'primary-chosen', service, epoch, primary, eligible, action, reason });
}

/** Of the eligible ones those that told where they are: they have every acknowledged write, and the
 * new primary waits for them from its first. */
function stillEligible(
  state: EngineState,
  service: ServiceName,
  { group, primary }: { readonly group: Readonly<GroupState>; readonly primary: InstanceId },
): InstanceId[] {
  const failover = failoverOf(state, service);
  if (failover === null || !isSynchronous(failover) || !group.eligible.includes(primary)) return [];
  return group.eligible.filter((id) => id !== primary && group.change?.positions[id] != null);
}

/** Nothing was chosen: the old primary comes back in its own epoch, which is always safe. */
export function failChange(turn: Turn, service: ServiceName, reason: string): void {
  const change = groupOf(turn.state, service)?.change ?? null;
  if (change === null) return;
  const { action, from } = change;
  const known = actionOf(turn.state, action);
  if (known?.incident === null) judge(turn, action, 'failed', reason);
  else onActionFinished(turn, action, false, { code: 'ACTION_FAILED', message: reason });
  if (groupOf(turn.state, service)?.change != null)
    turn.emit({ kind: 'action-outcome', incident: null, action, outcome: 'failed', reason });
  reconcile(turn, from);
}

/** The new primary serves: what was to bring that about is done. */
export function completeChange(turn: Turn, service: ServiceName): void {
  const group = groupOf(turn.state, service);
  if (group?.servedAt == null || group.action === null) return;
  const action = actionOf(turn.state, group.action);
  if (action === undefined || action.begun === null || action.done !== null) return;
  const { incident, planned } = action;
  if (incident === null) {
    onHandedOver(turn, action, service);
    return;
  }
  turn.emit({ kind: 'action-done', incident, action: planned.action, error: null });
  awaitEffect(turn, planned.action, planned.target);
  turn.touch(incident);
}
