/** A primary beside the one that the record names. */
import { groupOf } from './group.ts';
import type { EngineState, InstanceState } from './state.ts';

/** It was seen to be primary although the record names another; null: it was not. */
export function rogueText(state: EngineState, { id, service }: InstanceState): string | null {
  const group = groupOf(state, service);
  if (group === null || group.primary === null) return null;
  if (group.primary === id || group.change?.from === id) return null;
  if (group.seen[id]?.seen.role !== 'primary') return null;
  return `it is primary although the record of epoch ${group.epoch} names ${group.primary} (F1)`;
}
