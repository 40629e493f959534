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
  const good = ready.filter((one) => answers(state, one) && !one.suspected && !one.takenOut);
  const serving = good.length > 0 ? good : ready.filter((one) => one.phase === 'ready');
  const targets: RouteTarget[] = [];
  for (const instance of ready) {
    if (instance.port === null) continue;
    if (instance.phase === 'stopping' && instance.hurry) continue;
    const state = serving.includes(instance) ? 'serving' : 'draining';
    targets.push({ instance: instance.id, port: instance.port, state });
  }
  return targets;
}

/** Null: the service has no endpoint. */
export function routeCommand(state: EngineState, service: ServiceName): Command | null {
  if (state.services[service]?.spec.endpoint == null) return null;
  return {
    kind: 'route',
    service,
    targets: routeTargets(state, service),
    unrecordedOk: true,
  };
}

/** Equal for equal routes. */
export function routeKey(state: EngineState, service: ServiceName): string {
  if (state.services[service]?.spec.endpoint == null) return '';
  let key = '';
  for (const target of routeTargets(state, service))
    key += `${target.instance} ${target.port} ${target.state}\n`;
  return key;
}
