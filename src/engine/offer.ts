/**
 * Whether a person who is asked about a primary could have another one promoted. Who was told that
 * nobody can take over is told when that has changed.
 */
import type { ServiceName } from '../model/ids.ts';
import { candidatesOf } from './candidates.ts';
import { primaryOf } from './group.ts';
import { isUnderMaintenance } from './maintenance-state.ts';
import { answers } from './routing.ts';
import type { EngineState, InstanceState } from './state.ts';
import type { Turn } from './turn.ts';

/** Undefined: it is no primary. */
export function offersOf(state: EngineState, { id, service }: InstanceState): boolean | undefined {
  if (primaryOf(state, service)?.id !== id) return undefined;
  return candidatesOf(state, service, true).length > 0;
}

/** One try is made at once, and if it fails the person is asked again, with what would be lost. */
export function tryWithStandby(turn: Turn, service: ServiceName): void {
  const { state } = turn;
  const asked = state.open.find((id) => isAskedInVain(state, service, id));
  if (asked === undefined || isUnderMaintenance(state, service)) return;
  if (!candidatesOf(state, service, true).some((one) => answers(state, one))) return;
  turn.emit({ kind: 'slow-try', incident: asked });
  turn.touch(asked);
}

function isAskedInVain(
  state: EngineState,
  service: ServiceName,
  id: EngineState['open'][number],
): boolean {
  const incident = state.incidents[id];
  const primary = primaryOf(state, service);
  if (incident?.state !== 'needs-person' || primary === null) return false;
  return incident.offered !== true && incident.needs.includes(primary.id);
}
