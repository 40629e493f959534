/** Carries out decisions: records first, then the command. */
import type { ActionId, ComponentId, IncidentId, ServiceName } from '../model/ids.ts';
import { serviceOf } from '../model/ids.ts';
import type { Decision } from '../plan/plan.ts';
import { unjudgedAt } from './concerned.ts';
import { missingDependency } from './dependencies.ts';
import { awaitEffect } from './effect.ts';
import { budgetLeft } from './facts.ts';
import { failingDependency } from './graph.ts';
import { beginFence } from './handover.ts';
import { beginStart, beginStop, hold, releaseDependents } from './lifecycle.ts';
import { isUnderMaintenance } from './maintenance-state.ts';
import { notify } from './notices.ts';
import { offersOf } from './offer.ts';
import { beginRestore } from './restore-step.ts';
import { answers, isFailing } from './routing.ts';
import {
  type ActionState,
  type IncidentState,
  type InstanceState,
  instancesOf,
  isAlive,
  isRunning,
} from './state.ts';
import { followMs } from './treatment.ts';
import type { Turn } from './turn.ts';

/** How soon a dependency that failed one check, and shows nothing yet, is looked at again; twice as
 * long each time. */
const againMs = 2_000;
const againMaxMs = 60_000;

export function carryOut(
  turn: Turn,
  incident: IncidentState,
  target: ComponentId,
  decision: Decision,
): void {
  const told = incident.told;
  // What holds it back will be an event: another instance is ready, the store can write again.
  if (decision.verdict === 'later') return;
  const action = planAction(turn, incident, target, decision);
  const instance = turn.instance(target);
  switch (decision.verdict) {
    case 'act':
      if (decision.delayMs > 0 && instance !== undefined && !isAlive(instance))
        backOff(turn, instance, decision.delayMs);
      else begin(turn, incident.id, action, decision);
      break;
    case 'wait':
      wait(turn, incident, action, instance, decision.reason);
      break;
    case 'person':
      needPerson(turn, incident, instance, decision.reason);
      return;
    case 'would':
      if (instance !== undefined) leaveForNow(turn, instance, decision.reason);
      break;
    case 'tell':
      break;
  }
  if (!told) notify(turn, incident, 'open', decision.reason);
}

/** Under maintenance what is down stays down, until a person starts it or that ends. */
function leaveForNow(turn: Turn, instance: InstanceState, reason: string): void {
  if (!isUnderMaintenance(turn.state, instance.service) || isAlive(instance)) return;
  hold(turn, instance, reason, 'person');
  releaseDependents(turn, instance.service);
}

function planAction(
  turn: Turn,
  incident: IncidentState,
  target: ComponentId,
  decision: Decision,
): ActionId {
  const action = turn.newAction();
  const planned = {
    action,
    kind: decision.kind,
    target,
    name: decision.userAction?.name ?? null,
    reason: decision.reason,
    wouldOnly: decision.verdict === 'would',
    considered: decision.considered,
    ...(decision.verdict === 'tell' ? { about: holdingAt(incident, target) } : {}),
  };
  turn.emit({ kind: 'action-planned', incident: incident.id, planned });
  return action;
}

function holdingAt({ symptoms }: IncidentState, component: ComponentId): string[] {
  return symptoms.flatMap(({ symptom, ended }) =>
    ended === null && symptom.component === component ? [symptom.id] : [],
  );
}

function backOff(turn: Turn, instance: InstanceState, delayMs: number): void {
  const until = turn.at + delayMs;
  hold(turn, instance, 'backs off before the next try', 'back-off', until);
  turn.setTimer(`backoff:${instance.id}`, until);
}

/** The back-off of an instance is over: its planned restart begins, or is planned anew. */
export function onBackOffOver(turn: Turn, id: ComponentId): IncidentId | null {
  const instance = turn.instance(id);
  if (instance?.hold !== 'back-off' || instance.wanted === 'down') return null;
  const found = plannedAt(turn, id);
  if (found === undefined) return null;
  const { planned, incident } = found;
  if (incident === null) return null;
  const reason = changedMeanwhile(turn, instance);
  const { action } = planned;
  if (reason === null) {
    begin(turn, incident, action, { hurry: false, spared: false });
    return null;
  }
  turn.emit({ kind: 'action-outcome', incident, action, outcome: 'unknown', reason });
  return incident;
}

