/** Questions about a restore, answered from the state. Nothing here decides. */
import type { ActionId, ServiceName } from '../model/ids.ts';
import { duration } from '../plan/sentence.ts';
import { groupOf } from './group.ts';
import type { RestoreState } from './restore-state.ts';
import type { EngineState, InstanceState } from './state.ts';

export function restoreOf(state: EngineState, service: ServiceName): RestoreState | null {
  return state.services[service]?.restore ?? null;
}

/** Its data is loaded into it by a command, while it runs. */
export function isLoaded(state: EngineState, service: ServiceName): boolean {
  return state.services[service]?.spec.recoveryPoints?.source.kind === 'command';
}

/** Why nothing of the service is started now; null: no data is being exchanged. */
export function whyRestoring(state: EngineState, service: ServiceName): string | null {
  const restore = restoreOf(state, service);
  if (restore === null || isLoaded(state, service)) return null;
  const exchanges = restore.step === 'swap' || restore.step === 'undo';
  const isOver = restore.state === 'done' || restore.state === 'failed';
  return exchanges && !isOver ? 'waits until its data is restored' : null;
}

/** Its steps are under way for this action. */
export function isRestoredBy(state: EngineState, service: ServiceName, action: ActionId): boolean {
  const restore = restoreOf(state, service);
  return restore?.action === action && !(restore.step === 'swap' && restore.state === 'done');
}

/** What a restore without a person's choice would bring back, for consent; null: there is nothing
 * to restore from, or another one is not over. */
export function restorable(state: EngineState, instance: InstanceState, at: number): string | null {
  const { service, id } = instance;
  const points = state.services[service]?.spec.recoveryPoints;
  const made = state.points[service]?.made ?? null;
  const primary = groupOf(state, service)?.primary ?? id;
  if (points === undefined || made === null || primary !== id) return null;
  if (restoreOf(state, service) !== null) return null;
  const ago = `made ${duration(Math.max(0, at - made.at))} ago`;
  if (points.source.kind === 'postgres')
    return `restores point ${made.point}, ${ago}, and what the log has since`;
  return `restores point ${made.point}, ${ago}: what was written since is lost`;
}
