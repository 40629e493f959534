/**
 * Which standby is promoted: the most advanced of those that told how far they reach (F3).
 *
 * The primary waits for all that are eligible (k = n), so of n eligible ones n − k + 1 = 1 has to
 * answer; all that do are compared.
 */
import type { ReplicaPosition } from '../model/group.ts';
import { type InstanceId, numberOf } from '../model/ids.ts';

interface Told {
  readonly instance: InstanceId;
  readonly position: ReplicaPosition;
}

/** Null: none told, or they are copies of different origins. */
export function mostAdvanced(
  positions: Readonly<Record<InstanceId, ReplicaPosition | null>>,
  among: readonly InstanceId[],
): Told | null {
  const told = among.flatMap((instance) => {
    const position = positions[instance];
    return position == null ? [] : [{ instance, position }];
  });
  if (new Set(told.map((one) => one.position.systemId)).size !== 1) return null;
  return told.sort(furthestFirst)[0] ?? null;
}

/** A later timeline goes on from an earlier one. */
function furthestFirst(a: Told, b: Told): number {
  if (a.position.timeline !== b.position.timeline) return b.position.timeline - a.position.timeline;
  const difference = BigInt(b.position.position) - BigInt(a.position.position);
  if (difference !== 0n) return difference > 0n ? 1 : -1;
  return numberOf(a.instance) - numberOf(b.instance);
}
