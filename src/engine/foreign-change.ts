/**
 * The primary of an external service is changed by somebody else, by hand or by a tool of theirs.
 *
 * 1. That becomes ours by a record, at a further epoch, before anything is done by it (F7).
 * 2. F1: only while the recorded one is known not to be primary. Two primaries are a fault.
 */
import type { ServiceName } from '../model/ids.ts';
import { groupOf, primaryOf } from './group.ts';
import type { GroupState } from './group-state.ts';
import { type InstanceState, instancesOf, isAlive } from './state.ts';
import type { Turn } from './turn.ts';

export function adoptForeign(turn: Turn, service: ServiceName): void {
  const group = groupOf(turn.state, service);
  if (turn.state.services[service]?.spec.driver !== 'external' || group === null) return;
  if (group.servedAt === null || group.change !== null || !turn.state.storeWritable) return;
  const why = whyNotPrimary(group, primaryOf(turn.state, service));
  const others = instancesOf(turn.state, service).filter((one) => isForeign(group, one));
  const [found, second] = others;
  if (why === null || found === undefined || second !== undefined) return;
  const epoch = group.epoch + 1;
  const who = `${found.id} is primary of epoch ${epoch}: somebody else made it so`;
  const chosen = { service, epoch, primary: found.id, eligible: [], action: null };
  turn.emit({ kind: 'primary-chosen', ...chosen, reason: `F7: ${who}, and F1: ${why}` });
}

/** What shows that the recorded one is not primary any more; null: it may be. */
function whyNotPrimary(
  { seen }: Readonly<GroupState>,
  recorded: InstanceState | null,
): string | null {
  if (recorded === null) return null;
  if (!isAlive(recorded)) return `${recorded.id} does not run`;
  return seen[recorded.id]?.seen.role === 'standby' ? `${recorded.id} is a standby` : null;
}

function isForeign({ primary, seen, steps }: Readonly<GroupState>, one: InstanceState): boolean {
  if (one.id === primary || one.phase !== 'ready' || one.removed) return false;
  return seen[one.id]?.seen.role === 'primary' && steps[`fence ${one.id}`]?.state !== 'begun';
}
