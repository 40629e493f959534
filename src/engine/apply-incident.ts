/** Records about incidents and their actions. */

import type { IncidentId } from '../model/ids.ts';
import type { LogRecord } from '../model/record.ts';
import { noteAsking, noteConcern, noteOpened } from './concerned.ts';
import { lookAgain, noteForgotten, noteReopened, noteResolved } from './recent.ts';
import {
  type ActionState,
  actionOf,
  actionsKept,
  type EngineState,
  type IncidentState,
  resolvedKept,
} from './state.ts';

export type IncidentRecord = Extract<LogRecord, { readonly incident: unknown }>;
type ActionRecord = Extract<
  IncidentRecord,
  { readonly kind: 'action-planned' | 'action-begun' | 'action-done' | 'action-outcome' }
>;

export function applyIncident(state: EngineState, record: IncidentRecord): void {
  switch (record.kind) {
    case 'incident-opened':
      opened(state, record);
      return;
    case 'action-planned':
      planned(state, record);
      return;
    case 'action-begun':
    case 'action-done':
    case 'action-outcome':
      progressed(state, record);
      return;
    default: {
      const incident = state.incidents[record.incident];
      if (incident !== undefined) changed(state, incident, record);
    }
  }
}

function opened(state: EngineState, record: LogRecord & { kind: 'incident-opened' }): void {
  state.nextIncident = Math.max(state.nextIncident, Number(record.incident.slice(1)) + 1);
  const incident: IncidentState = {
    id: record.incident,
    state: 'open',
    onset: record.onset,
    detected: record.at,
    located: null,
    acted: null,
    recovered: null,
    resolved: null,
    symptoms: [],
    causes: [],
    unsure: false,
    actions: [],
    confirm: null,
    consent: null,
    told: false,
    slowTries: [],
    needs: [],
    summary: '',
  };
  state.incidents[record.incident] = incident;
  state.open.push(record.incident);
  join(state, incident, record.symptom);
}

function join(state: EngineState, incident: IncidentState, id: string): void {
  const held = state.symptoms[id];
  if (held === undefined) return;
  const left = held.incident === null ? undefined : state.incidents[held.incident];
  if (left !== undefined && left.id !== incident.id) {
    left.symptoms = left.symptoms.filter((entry) => entry.symptom.id !== id);
  }
  held.incident = incident.id;
  if (incident.state === 'resolved' || left?.state === 'resolved') lookAgain(state);
  const entry = incident.symptoms.find((known) => known.symptom.id === id);
  if (entry === undefined)
    incident.symptoms.push({ symptom: held.symptom, joined: state.seq, ended: null });
  else Object.assign(entry, { symptom: held.symptom, joined: state.seq, ended: null });
  incident.onset = Math.min(incident.onset, held.symptom.began);
  noteConcern(state, incident, held.symptom.component);
  if (incident.state === 'verifying') incident.state = 'open';
}

type PlainIncidentRecord = Exclude<
  IncidentRecord,
  ActionRecord | { readonly kind: 'incident-opened' }
>;

function changed(state: EngineState, incident: IncidentState, record: PlainIncidentRecord): void {
  switch (record.kind) {
    case 'incident-joined':
      join(state, incident, record.symptom);
      return;
    case 'incident-located':
      incident.causes = [...record.causes];
      incident.unsure = record.unsure;
      incident.located ??= record.at;
      if (record.causes[0]) noteConcern(state, incident, record.causes[0].component);
      return;
    case 'confirm-asked':
      incident.confirm = { waiting: [...record.instances], until: record.until };
      noteAsking(state, incident);
      return;
    case 'incident-verifying':
      incident.state = 'verifying';
      incident.recovered = record.at;
      incident.consent = null;
      return;
    case 'incident-needs-person':
      incident.state = 'needs-person';
      incident.summary = record.reason;
      if (record.offers !== undefined) incident.offered = record.offers;
      needsPerson(incident);
      return;
    case 'slow-try':
      incident.slowTries = [...incident.needs];
      askAnew(state, incident);
      return;
    case 'incident-resolved':
      resolved(state, incident, record);
      return;
    case 'incident-reopened':
      incident.state = 'open';
      incident.returned = returnedAt(state, incident, record);
      incident.resolved = null;
      incident.recovered = null;
      incident.told = false;
      takeFromResolved(state, incident);
      state.open.push(incident.id);
      noteOpened(state, incident);
      join(state, incident, record.symptom);
      return;
    case 'consent':
      incident.consent = record.given;
      if (incident.state === 'needs-person') incident.state = 'open';
      askAnew(state, incident);
      return;
  }
}

function takeFromResolved(state: EngineState, incident: IncidentState): void {
  // Most are not long resolved.
  const place = state.resolved.lastIndexOf(incident.id);
  if (place === -1) return;
  state.resolved.splice(place, 1);
  noteReopened(state, incident);
}

/** A symptom may have begun before it was seen, but not before the incident was over. */
function returnedAt(
  state: EngineState,
  { resolved }: IncidentState,
  { at, symptom }: LogRecord & { kind: 'incident-reopened' },
): number {
  const began = state.symptoms[symptom]?.symptom.began ?? at;
  return Math.max(began, resolved ?? began);
}

/** A person is needed for what the last decision was about. */
function needsPerson(incident: IncidentState): void {
  const target = incident.actions.at(-1)?.planned.target;
  if (target === undefined) return;
  incident.needs = [...incident.needs.filter((one) => one !== target), target];
  incident.slowTries = incident.slowTries.filter((one) => one !== target);
}

