/**
 * Which resolved incident had a symptom last, kept while incidents are resolved and forgotten, so
 * that nobody has to go through all of them for each symptom. It is a memory beside the state,
 * which a state read from a snapshot gets anew.
 */
import type { IncidentId } from '../model/ids.ts';
import type { EngineState, IncidentState } from './state.ts';

/** By symptom; null: to be looked for. */
type Last = Map<string, IncidentId | null>;

/** By the list of resolved incidents. */
const known = new WeakMap<readonly IncidentId[], Last>();

/** Of those that are resolved now, the one that was so last; undefined: none had that symptom. */
export function lastWith(state: EngineState, symptom: string): IncidentState | undefined {
  const last = known.get(state.resolved) ?? lookAt(state);
  if (last.get(symptom) === null) lookFor(state, symptom, last);
  return state.incidents[last.get(symptom) ?? 'i0'];
}

function lookFor({ resolved, incidents }: EngineState, symptom: string, last: Last): void {
  const found = resolved.findLast((id) => hadSymptom(incidents[id], symptom));
  if (found === undefined) last.delete(symptom);
  else last.set(symptom, found);
}

function lookAt(state: EngineState): Last {
  const last: Last = new Map();
  known.set(state.resolved, last);
  for (const id of state.resolved) noteResolved(state, state.incidents[id]);
  return last;
}

/** To be called for each that is added to the list. */
export function noteResolved(state: EngineState, incident: IncidentState | undefined): void {
  const last = known.get(state.resolved);
  for (const { symptom } of incident?.symptoms ?? []) last?.set(symptom.id, incident?.id ?? 'i0');
}

/** To be called for each that is taken from its beginning. */
export function noteForgotten(state: EngineState, incident: IncidentState | undefined): void {
  const last = known.get(state.resolved);
  for (const { symptom } of incident?.symptoms ?? [])
    if (last?.get(symptom.id) === incident?.id) last?.delete(symptom.id);
}

/** To be called for each that is taken from anywhere in it. */
export function noteReopened(state: EngineState, incident: IncidentState): void {
  const last = known.get(state.resolved);
  for (const { symptom } of incident.symptoms)
    if (last?.get(symptom.id) === incident.id) last.set(symptom.id, null);
}

function hadSymptom(incident: IncidentState | undefined, id: string): boolean {
  return incident?.symptoms.some(({ symptom }) => symptom.id === id) === true;
}

/** To be called when symptoms of an incident on the list changed. */
export function lookAgain(state: EngineState): void {
  known.delete(state.resolved);
}
