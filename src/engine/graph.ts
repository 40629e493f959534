/** The dependency graph, walked from one service only as far as it is connected. */
import { type ServiceName, serviceOf } from '../model/ids.ts';
import type { Symptom, SymptomKind } from '../model/symptom.ts';
import { missingDependency, providersOf } from './dependencies.ts';
import { groupOf } from './group.ts';
import { isFailing } from './routing.ts';
import { type EngineState, type InstanceState, instancesOf, isRunning } from './state.ts';

type Services = ReadonlySet<ServiceName>;

/**
 * What was found, for as long as the stack is defined so: each definition, and each service that is
 * forgotten, makes another `order`. A memory beside the state.
 */
interface Reach {
  readonly direct: Readonly<Record<ServiceName, readonly ServiceName[]>>;
  readonly down: Map<ServiceName, Services>;
  readonly up: Map<ServiceName, Services>;
}

const reaches = new WeakMap<EngineState['order'], Reach>();
/** What is found fast enough, or would take much room, is not kept. */
const keptMax = 100;

function reachIn({ order, services }: EngineState): Reach {
  const known = reaches.get(order);
  if (known !== undefined) return known;
  const direct = Object.fromEntries(
    Object.entries(services).map(([name, { spec }]) => [
      name,
      spec.dependsOn.map((one) => one.service),
    ]),
  );
  const reach = { direct, down: new Map(), up: new Map() };
  reaches.set(order, reach);
  return reach;
}

/** What each service depends on directly. */
export function directDependencies(state: EngineState): Reach['direct'] {
  return reachIn(state).direct;
}

/** All services that this one depends on, directly or through others; without itself. */
export function dependenciesOf(state: EngineState, service: ServiceName): Services {
  const { direct, down } = reachIn(state);
  const known = down.get(service);
  if (known !== undefined) return known;
  const found = closure(service, (name) => direct[name] ?? []);
  if (found.size <= keptMax) down.set(service, found);
  return found;
}

/** All services that depend on this one, directly or through others; without itself. */
export function dependentsOf(state: EngineState, service: ServiceName): Services {
  const { up } = reachIn(state);
  const known = up.get(service);
  if (known !== undefined) return known;
  const found = closure(service, (name) => state.services[name]?.dependents ?? []);
  if (found.size <= keptMax) up.set(service, found);
  return found;
}

function closure(from: ServiceName, next: (name: ServiceName) => readonly ServiceName[]): Services {
  const found = new Set<ServiceName>();
  const queue = [from];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    for (const one of next(name)) {
      if (found.has(one)) continue;
      found.add(one);
      queue.push(one);
    }
  }
  return found;
}

/** Symptoms that a failing dependency can bring about. */
const passedOn: ReadonlySet<SymptomKind> = new Set([
  'exit',
  'health-timeout',
  'health-refused',
  'health-failed',
  'unready',
  'latency',
  'error',
  'log',
  'signal',
]);

/** An exit by a signal, which no dependency brings about. */
export function isKilled(state: EngineState, symptom: Symptom): boolean {
  if (symptom.kind === 'oom') return true;
  if (symptom.kind !== 'exit') return false;
  return state.instances[symptom.component as `${string}/${number}`]?.killed === true;
}

export function mayComeFromDependency(state: EngineState, symptom: Symptom): boolean {
  return passedOn.has(symptom.kind) && !isKilled(state, symptom);
}

/** How long the answer to a `confirm` counts. */
const confirmedForMs = 2000;

export function freshlyConfirmed(instance: InstanceState, at: number): boolean | null {
  const { confirmed } = instance;
  return confirmed !== null && at - confirmed.at <= confirmedForMs ? confirmed.healthy : null;
}

function isReady({ phase }: InstanceState): boolean {
  return phase === 'ready';
}

/** It runs, its checks do not fail, and it did not just fail one on request. */
function isSound(state: EngineState, instance: InstanceState, at: number): boolean {
  return !isFailing(state, instance) && freshlyConfirmed(instance, at) !== false;
}

