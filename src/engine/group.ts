/**
 * Questions about a service with failover, answered from the state. Nothing here decides.
 *
 * 1. An instance is ordered to be primary only if the group's record names it, and not while that
 *    role is being taken from it (F1, F7).
 * 2. A standby whose data the primary must provide is not started before the primary serves.
 */
import type { RoleOrder } from '../model/group.ts';
import { type InstanceId, instanceId, type ServiceName } from '../model/ids.ts';
import type { FailoverSpec } from '../model/stack-spec.ts';
import { type GroupState, newGroup } from './group-state.ts';
import { type EngineState, type InstanceState, instancesOf } from './state.ts';

const unformed: Readonly<GroupState> = Object.freeze(newGroup());

/** Null: the service has no failover. */
export function groupOf(state: EngineState, service: ServiceName): Readonly<GroupState> | null {
  const known = state.services[service];
  if (known?.spec.failover === undefined) return null;
  return known.group ?? unformed;
}

export function failoverOf(state: EngineState, service: ServiceName): FailoverSpec | null {
  return state.services[service]?.spec.failover ?? null;
}

/** The primary waits for standbys before it acknowledges. */
export function isSynchronous(failover: FailoverSpec): boolean {
  return failover.mode === 'replication' && failover.durability?.kind !== 'asynchronous';
}

export function primaryOf(state: EngineState, service: ServiceName): InstanceState | null {
  const id = groupOf(state, service)?.primary ?? null;
  return id === null ? null : (state.instances[id] ?? null);
}

/** The first of all: whoever is one already, else the first instance. */
export function firstPrimary(state: EngineState, service: ServiceName): InstanceId {
  const group = groupOf(state, service);
  const seen = instancesOf(state, service).find(
    ({ id }) => group?.seen[id]?.seen.role === 'primary',
  );
  return seen?.id ?? instanceId(service, 1);
}

/** What an instance is to be now; null: it has no role. */
export function orderFor(state: EngineState, instance: InstanceState): RoleOrder | null {
  const group = groupOf(state, instance.service);
  if (group === null || group.primary === null) return null;
  const { epoch, primary, eligible, change } = group;
  const leads = instance.id === primary && change?.from !== instance.id;
  const order = { epoch, primary, eligible: [...eligible] };
  if (leads) return { role: 'primary', ...order };
  return { role: 'standby', ...order, ...(instance.damaged === true ? { fresh: true } : {}) };
}

/** Why an instance of a group may not be started now, such as «waits for db/1: …»; or null. */
export function missingPrimary(state: EngineState, instance: InstanceState): string | null {
  const { id, service } = instance;
  const group = groupOf(state, service);
  if (group === null) return null;
  if (isGivenUp(group, id)) return 'waits until it is fenced and another is primary';
  const primary = group.primary ?? firstPrimary(state, service);
  if (primary === id) return null;
  if (isCold(state, service)) return 'waits as a cold standby: it is started when it is needed';
  // What is known to have every acknowledged write may be needed itself; what has data needs none.
  if (group.eligible.includes(id) || group.seen[id]?.seen.role === 'standby') return null;
  if (group.servedAt !== null && state.instances[primary]?.phase === 'ready') return null;
  return `waits for ${primary}: not ready yet`;
}

/** F1: its role is being taken from it, or its processes are being ended. */
export function isGivenUp(group: Readonly<GroupState>, id: InstanceId): boolean {
  return group.change?.from === id || group.steps[`fence ${id}`]?.state === 'begun';
}

/** It is primary and no longer in the stack file: its role goes to another before it is stopped. */
export function isLeaving(state: EngineState, { id, service, removed }: InstanceState): boolean {
  const known = state.services[service];
  if (!removed || known === undefined || known.removed || known.wanted === 'down') return false;
  return groupOf(state, service)?.primary === id;
}

/** Its primary saw it stream after its own last word: a look that takes too long tells nothing.
 * What it does with that it alone knows. */
export function isListed({ seen, primary, epoch }: Readonly<GroupState>, id: InstanceId): boolean {
  const its = seen[primary ?? id];
  const own = seen[id];
  if (own?.seen.stuck === true || its?.seen.epoch !== epoch) return false;
  if (its.at < (own?.at ?? 0)) return false;
  return its.seen.standbys.some((one) => one.instance === id);
}

export function isCold(state: EngineState, service: ServiceName): boolean {
  return failoverOf(state, service)?.standby === 'cold';
}

/** A standby that is started only when it is needed. */
export function isSpare(state: EngineState, { service, id }: InstanceState): boolean {
  const primary = groupOf(state, service)?.primary ?? null;
  return isCold(state, service) && primary !== null && primary !== id;
}

export function standbysOf(state: EngineState, service: ServiceName): InstanceState[] {
  const primary = groupOf(state, service)?.primary;
  return instancesOf(state, service).filter((one) => one.id !== primary && !one.removed);
}

export function isSameSet(a: readonly InstanceId[], b: readonly InstanceId[]): boolean {
  return a.length === b.length && a.every((one) => b.includes(one));
}