/** What a person was asked or told no longer stands in the way of deciding again. */
export function askAnew(state: EngineState, incident: IncidentState): void {
  incident.needs = [];
  for (const action of incident.actions) {
    if (action.planned.kind !== 'ask-person' || action.outcome !== null) continue;
    action.outcome = 'unknown';
    delete state.actions[action.planned.action];
  }
}

function resolved(
  state: EngineState,
  incident: IncidentState,
  record: LogRecord & { kind: 'incident-resolved' },
): void {
  incident.state = 'resolved';
  incident.resolved = record.at;
  incident.summary = record.summary;
  incident.confirm = null;
  incident.consent = null;
  incident.needs = [];
  state.open = state.open.filter((id) => id !== incident.id);
  state.resolved.push(incident.id);
  for (const action of incident.actions) delete state.actions[action.planned.action];
  noteResolved(state, incident);
  while (state.resolved.length > resolvedKept) {
    const old = state.resolved.shift() ?? incident.id;
    noteForgotten(state, state.incidents[old]);
    delete state.incidents[old];
  }
}

function planned(state: EngineState, record: LogRecord & { kind: 'action-planned' }): void {
  const { planned: action, incident: id } = record;
  state.nextAction = Math.max(state.nextAction, Number(action.action.slice(1)) + 1);
  const incident = id === null ? undefined : state.incidents[id];
  const cause = incident?.causes.find((one) => one.component === action.target);
  const entry: ActionState = {
    planned: action,
    seq: state.seq,
    incident: id,
    fault: cause?.fault ?? null,
    begun: null,
    done: null,
    spared: false,
    outcome: null,
    error: null,
  };
  if (cause !== undefined && incident?.unsure === false) entry.sure = true;
  if (incident?.slowTries.includes(action.target) === true) entry.slowTry = true;
  state.actions[action.action] = id;
  if (incident !== undefined) {
    keep(incident, entry);
    noteConcern(state, incident, action.target);
    return;
  }
  state.personal[action.action] = entry;
  const service = state.services[action.target.slice(0, action.target.lastIndexOf('/'))];
  service?.queue.push(action.action);
}

function keep(incident: IncidentState, entry: ActionState): void {
  incident.told = true;
  incident.actions.push(entry);
  const judged = incident.actions.find((one) => one.outcome !== null);
  if (incident.actions.length > actionsKept && judged !== undefined)
    incident.actions = incident.actions.filter((one) => one !== judged);
}

function progressed(state: EngineState, record: Exclude<ActionRecord, { kind: 'action-planned' }>) {
  const action =
    actionOf(state, record.action) ??
    state.incidents[record.incident ?? 'i0']?.actions.find(
      (one) => one.planned.action === record.action,
    );
  if (action === undefined) return;
  if (record.kind === 'action-begun') return begun(state, action, record);
  if (record.kind === 'action-done') {
    action.done = record.at;
    action.error = record.error?.message ?? null;
    return;
  }
  action.outcome = record.outcome;
  delete state.actions[record.action];
  const instance = state.instances[action.planned.target as `${string}/${number}`];
  if (instance !== undefined && instance.phase !== 'stopping') instance.next = null;
  if (record.incident === null) return judgePersonal(state, action);
  const incident = state.incidents[record.incident];
  if (incident === undefined || record.outcome !== 'failed') return;
  if (incident.state === 'acting') incident.state = 'open';
  // Consent was to this one: it is not tried again and again without another.
  if (action.planned.kind === 'fail-over') incident.consent = null;
}

function judgePersonal(state: EngineState, action: ActionState): void {
  const { action: id, target } = action.planned;
  delete state.personal[id];
  const service = state.services[target.slice(0, target.lastIndexOf('/'))];
  if (service !== undefined) service.queue = service.queue.filter((other) => other !== id);
}

function begun(
  state: EngineState,
  action: ActionState,
  record: LogRecord & { kind: 'action-begun' },
): void {
  const { kind, target } = action.planned;
  action.begun = record.at;
  action.spared = record.spared;
  const instance = state.instances[target as `${string}/${number}`];
  if (kind === 'restart' && instance !== undefined) instance.next = 'start';
  if (instance !== undefined && kind === 'take-out') instance.takenOut = true;
  if (instance !== undefined && kind === 'put-back') instance.takenOut = false;
  restoreBegun(state, action);
  if (kind === 'wait' || kind === 'ask-person' || record.incident === null) return;
  const incident = state.incidents[record.incident as IncidentId];
  if (incident === undefined) return;
  incident.slowTries = incident.slowTries.filter((one) => one !== target);
  if (incident.state === 'open' || incident.state === 'verifying') incident.state = 'acting';
  incident.acted ??= record.at;
  if (!record.spared) countAct(state, target, record.at);
}

/** A person's consent was to this one. */
function restoreBegun(state: EngineState, { planned, incident }: ActionState): void {
  const asked = incident === null ? undefined : state.incidents[incident];
  if (planned.kind === 'restore' && asked !== undefined) asked.consent = null;
}

/** Adds to the sliding windows and drops what has left them. */
function countAct(state: EngineState, target: string, at: number): void {
  const slash = target.lastIndexOf('/');
  const service = state.services[slash === -1 ? target : target.slice(0, slash)];
  if (service !== undefined) {
    const { windowMs } = service.spec.recovery.budget;
    countIn(service.acts, at, windowMs);
  }
  const windowMs = state.stack?.recovery.budget.windowMs ?? 0;
  countIn(state.acts, at, windowMs);
}

/** `acts`: oldest first. */
function countIn(acts: number[], at: number, windowMs: number): void {
  const kept = acts.findIndex((act) => act > at - windowMs);
  acts.splice(0, kept === -1 ? acts.length : kept);
  acts.push(at);
}
