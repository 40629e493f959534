/**
 * Brings instances to what is wanted, when nothing is wrong: starts in the order of dependencies,
 * stops in reverse. What ends or fails by itself is the incidents' business.
 */
import type { ActionId, InstanceId, ServiceName } from '../model/ids.ts';
import { unjudgedAt } from './concerned.ts';
import { missingDependency } from './dependencies.ts';
import {
  firstPrimary,
  groupOf,
  isGivenUp,
  isLeaving,
  missingPrimary,
  orderFor,
  primaryOf,
} from './group.ts';
import { whyRestoring } from './restoring.ts';
import { type Hold, type InstanceState, instancesOf, isAlive, isOurs, isRunning } from './state.ts';
import { isRemedy } from './treatment.ts';
import type { Turn } from './turn.ts';

const stopAgainMs = 10_000;

/** Takes the next step, if there is one, from what an instance is to what is wanted of it. */
export function reconcile(turn: Turn, id: InstanceId): void {
  const instance = turn.state.instances[id];
  if (instance === undefined || turn.state.looking) return;
  if (instance.wanted === 'down') bringDown(turn, instance);
  else if (instance.phase === 'stopped') bringUp(turn, instance);
  else if (instance.phase === 'held' && isPlainHold(instance)) bringUp(turn, instance);
}

/** Held before its first start, not after a fault of its own. */
function isPlainHold(instance: InstanceState): boolean {
  const waits = instance.hold === 'dependency' || instance.hold === 'observe';
  return waits && instance.symptoms.length === 0;
}

function bringUp(turn: Turn, instance: InstanceState): void {
  if (isObserved(turn, instance.service)) {
    hold(turn, instance, `observe mode: would start ${instance.id}`, 'observe');
    return;
  }
  const missing = whyNotStart(turn, instance);
  if (missing === null) beginStart(turn, instance.id, turn.newAction(), false);
  else hold(turn, instance, missing, 'dependency');
}

/** What has to be there before it is started: dependencies, its primary; or null. */
export function whyNotStart({ state }: Turn, instance: InstanceState): string | null {
  return (
    whyRestoring(state, instance.service) ??
    missingDependency(state, instance.service)?.text ??
    missingPrimary(state, instance)
  );
}

export function isObserved(turn: Turn, service: ServiceName): boolean {
  const spec = turn.state.services[service]?.spec;
  return turn.state.stack?.mode === 'observe' || spec?.mode === 'observe';
}

export function hold(
  turn: Turn,
  instance: InstanceState,
  reason: string,
  waitsFor: Hold,
  until: number | null = null,
): void {
  const same = instance.phase === 'held' && instance.note === reason && instance.until === until;
  if (same && instance.hold === waitsFor) return;
  turn.emit({ kind: 'instance-held', instance: instance.id, reason, until, waitsFor });
}

export function beginStart(
  turn: Turn,
  instance: InstanceId,
  action: ActionId,
  recovery: boolean,
): void {
  const known = turn.state.instances[instance];
  if (known !== undefined && isHeldBack(turn, known)) return;
  if (known !== undefined) formGroup(turn, known.service);
  overtake(turn, instance, action);
  turn.emit({ kind: 'instance-starting', instance, action });
  commandStart(turn, instance, action, recovery);
}

/** F1: what is being fenced is not started before that is over. */
function isHeldBack(turn: Turn, instance: InstanceState): boolean {
  const restoring = whyRestoring(turn.state, instance.service);
  if (restoring !== null) {
    hold(turn, instance, restoring, 'dependency');
    return true;
  }
  const group = groupOf(turn.state, instance.service);
  if (group === null || !isGivenUp(group, instance.id)) return false;
  hold(turn, instance, missingPrimary(turn.state, instance) ?? '', 'dependency');
  return true;
}

/** The first primary is chosen before anything of the group is started. */
export function formGroup(turn: Turn, service: ServiceName): void {
  const group = groupOf(turn.state, service);
  if (group === null || group.primary !== null) return;
  const primary = firstPrimary(turn.state, service);
  const reason = `F7: ${primary} is the first primary of ${service}: epoch 1`;
  const first = { epoch: 1, primary, eligible: [], action: null, reason };
  turn.emit({ kind: 'primary-chosen', service, ...first });
}

/** With failover nothing is started by what the log may not keep: an epoch, the eligible ones. */
export function commandStart(
  turn: Turn,
  instance: InstanceId,
  action: ActionId,
  recovery: boolean,
): void {
  const known = turn.state.instances[instance];
  const order = known === undefined ? null : orderFor(turn.state, known);
  if (order === null) turn.command({ kind: 'start', instance, action }, recovery);
  else turn.command({ kind: 'start', instance, action, order }, false);
}

