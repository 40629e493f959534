/**
 * Which open incidents concern a place or wait for answers, kept while incidents change, so that
 * nobody has to go through all that are open: there are the more of them, the larger the stack is.
 * It is a memory beside the state, which a state read from a snapshot gets anew.
 */
import { type ComponentId, type InstanceId, type ServiceName, serviceOf } from '../model/ids.ts';
import type { ActionState, EngineState, IncidentState } from './state.ts';

/** Each list may have resolved ones, until it is added to. */
interface Concerns {
  /** By service, or by component where that belongs to none. */
  readonly at: Map<ServiceName | ComponentId, IncidentState[]>;
  readonly asking: IncidentState[];
}

/** By the incidents of a state. */
const known = new WeakMap<EngineState['incidents'], Concerns>();

/**
 * The open incidents that show something at one of these, or did, blame it or had something done
 * there, in the order of `state.open`; and some that only did so once.
 */
export function openAt(
  state: EngineState,
  places: Iterable<ServiceName | ComponentId>,
): IncidentState[] {
  const found: IncidentState[] = [];
  if (state.open.length === 0) return found;
  const { at } = known.get(state.incidents) ?? lookAt(state);
  for (const place of places)
    for (const one of at.get(place) ?? [])
      if (one.state !== 'resolved' && !found.includes(one)) found.push(one);
  return inOrder(state, found);
}

/** Actions of open incidents at a component that are not judged yet. */
export function unjudgedAt(state: EngineState, target: ComponentId): ActionState[] {
  const unjudged: ActionState[] = [];
  for (const { actions } of openAt(state, [placeOf(state, target)]))
    for (const one of actions)
      if (one.outcome === null && one.planned.target === target) unjudged.push(one);
  return unjudged;
}

/** The open incidents that wait for the answer of an instance, in the order of `state.open`. */
export function waitingFor(state: EngineState, instance: InstanceId): IncidentState[] {
  if (state.open.length === 0) return [];
  const { asking } = known.get(state.incidents) ?? lookAt(state);
  const waiting = asking.filter(({ confirm }) => confirm?.waiting.includes(instance));
  return inOrder(state, waiting);
}

function inOrder({ open }: EngineState, incidents: IncidentState[]): IncidentState[] {
  if (incidents.length < 2) return incidents;
  return incidents.sort((a, b) => open.indexOf(a.id) - open.indexOf(b.id));
}

function placeOf({ instances }: EngineState, component: ComponentId): ServiceName | ComponentId {
  return instances[component as InstanceId]?.service ?? serviceOf(component) ?? component;
}

function lookAt(state: EngineState): Concerns {
  const concerns: Concerns = { at: new Map(), asking: [] };
  known.set(state.incidents, concerns);
  for (const id of state.open) {
    const incident = state.incidents[id];
    if (incident === undefined) continue;
    noteOpened(state, incident);
    if (incident.confirm !== null) noteAsking(state, incident);
  }
  return concerns;
}

/** To be called for each that is opened again. */
export function noteOpened(state: EngineState, incident: IncidentState): void {
  const { symptoms, causes, actions } = incident;
  for (const { symptom } of symptoms) noteConcern(state, incident, symptom.component);
  if (causes[0] !== undefined) noteConcern(state, incident, causes[0].component);
  for (const { planned } of actions) noteConcern(state, incident, planned.target);
}

/** To be called when an incident begins to show, blame or treat a component. */
export function noteConcern(
  state: EngineState,
  incident: IncidentState,
  component: ComponentId,
): void {
  const at = known.get(state.incidents)?.at;
  const place = placeOf(state, component);
  const before = at?.get(place);
  if (before === undefined) at?.set(place, [incident]);
  else add(before, incident);
}

/** To be called when an incident begins to wait for answers. */
export function noteAsking(state: EngineState, incident: IncidentState): void {
  const asking = known.get(state.incidents)?.asking;
  if (asking !== undefined) add(asking, incident);
}

function add(list: IncidentState[], incident: IncidentState): void {
  if (list.includes(incident)) return;
  const open = list.filter((one) => one.state !== 'resolved');
  list.splice(0, list.length, ...open, incident);
}