/** What was planned for it, and not begun, is not done: it came back by itself, or is given up. */
export function letGoOfPlanned(turn: Turn, instance: InstanceState, reason: string): void {
  const found = plannedAt(turn, instance.id);
  if (found === undefined || found.incident === null) return;
  const { incident, planned } = found;
  turn.clearTimer(`backoff:${instance.id}`);
  turn.emit({
    kind: 'action-outcome',
    incident,
    action: planned.action,
    outcome: 'unknown',
    reason,
  });
  turn.touch(incident);
}

/** Why what was planned before the back-off no longer holds. */
function changedMeanwhile(turn: Turn, { service }: InstanceState): string | null {
  const { state, at } = turn;
  if (isUnderMaintenance(state, service)) return `${service} is under maintenance`;
  const waits = failingDependency(state, service, at) !== null;
  if (waits && !isProvisional(turn, service)) return 'a dependency failed meanwhile';
  const known = state.services[service];
  const mine =
    known === undefined || budgetLeft(known.spec.recovery.budget, known.acts, at).left > 0;
  const all =
    state.stack === null || budgetLeft(state.stack.recovery.budget, state.acts, at).left > 0;
  return mine && all ? null : 'the budget was spent meanwhile';
}

/** The action at a component that is planned and not begun. */
function plannedAt(turn: Turn, target: ComponentId): ActionState | undefined {
  return unjudgedAt(turn.state, target).find(
    ({ planned, begun }) =>
      (planned.kind === 'restart' || planned.kind === 'retry') &&
      begun === null &&
      !planned.wouldOnly,
  );
}

function begin(
  turn: Turn,
  incident: IncidentId,
  action: ActionId,
  how: Pick<Decision, 'hurry' | 'spared'> & Partial<Decision>,
): void {
  const planned = turn.state.incidents[incident]?.actions.find(
    (one) => one.planned.action === action,
  )?.planned;
  if (planned === undefined) return;
  turn.watchRoute(planned.target);
  turn.emit({ kind: 'action-begun', incident, action, spared: how.spared });
  const instance = turn.instance(planned.target);
  if (planned.kind === 'run' && how.userAction != null) {
    const { name, command, timeoutMs } = how.userAction;
    const service = serviceOf(planned.target) ?? '';
    const id = instance?.id ?? null;
    turn.command({ kind: 'run', action, service, instance: id, name, command, timeoutMs }, false);
  } else if (planned.kind === 'take-out') {
    turn.emit({ kind: 'action-done', incident, action, error: null });
    awaitEffect(turn, action, planned.target);
  } else if (planned.kind === 'fail-over' && instance !== undefined) {
    // What still answers can end in order, and its standbys receive everything.
    beginFence(turn, instance, action, answers(turn.state, instance));
  } else if (planned.kind === 'restore' && instance !== undefined) {
    const target = { kind: 'latest' as const };
    const order = { target, into: instance.id, only: [], identity: null };
    beginRestore(turn, instance.service, action, order);
  } else if (planned.kind === 'rejoin' && instance !== undefined) {
    beginFence(turn, instance, action, false);
  } else if (instance !== undefined) replace(turn, instance, action, how.hurry);
}

/** Starts it, after a stop if it runs. */
function replace(turn: Turn, instance: InstanceState, action: ActionId, hurry: boolean): void {
  turn.clearTimer(`backoff:${instance.id}`);
  if (isAlive(instance)) beginStop(turn, instance.id, action, { hurry, recovery: true });
  else beginStart(turn, instance.id, action, true);
}

function wait(
  turn: Turn,
  incident: IncidentState,
  action: ActionId,
  instance: InstanceState | undefined,
  reason: string,
): void {
  turn.emit({ kind: 'action-begun', incident: incident.id, action, spared: true });
  if (instance === undefined) return;
  if (isProvisional(turn, instance.service) || isAlive(instance)) {
    const waits = incident.actions.filter((one) => one.planned.kind === 'wait').length;
    const againInMs = Math.min(againMaxMs, againMs * 2 ** Math.min(30, waits - 1));
    turn.setTimer(`recheck:${incident.id}`, turn.at + againInMs);
  }
  if (isAlive(instance)) return;
  const text = reason.slice(reason.indexOf(': it ') + 5);
  hold(turn, instance, text, 'dependency');
}

