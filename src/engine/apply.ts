/**
 * `apply(state, record)`: the one place where the state changes. It decides nothing: the same
 * records always make the same state, also when read from a store years later.
 */
import type { GroupRecord } from '../model/group.ts';
import { type LogRecord, subjectOf } from '../model/record.ts';
import type { PointRecord } from '../model/recovery-point.ts';
import { applyConfigured } from './apply-configured.ts';
import { applyGroup, applyToGroup, isGroupRecord } from './apply-group.ts';
import { applyIncident, askAnew, type IncidentRecord } from './apply-incident.ts';
import { applyInstance, applySuspect, type InstanceRecord } from './apply-instance.ts';
import { applyKnowledge } from './apply-knowledge.ts';
import { applyPoint, isPointRecord } from './apply-points.ts';
import { clearTimer, setTimer } from './earliest.ts';
import { applyMaintenanceBegan, applyMaintenanceEnded, noteIll } from './maintenance-state.ts';
import {
  acquit,
  type EngineState,
  initialState,
  instancesOf,
  isAlive,
  isHealth,
  isRunning,
} from './state.ts';

/** Changes the state in place by one record. */
export function apply(state: EngineState, record: LogRecord): void {
  state.seq += 1;
  state.at = Math.max(state.at, record.at);
  // By far the most frequent; what else looks at records has nothing to do with it.
  if (record.kind === 'instance-suspect') {
    applySuspect(state, record);
    return;
  }
  const { instance, incident, action } = subjectOf(record);
  if (action != null) noteAction(state, action);
  applyKnowledge(state, record);
  applyToGroup(state, record);
  if (record.kind === 'configured') applyConfigured(state, record.spec);
  else if (isGroupRecord(record)) applyGroup(state, record);
  else if (isPointRecord(record)) applyPoint(state, record);
  else if (instance !== undefined) applyInstance(state, record as InstanceRecord);
  else if (incident !== undefined) applyIncident(state, record as IncidentRecord);
  else applyRest(state, record as RestRecord);
  noteIll(state, record);
}

/** Folds records from the initial state. */
export function replay(records: Iterable<LogRecord>): EngineState {
  const state = initialState();
  for (const record of records) apply(state, record);
  return state;
}

function noteAction(state: EngineState, action: string): void {
  state.nextAction = Math.max(state.nextAction, Number(action.slice(1)) + 1);
}

type RestRecord = Exclude<
  LogRecord,
  GroupRecord | PointRecord | InstanceRecord | IncidentRecord | { readonly kind: 'configured' }
>;

function applyRest(state: EngineState, record: RestRecord): void {
  switch (record.kind) {
    case 'wanted':
      applyWanted(state, record);
      return;
    case 'symptom-began':
      applySymptomBegan(state, record);
      return;
    case 'symptom-ended':
      applySymptomEnded(state, record);
      return;
    case 'reset':
      applyReset(state, record);
      return;
    case 'maintenance-began':
      applyMaintenanceBegan(state, record);
      return;
    case 'maintenance-ended':
      applyMaintenanceEnded(state, record);
      return;
    case 'timer-set':
      setTimer(state.timers, record.timer, record.due);
      return;
    case 'timer-cleared':
      clearTimer(state.timers, record.timer);
      return;
    case 'requested':
      if (record.request !== undefined)
        state.requests[record.requestId] = {
          by: record.by,
          request: record.request,
          deferred: state.looking,
        };
      if (record.request?.kind === 'approve')
        delete state.incidents[record.request.incident]?.offered;
      return;
    case 'replied':
      delete state.requests[record.requestId];
      return;
    case 'looking':
      state.looking = true;
      state.begunAt = record.at;
      // A new controller's store can write until it says otherwise.
      state.storeWritable = true;
      for (const pending of Object.values(state.requests)) pending.deferred = true;
      return;
    case 'looked':
      state.looking = false;
      for (const pending of Object.values(state.requests)) pending.deferred = false;
      for (const instance of Object.values(state.instances))
        instance.stale = isRunning(instance) && instance.symptoms.some(isHealth);
      return;
    case 'store':
      state.storeWritable = record.writable;
      return;
    case 'slept':
      return;
  }
}

function applyWanted(state: EngineState, record: LogRecord & { kind: 'wanted' }): void {
  if (record.target === null) state.wanted = record.wanted;
  for (const instance of targets(state, record.target)) {
    if (instance.removed) continue;
    instance.wanted = record.wanted;
    instance.tries = 0;
    if (record.wanted === 'down') instance.next = null;
    if (instance.unasked && isAlive(instance)) state.alive += 1;
    instance.unasked = false;
    if (record.wanted === 'down') instance.starts = 0;
  }
  for (const name of record.target === null ? state.order : [record.target]) {
    const service = state.services[name];
    if (service !== undefined && !service.removed) service.wanted = record.wanted;
  }
}

function applySymptomBegan(
  state: EngineState,
  { symptom }: LogRecord & { kind: 'symptom-began' },
): void {
  const incident = state.symptoms[symptom.id]?.incident ?? null;
  state.symptoms[symptom.id] = { symptom, incident };
  const instance = state.instances[symptom.component as `${string}/${number}`];
  if (instance === undefined) return;
  if (isHealth(symptom.id)) instance.stale = false;
  if (symptom.kind === 'integrity') instance.damaged = true;
  if (!instance.symptoms.includes(symptom.id)) instance.symptoms.push(symptom.id);
}

function applySymptomEnded(
  state: EngineState,
  record: LogRecord & { kind: 'symptom-ended' },
): void {
  const held = state.symptoms[record.id];
  if (held === undefined) return;
  delete state.symptoms[record.id];
  const instance = state.instances[held.symptom.component as `${string}/${number}`];
  if (instance !== undefined) {
    instance.symptoms = instance.symptoms.filter((id) => id !== record.id);
    // What ended with its process is damaged yet.
    if (held.symptom.kind === 'integrity' && isRunning(instance)) delete instance.damaged;
    if (isHealth(record.id)) {
      acquit(instance);
      instance.failedUntil = record.at;
    }
  }
  if (held.incident === null) return;
  const entry = state.incidents[held.incident]?.symptoms.find((s) => s.symptom.id === record.id);
  if (entry !== undefined) entry.ended = record.at;
}

function applyReset(state: EngineState, record: LogRecord & { kind: 'reset' }): void {
  if (record.target === null) state.acts = [];
  const reset = targets(state, record.target);
  for (const instance of reset) {
    instance.tries = 0;
    instance.afreshAt = record.at;
    const service = state.services[instance.service];
    if (service !== undefined) service.acts = [];
  }
  const ids = new Set<string>(reset.map((instance) => instance.id));
  for (const id of state.open) {
    const incident = state.incidents[id];
    if (incident?.state !== 'needs-person') continue;
    if (record.target !== null && !incident.needs.some((component) => ids.has(component))) continue;
    incident.state = 'open';
    askAnew(state, incident);
  }
}

/** The instances that a service name, an instance id or null (all) stands for. */
function targets(state: EngineState, target: string | null) {
  if (target === null) return Object.values(state.instances);
  const one = state.instances[target as `${string}/${number}`];
  return one === undefined ? instancesOf(state, target) : [one];
}
