/** Who may be promoted, and what would be lost with it (F3). */

import type { InstanceId, ServiceName } from '../model/ids.ts';
import { duration } from '../plan/sentence.ts';
import { failoverOf, groupOf, isCold, isSynchronous, standbysOf } from './group.ts';
import { isFailing, isWithinLag, lagOf } from './routing.ts';
import { type EngineState, type InstanceState, isRunning } from './state.ts';

/** `consented`: a person agreed that what a standby lacks is lost. */
export function candidatesOf(
  state: EngineState,
  service: ServiceName,
  consented: boolean,
): InstanceState[] {
  const failover = failoverOf(state, service);
  const group = groupOf(state, service);
  if (failover === null || group === null || !canFence(state, service)) return [];
  const able = standbysOf(state, service).filter((one) => isAble(state, one));
  if (failover.mode === 'active-standby' || consented) return able;
  if (isSynchronous(failover)) return able.filter((one) => group.eligible.includes(one.id));
  return able.filter((one) => isWithinLag(state, one));
}

/** F1: what Daruma did not start, it ends only by a command of the user's. */
export function canFence(state: EngineState, service: ServiceName): boolean {
  const spec = state.services[service]?.spec;
  return spec?.driver !== 'external' || spec.failover?.fence !== undefined;
}

/** It runs as a standby and answers; a cold one can be started. */
function isAble(state: EngineState, standby: InstanceState): boolean {
  // What is damaged there can't take the place of what is damaged here.
  if (standby.wanted === 'down' || isFailing(state, standby) || standby.damaged) return false;
  if (isFull(state, standby)) return false;
  if (!isCold(state, standby.service)) return isRunning(standby);
  return standby.hold !== 'person' && standby.startError?.retryable !== false;
}

/** It could not write as primary either. */
function isFull(state: EngineState, { symptoms }: InstanceState): boolean {
  return symptoms.some((id) => state.symptoms[id]?.symptom.kind === 'disk');
}

/** Why these may be promoted, in words that name the rule. */
export function mayPromote(state: EngineState, service: ServiceName): string {
  const names = candidatesOf(state, service, false).map((one) => one.id);
  const failover = failoverOf(state, service);
  const [has, are] = names.length === 1 ? ['has', 'is'] : ['have', 'are'];
  const listed = names.join(', ');
  if (failover?.mode === 'active-standby') return `${listed} ${are} ready to take over`;
  if (failover !== null && isSynchronous(failover))
    return `F3: ${listed} ${has} every acknowledged write`;
  const most = failover?.durability?.kind === 'asynchronous' ? failover.durability.maxLagBytes : 0;
  return `F3: ${listed} may lack at most ${bytes(most)} (asynchronous)`;
}

/** Why none may; null: some may. */
export function whyNoneMay(state: EngineState, service: ServiceName): string | null {
  if (candidatesOf(state, service, false).length > 0) return null;
  const failover = failoverOf(state, service);
  if (failover === null) return null;
  if (!canFence(state, service)) return `F1: ${service} has no \`fence\` command`;
  if (failover.mode === 'active-standby') return 'no standby is ready to take over';
  const full = standbysOf(state, service).find((one) => isFull(state, one));
  if (full !== undefined) return `F3: the disk of ${full.id} is full`;
  return isSynchronous(failover)
    ? 'F3: no standby is known to have every acknowledged write'
    : 'F3: no standby is known to lack no more than allowed';
}

/** What is lost when a standby is promoted that may lack writes, for a person to agree to; null:
 * there is none to promote. */
export function lossOf(state: EngineState, service: ServiceName, at: number): string | null {
  const able = candidatesOf(state, service, true);
  if (able.length === 0) return null;
  const texts = able.map((one) => `${one.id} lacks ${lackOf(state, one, at)}`);
  return `F3: ${texts.join(', ')}; consent promotes the most advanced, and that is lost`;
}

function lackOf(state: EngineState, standby: InstanceState, at: number): string {
  const group = groupOf(state, standby.service);
  const lagBytes = lagOf(state, standby);
  const leftAt = group?.left[standby.id] ?? lastSeenAt(state, standby);
  const until = outageOf(state, standby.service) ?? at;
  const time =
    leftAt === null
      ? 'it was never in step'
      : `writes acknowledged in ${duration(Math.max(0, until - leftAt))}`;
  return `${amountOf(lackedBy(state, standby), lagBytes)}, ${time}`;
}

function amountOf(transactions: number | null, lagBytes: number | null): string {
  const some = lagBytes === null ? '' : ` (${bytes(lagBytes)})`;
  if (transactions !== null) {
    const noun = transactions === 1 ? 'transaction' : 'transactions';
    return `about ${transactions} ${noun}${some} when last seen`;
  }
  const size = lagBytes === null ? '' : ` (${bytes(lagBytes)} when last seen)`;
  return `an unknown number of transactions${size}`;
}

/** Transactions, as its primary was seen last. */
function lackedBy(state: EngineState, { id, service }: InstanceState): number | null {
  const group = groupOf(state, service);
  const seen = group?.seen[group.primary ?? id]?.seen;
  if (seen?.role !== 'primary' || seen.epoch !== group?.epoch) return null;
  return seen.lacks?.find((one) => one.instance === id)?.transactions ?? null;
}

function lastSeenAt(state: EngineState, { service }: InstanceState): number | null {
  const group = groupOf(state, service);
  return group?.seen[group.primary ?? '/0']?.at ?? null;
}

/** When its primary ceased to acknowledge. */
function outageOf(state: EngineState, service: ServiceName): number | null {
  const primary: InstanceId | null = groupOf(state, service)?.primary ?? null;
  const known = primary === null ? undefined : state.instances[primary];
  return known !== undefined && !isRunning(known) ? known.downAt : null;
}

/** Such as «16 MiB». */
function bytes(count: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  let size = count;
  let unit = 0;
  for (; size >= 1024 && unit < units.length - 1; unit += 1) size /= 1024;
  return `${Math.round(size * 10) / 10} ${units[unit] ?? ''}`;
}
