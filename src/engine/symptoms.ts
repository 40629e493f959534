/** Symptoms come and go; each belongs to an incident, its own or one it is connected with. */
import { type ComponentId, isInstance, type ServiceName, serviceOf } from '../model/ids.ts';
import { stateService } from '../model/recovery-point.ts';
import type { Symptom } from '../model/symptom.ts';
import { release } from './act.ts';
import { openAt } from './concerned.ts';
import { dependenciesOf, dependentsOf, isConnected } from './graph.ts';
import { failActionsAt, hasPassedOn } from './outcomes.ts';
import { lastWith } from './recent.ts';
import { answers } from './routing.ts';
import {
  type IncidentState,
  type InstanceState,
  instancesOf,
  isHealth,
  isRunning,
  reopenWithinMs,
} from './state.ts';
import type { Turn } from './turn.ts';

/** A symptom that an observer saw. */
export function raiseSymptom(turn: Turn, symptom: Symptom): void {
  const instance = turn.instance(symptom.component);
  if (turn.state.symptoms[symptom.id] !== undefined) {
    // The new watch sees it too, and will tell its end.
    if (instance?.stale && isHealth(symptom.id)) turn.emit({ kind: 'symptom-began', symptom });
    return;
  }
  if (instance === undefined ? !isKnown(turn, symptom.component) : !canHave(instance)) return;
  beginSymptom(turn, symptom);
}

function isKnown(turn: Turn, component: ComponentId): boolean {
  if (isInstance(component)) return false;
  if (component === stateService) return true;
  const service = serviceOf(component);
  return service === null || turn.state.services[service]?.wanted === 'up';
}

/** What is being stopped, or is gone already, shows nothing that matters. */
function canHave(instance: InstanceState): boolean {
  return isRunning(instance) && !instance.removed;
}

/** What is to be stopped is nobody's trouble, unless it is wanted again before it is gone. */
function matters(turn: Turn, { component }: Symptom): boolean {
  const instance = turn.instance(component);
  return instance === undefined || instance.wanted === 'up' || instance.unasked;
}

/** Also for a symptom that holds already and is seen anew (another exit). */
export function beginSymptom(turn: Turn, symptom: Symptom): void {
  turn.emit({ kind: 'symptom-began', symptom });
  if (turn.state.looking || !matters(turn, symptom)) return;
  const incident = placeSymptom(turn, symptom);
  const reason = `the symptom came back: ${symptom.evidence}`;
  failActionsAt(turn, symptom.component, reason, 'done');
  turn.touch(incident);
}

/** Opens, joins or reopens the incident that a symptom belongs to. */
function placeSymptom(turn: Turn, symptom: Symptom): IncidentState['id'] {
  const { state } = turn;
  const mine = state.symptoms[symptom.id]?.incident ?? null;
  const incident = mine === null ? openConnected(turn, symptom) : mine;
  if (incident !== null) {
    turn.emit({ kind: 'incident-joined', incident, symptom: symptom.id });
    turn.clearTimer(`verify:${incident}`);
    return incident;
  }
  const old = recentlyResolved(turn, symptom);
  if (old !== undefined) return reopen(turn, old, symptom);
  const opened = `i${state.nextIncident}` as const;
  turn.emit({
    kind: 'incident-opened',
    incident: opened,
    symptom: symptom.id,
    onset: symptom.began,
  });
  return opened;
}

function openConnected(turn: Turn, symptom: Symptom): IncidentState['id'] | null {
  const { state } = turn;
  if (state.open.length === 0) return null;
  const connected = openNear(turn, symptom).filter((one) => belongsTo(turn, one, symptom));
  // One that had this very symptom before goes first: it is the same happening.
  const known = connected.find((one) =>
    one.symptoms.some((entry) => entry.symptom.id === symptom.id),
  );
  const first = known ?? connected[0];
  if (first === undefined) return null;
  for (const other of connected) if (other !== first) merge(turn, other, first.id);
  return first.id;
}

/** Those that this symptom may be connected with. */
function openNear({ state }: Turn, { component }: Symptom): IncidentState[] {
  const service = serviceOf(component);
  if (service === null) return state.open.flatMap((id) => state.incidents[id] ?? []);
  const near = new Set([
    service,
    ...dependenciesOf(state, service),
    ...dependentsOf(state, service),
  ]);
  return openAt(state, near).filter((one) => isAmong(near, one));
}

/** Something of it is at one of these services. */
function isAmong(services: ReadonlySet<ServiceName>, { symptoms, causes }: IncidentState): boolean {
  const isAt = (component: ComponentId) => services.has(serviceOf(component) ?? '');
  if (symptoms.some((entry) => isAt(entry.symptom.component))) return true;
  return causes[0] !== undefined && isAt(causes[0].component);
}

