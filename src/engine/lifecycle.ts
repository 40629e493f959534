/**
 * Brings instances to what is wanted, when nothing is wrong: starts in the order of dependencies,
 * stops in reverse. What ends or fails by itself is the incidents' business.
 */
import type { ActionId, InstanceId, ServiceName } from '../model/ids.ts';
import { missingDependency } from './dependencies.ts';
import {
  type Hold,
  type InstanceState,
  instancesOf,
  isAlive,
  isRunning,
  unjudgedAt,
} from './state.ts';
import { isRemedy } from './treatment.ts';
import type { Turn } from './turn.ts';

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
  const missing = missingDependency(turn.state, instance.service);
  if (missing === null) beginStart(turn, instance.id, turn.newAction(), false);
  else hold(turn, instance, missing.text, 'dependency');
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
  overtake(turn, instance, action);
  turn.emit({ kind: 'instance-starting', instance, action });
  turn.command({ kind: 'start', instance, action }, recovery);
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
function overtake(turn: Turn, target: InstanceId, by: ActionId): void {
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
  if (!isAlive(instance) || instance.unasked || isObserved(turn, instance.service)) {
    const action = turn.newAction();
    turn.emit({ kind: 'instance-stopped', instance: instance.id, action });
    afterGone(turn, instance);
    return;
  }
  if (hasDependentsGoingDown(turn, instance.service)) return;
  // A person's «down» must be possible although the disk is full; a single stop can wait.
  const recovery = Object.values(turn.state.requests).some(
    ({ request }) => request.kind === 'down',
  );
  beginStop(turn, instance.id, turn.newAction(), { hurry: false, recovery });
}

/** A dependent that is to be stopped too goes first. */
function hasDependentsGoingDown(turn: Turn, service: ServiceName): boolean {
  const dependents = turn.state.services[service]?.dependents ?? [];
  return dependents.some((name) =>
    instancesOf(turn.state, name).some((one) => one.wanted === 'down' && isAlive(one)),
  );
}

/** Goes on with what waited for an instance to be gone. */
export function afterGone(turn: Turn, instance: InstanceState): void {
  const { services, order } = turn.state;
  // A service that left the stack file is forgotten by now, and what it depended on with it.
  const depended = services[instance.service]?.spec.dependsOn.map(({ service }) => service);
  for (const name of depended ?? [...order]) {
    for (const one of instancesOf(turn.state, name)) {
      if (one.wanted === 'down') reconcile(turn, one.id);
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
