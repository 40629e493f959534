/** Asks dependencies to be checked now, before their dependants are acted on. */
import type { EngineEvent } from '../model/event.ts';
import { type InstanceId, type ServiceName, serviceOf } from '../model/ids.ts';
import type { Symptom } from '../model/symptom.ts';
import { waitingFor } from './concerned.ts';
import {
  dependenciesOf,
  failingDependency,
  freshlyConfirmed,
  mayComeFromDependency,
} from './graph.ts';
import { isFailing } from './routing.ts';
import { type IncidentState, instancesOf } from './state.ts';
import { endStale } from './symptoms.ts';
import type { Turn } from './turn.ts';

const confirmTimeoutMs = 250;
/** For the answer to arrive. */
const confirmSlackMs = 250;
/** Asks whether a dependency is behind the symptoms, unless that is known. True: wait for it. */
export function askConfirm(
  turn: Turn,
  incident: IncidentState,
  symptoms: readonly Symptom[],
): boolean {
  const services = new Set<ServiceName>();
  for (const symptom of symptoms) {
    const service = serviceOf(symptom.component);
    if (service !== null && mayComeFromDependency(turn.state, symptom)) services.add(service);
  }
  const instances = new Set<InstanceId>();
  for (const service of services) {
    if (failingDependency(turn.state, service, turn.at) !== null) continue;
    for (const name of dependenciesOf(turn.state, service)) addUnconfirmed(turn, name, instances);
  }
  if (instances.size === 0) return false;
  const { confirm } = incident;
  if (confirm !== null && turn.at < confirm.until) return confirm.waiting.length > 0;
  // Who did not answer in time is not asked again at once: what is known has to do.
  if (confirm?.waiting.some((one) => instances.has(one))) {
    if (turn.at < confirm.until + 2 * (confirmTimeoutMs + confirmSlackMs)) return false;
  }
  const asked = [...instances];
  const until = turn.at + confirmTimeoutMs + confirmSlackMs;
  turn.emit({ kind: 'confirm-asked', incident: incident.id, instances: asked, until });
  turn.setTimer(`confirm:${incident.id}`, until);
  turn.command({ kind: 'confirm', instances: asked, timeoutMs: confirmTimeoutMs }, true);
  return true;
}

function addUnconfirmed(turn: Turn, service: ServiceName, into: Set<InstanceId>): void {
  if (turn.state.services[service]?.spec.healthcheck == null) return;
  for (const one of instancesOf(turn.state, service)) {
    const known = isFailing(turn.state, one) || freshlyConfirmed(one, turn.at) !== null;
    if (one.phase === 'ready' && !known) into.add(one.id);
  }
}

export function onConfirmed(turn: Turn, event: EngineEvent & { kind: 'confirmed' }): void {
  const { instance: id, healthy, evidence } = event;
  const instance = turn.state.instances[id];
  if (instance === undefined || (instance.phase !== 'ready' && instance.phase !== 'running'))
    return;
  const waiting = waitingFor(turn.state, id);
  if (healthy && instance.stale) endStale(turn, instance);
  turn.emit({ kind: 'instance-confirmed', instance: id, healthy, evidence });
  for (const one of waiting) {
    const left = one.confirm?.waiting ?? [];
    if (left.length === 0) turn.clearTimer(`confirm:${one.id}`);
    if (left.length === 0 || !healthy) turn.touch(one.id);
  }
}
