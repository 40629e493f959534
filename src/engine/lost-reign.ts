/**
 * The record of who was primary was lost, and the data tells of it. It is taken from there only
 * when a person says so: what the data doesn't tell is whether anybody has led since (F6).
 */
import type { Reign } from '../model/group.ts';
import type { ServiceName } from '../model/ids.ts';
import { groupOf } from './group.ts';
import type { EngineState, IncidentState, InstanceState } from './state.ts';
import type { Turn } from './turn.ts';

export interface LostReign {
  readonly instance: InstanceState;
  readonly reign: Reign;
}

/** A primary that could not be started because of it, in this incident; null: there is none. */
export function instanceWithLostReign(
  state: EngineState,
  { symptoms }: IncidentState,
): LostReign | null {
  for (const { symptom, ended } of symptoms) {
    const instance = state.instances[symptom.component as `${string}/${number}`];
    const reign = instance?.startError?.reign;
    if (ended !== null || instance === undefined || reign === undefined) continue;
    const group = groupOf(state, instance.service);
    if (group?.primary === instance.id && group.servedAt === null) return { instance, reign };
  }
  return null;
}

/** Null: it is recorded; else why it can't be. */
export function adoptReign(
  turn: Turn,
  by: string,
  service: ServiceName,
  { epoch: told, primary }: Reign,
): string | null {
  const { state } = turn;
  const group = groupOf(state, service);
  if (group === null) return `${service} has no failover any more`;
  const known = state.services[service]?.instances ?? [];
  if (!known.includes(primary))
    return `by its data ${primary} was primary last, which is not in the stack file`;
  const epoch = Math.max(told, group.epoch + 1);
  const reason = `F6: ${by} approved: ${primary} is primary of epoch ${epoch}, as its data says`;
  const chosen = { service, epoch, primary, eligible: [], action: null, reason };
  turn.emit({ kind: 'primary-chosen', ...chosen });
  return null;
}