export function beginStop(
  turn: Turn,
  instance: InstanceId,
  action: ActionId,
  how: { readonly hurry: boolean; readonly recovery: boolean },
): void {
  overtake(turn, instance, action);
  turn.emit({ kind: 'instance-stopping', instance, action, hurry: how.hurry });
  turn.command({ kind: 'stop', instance, action, hurry: how.hurry }, how.recovery);
}

/** An action at the instance that was not done yet gives way to this one. */
export function overtake(turn: Turn, target: InstanceId, by: ActionId): void {
  for (const { planned, incident, done } of unjudgedAt(turn.state, target)) {
    const gives = isRemedy({ planned }) && done === null && planned.action !== by;
    if (!gives || incident === null) continue;
    const how = { outcome: 'unknown' as const, reason: 'overtaken by another action' };
    turn.emit({ kind: 'action-outcome', incident, action: planned.action, ...how });
    turn.touch(incident);
  }
}

function bringDown(turn: Turn, instance: InstanceState): void {
  if (instance.phase === 'stopping' || instance.phase === 'stopped') return;
  if (instance.unasked && !instance.removed) return;
  if (isLeaving(turn.state, instance)) {
    turn.pursue(instance.service);
    return;
  }
  if (isRunning(instance) && isObserved(turn, instance.service) && !instance.removed) {
    leaveAlone(turn, instance);
    return;
  }
  if (!isAlive(instance) || instance.unasked || isObserved(turn, instance.service)) {
    const action = turn.newAction();
    turn.emit({ kind: 'instance-stopped', instance: instance.id, action });
    afterGone(turn, instance);
    return;
  }
  if (hasDependentsGoingDown(turn, instance.service) || isPrimaryFirst(turn, instance)) return;
  // A person's «down» must be possible although the disk is full; a single stop can wait.
  const recovery = Object.values(turn.state.requests).some(
    ({ request }) => request.kind === 'down',
  );
  beginStop(turn, instance.id, turn.newAction(), { hurry: false, recovery });
}

/** What is only observed goes on, and is seen to go on: nobody would tell that it runs. */
function leaveAlone(turn: Turn, instance: InstanceState): void {
  const { id, pid, port, startedAt } = instance;
  turn.emit({ kind: 'instance-adopted', instance: id, pid, port, startedAt });
  afterGone(turn, instance);
}

/** A stop that failed is tried again a while later, as long as it is wanted. */
export function stopAgain(turn: Turn, { id, wanted }: InstanceState): void {
  if (wanted === 'down') turn.setTimer(`stop:${id}`, turn.at + stopAgainMs);
}

/** A dependent that is to be stopped too goes first. */
function hasDependentsGoingDown(turn: Turn, service: ServiceName): boolean {
  const dependents = turn.state.services[service]?.dependents ?? [];
  return dependents.some((name) =>
    instancesOf(turn.state, name).some((one) => one.wanted === 'down' && isOurs(one)),
  );
}

/** A standby goes after its primary, which would have to go on without it (F4). */
function isPrimaryFirst(turn: Turn, { id, service, phase }: InstanceState): boolean {
  // One that is being made has nothing that the primary waits for.
  const isMade = phase === 'starting' && !groupOf(turn.state, service)?.eligible.includes(id);
  if (isMade) return false;
  const primary = primaryOf(turn.state, service);
  return primary !== null && primary.id !== id && primary.wanted === 'down' && isAlive(primary);
}

/** Goes on with what waited for an instance to be gone. */
export function afterGone(turn: Turn, instance: InstanceState): void {
  const { services, order } = turn.state;
  // A service that left the stack file is forgotten by now, and what it depended on with it.
  const depended = services[instance.service]?.spec.dependsOn.map(({ service }) => service);
  const siblings = groupOf(turn.state, instance.service) === null ? [] : [instance.service];
  for (const name of [...siblings, ...(depended ?? order)]) {
    for (const one of instancesOf(turn.state, name)) {
      if (one.wanted === 'down' && one.id !== instance.id) reconcile(turn, one.id);
    }
  }
}

/** Goes on with what waited for a service to be started, ready or completed. */
export function releaseDependents(turn: Turn, service: ServiceName): void {
  for (const name of turn.state.services[service]?.dependents ?? []) {
    for (const one of instancesOf(turn.state, name)) {
      if (one.phase === 'held' && isPlainHold(one)) reconcile(turn, one.id);
    }
  }
}

/** A process that nobody expected to see, such as an external service that came back. */
export function adopt(turn: Turn, instance: InstanceState): void {
  if (isRunning(instance)) return;
  turn.emit({
    kind: 'instance-adopted',
    instance: instance.id,
    pid: instance.pid,
    port: instance.port,
    startedAt: null,
  });
}