/**
 * Why a service can't work now: a dependency that it requires is missing, fails, or is still coming
 * up, which is enough for a first start where `service_started` is, and not for one that failed.
 */
export function failingDependency(
  state: EngineState,
  service: ServiceName,
  at: number,
): string | null {
  const missing = missingDependency(state, service);
  if (missing !== null) return missing.text;
  for (const one of state.services[service]?.spec.dependsOn ?? []) {
    if (!one.required || one.condition === 'service_completed_successfully') continue;
    const why = whyNotWorking(state, one.service, at);
    if (why !== null) return `waits for ${one.service}${why}`;
  }
  return null;
}

/** Of what runs. */
function whyNotWorking(state: EngineState, service: ServiceName, at: number): string | null {
  const running = instancesOf(state, service).filter(isRunning);
  if (running.length === 0) return null;
  const sound = running.filter((one) => isSound(state, one, at));
  if (sound.length === 0) return ': it fails its checks';
  if (!sound.some(isReady)) return ': not ready yet';
  // Nobody checks it, so that its lacking what it needs itself does not show.
  const unchecked = state.services[service]?.spec.healthcheck == null;
  const further = unchecked ? failingDependency(state, service, at) : null;
  return further === null ? null : `, which ${further}`;
}

/** A dependency that went down shortly before; what it tore down with it is not to blame. */
export function recentlyDown(
  state: EngineState,
  service: ServiceName,
  at: number,
): ServiceName | null {
  for (const name of dependenciesOf(state, service)) {
    if (changedPrimary(state, name, at)) return name;
    const instances = providersOf(state, name);
    if (instances.length > 0 && instances.every((one) => wasDown(one, at))) return name;
  }
  return null;
}

const afterEffectMs = 10_000;

/** The primary failed and another takes over, or did a moment ago. On a person's wish connections
 * end between transactions, so nothing is torn down by that but what began before it was done. */
function changedPrimary(state: EngineState, service: ServiceName, at: number): boolean {
  const group = groupOf(state, service);
  if (group === null) return false;
  if (group.change !== null || (group.servedAt === null && group.epoch > 1)) return true;
  const sinceMs = at - (group.servedAt ?? at);
  if (group.failed) return sinceMs <= afterEffectMs;
  return group.epoch > 1 && sinceMs < 0 && -sinceMs <= afterEffectMs;
}

/** It ceased to serve by a fault of its own, and is not back, or was not until a moment ago. */
function wasDown({ downAt, readyAt }: InstanceState, at: number): boolean {
  if (downAt === null) return false;
  return readyAt === null || at - Math.max(downAt, readyAt) <= afterEffectMs;
}

/**
 * A dependency may not have worked when the instance failed: it is still coming up, or came up only
 * a moment ago, after the instance or without a check, or it failed its checks until then.
 */
export function hasDoubtfulDependency(
  state: EngineState,
  { service, startingAt }: InstanceState,
  at: number,
): boolean {
  return [...dependenciesOf(state, service)].some((name) => {
    const unchecked = state.services[name]?.spec.healthcheck == null;
    const running = instancesOf(state, name).filter(isRunning);
    const isLate = (time: number) => at - time <= afterEffectMs;
    const isDoubtful = ({ readyAt, failedUntil }: InstanceState) =>
      readyAt === null ||
      (isLate(readyAt) && (unchecked || readyAt > (startingAt ?? 0))) ||
      (failedUntil !== null && isLate(failedUntil));
    return running.length > 0 && running.every(isDoubtful);
  });
}

/** Whether one of two symptoms may be an effect of what the other shows. */
export function isConnected(state: EngineState, a: Symptom, b: Symptom): boolean {
  const serviceA = serviceOf(a.component);
  const serviceB = serviceOf(b.component);
  if (serviceA === null || serviceB === null) return a.component === b.component;
  if (serviceA === serviceB) return true;
  if (mayComeFromDependency(state, a) && dependenciesOf(state, serviceA).has(serviceB)) return true;
  return mayComeFromDependency(state, b) && dependenciesOf(state, serviceB).has(serviceA);
}