/** What is waited for failed a check on request, and nothing else tells when it is well again. */
export function isProvisional(turn: Turn, service: ServiceName): boolean {
  if (missingDependency(turn.state, service) !== null) return false;
  const dependencies = turn.state.services[service]?.spec.dependsOn ?? [];
  return !dependencies.some((dependency) => {
    const instances = instancesOf(turn.state, dependency.service);
    if (instances.some((one) => isFailing(turn.state, one))) return true;
    // One that is still coming up becomes ready, or shows that it doesn't.
    const comesUp = instances.some(isRunning) && !instances.some((one) => one.phase === 'ready');
    return comesUp && dependency.required;
  });
}

function needPerson(
  turn: Turn,
  incident: IncidentState,
  instance: InstanceState | undefined,
  reason: string,
): void {
  const offers = instance === undefined ? undefined : offersOf(turn.state, instance);
  const again = incident.state === 'needs-person' && !(offers === true && !incident.offered);
  const told = { incident: incident.id, reason, ...(offers !== undefined && { offers }) };
  turn.emit({ kind: 'incident-needs-person', ...told });
  if (instance !== undefined && !isAlive(instance)) hold(turn, instance, reason, 'person');
  if (instance !== undefined) releaseDependents(turn, instance.service);
  if (!again) notify(turn, incident, 'needs-person', reason);
  const service = instance === undefined ? undefined : turn.state.services[instance.service];
  const slowRetryMs = service?.spec.recovery.slowRetryMs;
  if (slowRetryMs !== undefined) turn.setTimer(`slow:${incident.id}`, turn.at + slowRetryMs);
}

/** A dependency came back: an instance that was held for it is started at once. */
export function release(turn: Turn, instance: InstanceState): void {
  const incident = turn.state.symptoms[instance.symptoms[0] ?? '']?.incident ?? null;
  const state = incident === null ? undefined : turn.state.incidents[incident];
  if (incident === null || state === undefined || instance.wanted === 'down') return;
  turn.setTimer(`recheck:${incident}`, turn.at + followMs);
  if (isUnderMaintenance(turn.state, instance.service)) return;
  if (instance.phase !== 'held' || instance.hold !== 'dependency') return;
  if (failingDependency(turn.state, instance.service, turn.at) !== null) return;
  endWaits(turn, state, instance.id, 'verified', 'what it waited for is ready');
  const reason = `start ${instance.id}: what it waited for is ready`;
  const how = { hurry: false, spared: true };
  const action = turn.newAction();
  const planned = { action, kind: 'restart' as const, target: instance.id, name: null, reason };
  turn.emit({
    kind: 'action-planned',
    incident,
    planned: { ...planned, wouldOnly: false, considered: [] },
  });
  begin(turn, incident, action, how);
}

/** Judges the waiting of an instance, or of all of an incident. */
export function endWaits(
  turn: Turn,
  incident: IncidentState,
  target: ComponentId | null,
  outcome: 'verified' | 'unknown',
  reason: string,
): void {
  for (const { planned, outcome: judged } of [...incident.actions]) {
    if (planned.kind !== 'wait' || judged !== null) continue;
    if (target !== null && planned.target !== target) continue;
    const { action } = planned;
    turn.emit({ kind: 'action-outcome', incident: incident.id, action, outcome, reason });
  }
}

/** The symptom that made it slow is over: it gets connections again. */
export function putBack(turn: Turn, incident: IncidentState): void {
  for (const { planned } of [...incident.actions]) {
    const instance = turn.instance(planned.target);
    if (planned.kind !== 'take-out' || instance?.takenOut !== true) continue;
    const action = turn.newAction();
    const reason = `put ${instance.id} back: its symptoms are over`;
    const back = { ...planned, action, kind: 'put-back' as const, reason, considered: [] };
    turn.watchRoute(instance.id);
    turn.emit({ kind: 'action-planned', incident: incident.id, planned: back });
    turn.emit({ kind: 'action-begun', incident: incident.id, action, spared: true });
    turn.emit({ kind: 'action-done', incident: incident.id, action, error: null });
  }
}