/** Connected with a symptom that holds, or, when none does any more, with one that did. */
function belongsTo(turn: Turn, incident: IncidentState, symptom: Symptom): boolean {
  const holding = incident.symptoms.filter((entry) => entry.ended === null);
  const entries = holding.length > 0 ? holding : incident.symptoms;
  const seen = new Set<string>();
  for (const { symptom: other } of entries) {
    // Symptoms that are alike at instances of one service are connected alike.
    const alike = `${serviceOf(other.component) ?? other.component} ${other.kind}`;
    if (seen.has(alike) && other.kind !== 'exit') continue;
    seen.add(alike);
    if (isConnected(turn.state, other, symptom)) return true;
  }
  const cause = incident.causes[0];
  if (cause === undefined || incident.unsure) return false;
  return isConnected(turn.state, { ...symptom, component: cause.component }, symptom);
}

/** Two incidents turn out to be one, as long as nothing was done in the other yet. */
function merge(turn: Turn, incident: IncidentState, into: IncidentState['id']): void {
  if (incident.acted !== null) return;
  const from = incident.id;
  for (const { symptom, ended } of [...incident.symptoms]) {
    if (ended === null) turn.emit({ kind: 'incident-joined', incident: into, symptom: symptom.id });
  }
  for (const timer of ['confirm', 'recheck', 'slow', 'verify']) turn.clearTimer(`${timer}:${from}`);
  turn.emit({ kind: 'incident-resolved', incident: from, summary: `part of ${into}`, into });
}

function recentlyResolved(turn: Turn, symptom: Symptom): IncidentState | undefined {
  const incident = lastWith(turn.state, symptom.id);
  if (incident?.resolved == null || turn.at - incident.resolved > reopenWithinMs) return undefined;
  const drilledAt = turn.state.drills[symptom.component as InstanceState['id']]?.at ?? 0;
  // What is brought about on purpose is no return of what was before.
  return drilledAt >= incident.resolved ? undefined : incident;
}

function reopen(turn: Turn, incident: IncidentState, symptom: Symptom): IncidentState['id'] {
  turn.emit({ kind: 'incident-reopened', incident: incident.id, symptom: symptom.id });
  for (const action of [...incident.actions]) {
    if (action.outcome !== 'verified' || action.planned.target !== symptom.component) continue;
    // It is a standby or leads again since: this is another fault.
    if (hasPassedOn(action) || action.planned.kind === 'rejoin') continue;
    turn.emit({
      kind: 'action-outcome',
      incident: incident.id,
      action: action.planned.action,
      outcome: 'failed',
      reason: `the symptom came back: ${symptom.evidence}`,
    });
  }
  return incident.id;
}

export function endSymptom(turn: Turn, id: string): void {
  const held = turn.state.symptoms[id];
  if (held === undefined) return;
  turn.emit({ kind: 'symptom-ended', id });
  if (held.incident !== null) turn.touch(held.incident);
  const instance = turn.instance(held.symptom.component);
  if (instance !== undefined && answers(turn.state, instance)) onServing(turn, instance);
}

/** A failing check that was seen before the watch of an instance began anew is over. */
export function endStale(turn: Turn, instance: InstanceState): void {
  for (const id of instance.symptoms.filter(isHealth)) endSymptom(turn, id);
}

/** An instance serves (again): what waited for that is looked at. */
export function onServing(turn: Turn, instance: InstanceState): void {
  releaseHeld(turn, instance.service);
  for (const sibling of instancesOf(turn.state, instance.service)) {
    for (const id of sibling.symptoms) {
      const incident = turn.state.symptoms[id]?.incident ?? null;
      if (incident !== null) turn.touch(incident);
    }
  }
}

/** What failed and was held for a service looks whether that is enough now. */
export function releaseHeld(turn: Turn, service: ServiceName): void {
  for (const name of turn.state.services[service]?.dependents ?? []) {
    for (const one of instancesOf(turn.state, name)) release(turn, one);
  }
}

/** An instance is to be stopped: what it shows belongs to no incident any more. Who sees it tells
 * it once only, so it is kept for the case that the instance is wanted again before it is gone. */
export function setAside(turn: Turn, instance: InstanceState): void {
  // What was seen before its watch began anew is noticed anew, or nobody would tell its end.
  const kept = instance.symptoms.filter((id) => !(instance.stale && isHealth(id)));
  const held = kept.flatMap((id) => turn.state.symptoms[id]?.symptom ?? []);
  endSymptoms(turn, instance);
  if (!canHave(instance)) return;
  for (const symptom of held) turn.emit({ kind: 'symptom-began', symptom });
}

/** Symptoms that belong to no incident yet and are of what is wanted. */
export function placeStray(turn: Turn, ids: readonly string[]): void {
  for (const id of ids) {
    const held = turn.state.symptoms[id];
    if (held?.incident === null && matters(turn, held.symptom))
      turn.touch(placeSymptom(turn, held.symptom));
  }
}

/** Ends all symptoms of an instance whose process is gone or which is given up. */
export function endSymptoms(turn: Turn, instance: InstanceState): void {
  const incidents = new Set<IncidentState['id']>();
  for (const id of [...instance.symptoms]) {
    const incident = turn.state.symptoms[id]?.incident ?? null;
    if (incident !== null) incidents.add(incident);
    turn.emit({ kind: 'symptom-ended', id });
  }
  for (const id of incidents) turn.touch(id);
}
