/**
 * Where a service's endpoint leads: a pure function of the state.
 *
 * 1. Only an instance that has been ready since its start gets connections.
 * 2. One that is suspected or fails its checks gets new ones only if no better one is left.
 * 3. One that ended is out at once; one that is being stopped keeps what it has.
 * 4. With failover only the recorded primary gets connections, and only once a write through it
 *    succeeded (F2); from the moment it is to be fenced it gets none.
 */
import type { Command, GroupRoute, RouteTarget } from '../model/command.ts';
import type { ServiceName } from '../model/ids.ts';
import type { SymptomKind } from '../model/symptom.ts';
import { failoverOf, groupOf, isSynchronous, primaryOf, standbysOf } from './group.ts';
import type { EngineState, InstanceState, ServiceState } from './state.ts';

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
  if (instance.symptoms.length === 0) return false;
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
  const known = state.services[service];
  if (known === undefined) return [];
  return known.spec.failover === undefined
    ? balanced(state, known)
    : primaryTargets(state, service);
}

function balanced(state: EngineState, { instances: ids }: ServiceState): RouteTarget[] {
  // With room for all from the beginning: it is made for most events.
  const targets = new Array<RouteTarget>(ids.length);
  let count = 0;
  let anyGood = false;
  for (const id of ids) {
    const one = state.instances[id];
    if (one === undefined || one.readyAt === null) continue;
    const good = isGood(state, one);
    anyGood ||= good;
    if (one.port === null || (one.phase === 'stopping' && one.hurry)) continue;
    targets[count] = { instance: id, port: one.port, state: good ? 'serving' : 'draining' };
    count += 1;
  }
  targets.length = count;
  return anyGood ? targets : targets.map((one) => withoutBetter(state, one));
}

/** As many instances as a bitmask has room for. */
const maskMax = 31;

/**
 * For what changes nothing but whether an instance is suspected: those that get new connections, as
 * a bitmask. The route is the same as long as this is. Null: more than that may follow.
 */
export function preferred(
  state: EngineState,
  { instances, spec, restore, maintenance }: ServiceState,
): number | null {
  const isPlain = spec.failover === undefined && restore === undefined && maintenance === undefined;
  if (!isPlain || instances.length > maskMax) return null;
  let anyGood = false;
  let [good, ready, bit] = [0, 0, 1];
  for (const id of instances) {
    const one = state.instances[id];
    if (one !== undefined && one.readyAt !== null) {
      const led = one.port === null ? 0 : bit;
      if (one.phase === 'ready') ready |= led;
      if (isGood(state, one)) {
        anyGood = true;
        good |= led;
      }
    }
    bit <<= 1;
  }
  return anyGood ? good : ready;
}

/** Nothing better is left. */
function withoutBetter(state: EngineState, target: RouteTarget): RouteTarget {
  const serves = state.instances[target.instance]?.phase === 'ready';
  return { ...target, state: serves ? 'serving' : 'draining' };
}

function isGood(state: EngineState, instance: InstanceState): boolean {
  return !instance.suspected && !instance.takenOut && answers(state, instance);
}

function primaryTargets(state: EngineState, service: ServiceName): RouteTarget[] {
  const group = groupOf(state, service);
  const primary = primaryOf(state, service);
  if (group?.servedAt == null || primary === null || isFenced(state, service)) return [];
  const { id: instance, port, phase, readyAt } = primary;
  if (readyAt === null || port === null || (phase === 'stopping' && primary.hurry)) return [];
  return [{ instance, port, state: phase === 'ready' ? 'serving' : 'draining' }];
}

/** The role is being taken from the recorded primary, and no more connections may lead to it. */
function isFenced(state: EngineState, service: ServiceName): boolean {
  const change = groupOf(state, service)?.change ?? null;
  return change !== null && change.quiesce !== 'begun';
}

/** Null: the service has no failover. */
function groupRoute(state: EngineState, service: ServiceName): GroupRoute | null {
  const group = groupOf(state, service);
  if (group === null) return null;
  const targets = primaryTargets(state, service);
  const served = targets.some((one) => one.state === 'serving');
  const standbys = standbysOf(state, service).filter((one) => isCaughtUp(state, one));
  const read = standbys.flatMap(({ id: instance, port }): RouteTarget[] =>
    port === null ? [] : [{ instance, port, state: 'serving' }],
  );
  const primary = primaryOf(state, service);
  // While a person has to come, nobody is on the way.
  const expected = state.services[service]?.wanted === 'up' && primary?.hold !== 'person';
  return {
    epoch: group.epoch,
    read: read.length > 0 ? read : targets,
    hold: !served && expected,
  };
}

/** `endpoint_read` leads to it. */
export function isReadFrom(state: EngineState, { id, service }: InstanceState): boolean {
  if (state.services[service]?.spec.endpointRead === undefined) return false;
  return groupRoute(state, service)?.read.some((one) => one.instance === id) === true;
}

/** It answers, and is known to have every acknowledged write, or to lack no more than allowed. */
function isCaughtUp(state: EngineState, standby: InstanceState): boolean {
  const group = groupOf(state, standby.service);
  const failover = failoverOf(state, standby.service);
  if (group === null || failover === null || failover.mode === 'active-standby') return false;
  if (!isGood(state, standby) || standby.id === group.change?.from) return false;
  if (isSynchronous(failover)) return group.eligible.includes(standby.id);
  return isWithinLag(state, standby);
}

/** By what its primary told last of how far it is behind (asynchronous durability). */
export function isWithinLag(state: EngineState, standby: InstanceState): boolean {
  const durability = failoverOf(state, standby.service)?.durability;
  if (durability?.kind !== 'asynchronous') return false;
  const lagBytes = lagOf(state, standby);
  return lagBytes !== null && lagBytes <= durability.maxLagBytes;
}

/** Bytes that it was behind its primary when that was last seen; null: it did not stream. */
export function lagOf(state: EngineState, { id, service }: InstanceState): number | null {
  const group = groupOf(state, service);
  const seen = group?.seen[group.primary ?? id]?.seen;
  if (seen?.role !== 'primary' || seen.epoch !== group?.epoch) return null;
  return seen.standbys.find((one) => one.instance === id)?.lagBytes ?? null;
}

/** Null: the service has no endpoint. */
export function routeCommand(state: EngineState, service: ServiceName): RouteCommand | null {
  const known = state.services[service];
  return known === undefined ? null : routeOf(state, service, known);
}

/** The same, of a service that was looked up already. */
export function routeOf(
  state: EngineState,
  service: ServiceName,
  known: ServiceState,
): RouteCommand | null {
  if (known.spec.endpoint == null) return null;
  if (known.spec.failover === undefined)
    return { kind: 'route', service, targets: balanced(state, known), unrecordedOk: true };
  const targets = primaryTargets(state, service);
  const group = groupRoute(state, service);
  // An epoch that is not durable must not reach the endpoint.
  return group && { kind: 'route', service, targets, group, unrecordedOk: false };
}

export function isSameRoute(a: RouteCommand | null, b: RouteCommand): boolean {
  if (!areSame(a?.targets ?? [], b.targets)) return false;
  if (a?.group === undefined || b.group === undefined) return a?.group === b.group;
  if (a.group.epoch !== b.group.epoch || a.group.hold !== b.group.hold) return false;
  return areSame(a.group.read, b.group.read);
}

function areSame(a: readonly RouteTarget[], b: readonly RouteTarget[]): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index += 1) {
    const [one, other] = [a[index], b[index]];
    if (one?.instance !== other?.instance || one?.port !== other?.port) return false;
    if (one?.state !== other?.state) return false;
  }
  return true;
}
