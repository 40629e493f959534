/** Which symptoms of an incident are seen to already, by what is under way or was decided. */
import { explains } from '../locate/locate.ts';
import type { Symptom } from '../model/symptom.ts';
import { locateInput } from './facts.ts';
import { isKilled } from './graph.ts';
import { answers } from './routing.ts';
import type { ActionState, IncidentState } from './state.ts';
import type { Turn } from './turn.ts';

/** After the cause came right, its effects get this long to follow. */
export const followMs = 5_000;

type Entry = IncidentState['symptoms'][number];

export function untreated(
  turn: Turn,
  incident: IncidentState,
  active: readonly Entry[],
): Symptom[] {
  const actions = incident.actions.filter((one) => one.outcome === null);
  return active
    .filter((entry) => !isTreated(turn, incident, entry, actions))
    .map((entry) => entry.symptom);
}

function isTreated(
  turn: Turn,
  incident: IncidentState,
  entry: Entry,
  actions: readonly ActionState[],
): boolean {
  const { component } = entry.symptom;
  if (incident.state === 'needs-person' && incident.needs.includes(component)) return true;
  return actions.some((action) => {
    if (action.planned.target === component) return isMeant(action, entry);
    return isRemedy(action) && mendsCause(turn, action, entry.symptom);
  });
}

/** Being told of, or only thought of, answers what was known then; a remedy answers all. */
function isMeant(action: ActionState, entry: Entry): boolean {
  return isRemedy(action) || action.planned.kind === 'wait' || entry.joined <= action.seq;
}

/** It does, or will do, something about a fault. */
export function isRemedy({ planned }: ActionState): boolean {
  return !planned.wouldOnly && planned.kind !== 'wait' && planned.kind !== 'ask-person';
}

/** A dependency that explains the symptom is being mended, or came right a moment ago. */
function mendsCause(turn: Turn, action: ActionState, symptom: Symptom): boolean {
  const { target } = action.planned;
  const cause = turn.instance(target);
  if (cause === undefined || action.fault === null) return false;
  // A process that is gone has to be held or started for itself.
  if (turn.instance(symptom.component)?.phase === 'exited') return false;
  const right = answers(turn.state, cause) && cause.readyAt !== null;
  if (right && turn.at >= (cause.readyAt ?? 0) + followMs) return false;
  const seen = { symptom, killed: isKilled(turn.state, symptom) };
  const fault = { component: target, kind: action.fault };
  return explains(locateInput(turn.state, [symptom], turn.at), fault, seen);
}
