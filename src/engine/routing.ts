/**
 * Where a service's endpoint leads: a pure function of the state.
 *
 * 1. Only an instance that has been ready since its start gets connections.
 * 2. One that is suspected or fails its checks gets new ones only if no better one is left.
 * 3. One that ended is out at once; one that is being stopped keeps what it has.
 */
import type { Command, RouteTarget } from '../model/command.ts';
import type { ServiceName } from '../model/ids.ts';
import type { SymptomKind } from '../model/symptom.ts';
import { type EngineState, type InstanceState, instancesOf } from './state.ts';

type RouteCommand = Extract<Command, { readonly kind: 'route' }>;

const failing: ReadonlySet<SymptomKind> = new Set([
  'health-timeout',
  'health-refused',
  'health-failed',
  'unready',
  'stopped',
]);

/** Its checks fail, or the kernel says that it is stopped. */
export function isFailing(state: EngineState, instance: InstanceState): boolean {
  return instance.symptoms.some((id) => {
    const kind = state.symptoms[id]?.symptom.kind;
    return kind !== undefined && failing.has(kind);
  });
}

/** It is ready and answers, as far as is known. */
export function answers(state: EngineState, instance: InstanceState): boolean {
  return instance.phase === 'ready' && !isFailing(state, instance);
}

export function routeTargets(state: EngineState, service: ServiceName): RouteTarget[] {
  const ready = instancesOf(state, service).filter((one) => one.readyAt !== null);
  const anyGood = ready.some((one) => isGood(state, one));
  const targets: RouteTarget[] = [];
  for (const one of ready) {
    if (one.port === null || (one.phase === 'stopping' && one.hurry)) continue;
    const serves = anyGood ? isGood(state, one) : one.phase === 'ready';
    targets.push({ instance: one.id, port: one.port, state: serves ? 'serving' : 'draining' });
  }
  return targets;
}

function isGood(state: EngineState, instance: InstanceState): boolean {
  return answers(state, instance) && !instance.suspected && !instance.takenOut;
}

/** Null: the service has no endpoint. */
export function routeCommand(state: EngineState, service: ServiceName): RouteCommand | null {
  if (state.services[service]?.spec.endpoint == null) return null;
  const targets = routeTargets(state, service);
  return { kind: 'route', service, targets, unrecordedOk: true };
}

export function isSameRoute(a: readonly RouteTarget[], b: readonly RouteTarget[]): boolean {
  if (a.length !== b.length) return false;
  return a.every((one, index) => {
    const other = b[index];
    return one.instance === other?.instance && one.port === other.port && one.state === other.state;
  });
}
