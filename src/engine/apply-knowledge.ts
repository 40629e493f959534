/**
 * What the log teaches: lessons made of records and of the state before them. What happened counts,
 * never what a table says, so an old log always teaches the same.
 *
 * 1. A fault is true when an action for it was verified, or when a drill brought it about.
 * 2. What was blamed without being sure, or ended by itself or a person, proves no fault.
 * 3. A drill teaches what detectors show and actions mend, but not how often faults happen; that it
 *    kills again what was mended is no evidence against the remedy.
 */
import { type Lesson, learn, noKnowledge, remedyOf } from '../learn/lessons.ts';
import { type ComponentId, type InstanceId, type ServiceName, serviceOf } from '../model/ids.ts';
import type { Knowledge } from '../model/knowledge.ts';
import type { LogRecord } from '../model/record.ts';
import type { ServiceSpec } from '../model/stack-spec.ts';
import type { FaultKind } from '../model/symptom.ts';
import { dependenciesOf, mayComeFromDependency } from './graph.ts';
import {
  type ActionState,
  type EngineState,
  episodeOnset,
  type IncidentState,
  instancesOf,
} from './state.ts';

/** A symptom that began later is not an effect of the drill. */
const drillWithinMs = 600_000;

/** Expressions are evaluated each second. */
const sampledEveryMs = 1_000;

/** To be called before the record changes anything else. */
export function applyKnowledge(state: EngineState, record: LogRecord): void {
  switch (record.kind) {
    case 'instance-started':
    case 'instance-adopted':
      watch(state, record.instance, record.at);
      return;
    case 'instance-exited':
    case 'instance-stopped':
      unwatch(state, record.instance, record.at);
      return;
    case 'incident-opened':
      countTime(state, state.symptoms[record.symptom]?.symptom.component ?? '', record.at);
      return;
    case 'action-outcome':
      judged(state, record);
      return;
    case 'incident-resolved':
      resolved(state, record);
      return;
    default:
      applyWord(state, record);
  }
}

/** What a person, or a drill, says. */
function applyWord(state: EngineState, record: LogRecord): void {
  switch (record.kind) {
    case 'drill-began':
      state.drills[record.component] = {
        fault: record.fault,
        at: record.at,
        seen: false,
        ended: false,
      };
      return;
    case 'drill-ended':
      drillEnded(state, record.component);
      return;
    case 'knowledge-imported':
      replaceKnowledge(state, structuredClone(record.knowledge), record.at);
      return;
    case 'knowledge-reset':
      replaceKnowledge(state, noKnowledge(), record.at);
      return;
  }
}

function replaceKnowledge(state: EngineState, knowledge: Knowledge, at: number): void {
  const { watched } = state;
  state.knowledge = knowledge;
  watched.at = at;
  for (const instance of Object.keys(watched.since)) watched.since[instance as InstanceId] = at;
}

function teach(state: EngineState, ...lessons: readonly Lesson[]): void {
  for (const lesson of lessons) learn(state.knowledge, lesson);
}

// The time that instances were watched.

function watch(state: EngineState, instance: InstanceId, at: number): void {
  const { watched } = state;
  if (watched.since[instance] !== undefined || state.instances[instance] === undefined) return;
  countTimeOfAll(state, at);
  watched.since[instance] = at;
  watched.count += 1;
}

function unwatch(state: EngineState, instance: InstanceId, at: number): void {
  const { watched } = state;
  if (watched.since[instance] === undefined) return;
  countTimeOfAll(state, at);
  countTimeOf(state, instance, at);
  delete watched.since[instance];
  watched.count -= 1;
}

function countTimeOfAll(state: EngineState, at: number): void {
  const { watched } = state;
  const ms = watched.count * Math.max(0, at - watched.at);
  watched.at = at;
  if (ms > 0) teach(state, { kind: 'watched', service: null, ms });
}

function countTimeOf(state: EngineState, instance: InstanceId, at: number): void {
  const { since } = state.watched;
  const service = serviceOf(instance);
  const ms = Math.max(0, at - (since[instance] ?? at));
  if (service === null || ms === 0) return;
  since[instance] = at;
  teach(state, { kind: 'watched', service, ms });
}

/** Of what is about to be weighed as a cause: the component's service and all it depends on. */
function countTime(state: EngineState, component: ComponentId, at: number): void {
  countTimeOfAll(state, at);
  const service = serviceOf(component);
  if (service === null) return;
  for (const name of [service, ...dependenciesOf(state, service)])
    countTimeOfService(state, name, at);
}

function countTimeOfService(state: EngineState, service: ServiceName, at: number): void {
  for (const { id } of instancesOf(state, service)) countTimeOf(state, id, at);
}

/** A copy in which the time up to now is counted. */
export function knowledgeAt(state: EngineState, at: number): EngineState['knowledge'] {
  const { knowledge, watched } = structuredClone({
    knowledge: state.knowledge,
    watched: state.watched,
  });
  const copy = { ...state, knowledge, watched };
  countTimeOfAll(copy, at);
  for (const name of copy.order) countTimeOfService(copy, name, at);
  return copy.knowledge;
}

// Outcomes of actions.

const remedies: ReadonlySet<string> = new Set(['restart', 'retry', 'take-out', 'fail-over', 'run']);

/** Done for a fault of its own: what was spared came of a dependency, or was a try for a person. */
function isTelling({ planned, begun, spared }: ActionState): boolean {
  return remedies.has(planned.kind) && begun !== null && !spared;
}

/** Only what was thought to have helped and did not; the rest is judged when the incident ends. */
function judged(state: EngineState, record: LogRecord & { kind: 'action-outcome' }): void {
  const incident = record.incident === null ? undefined : state.incidents[record.incident];
  const action = incident?.actions.find((one) => one.planned.action === record.action);
  if (action === undefined || record.outcome !== 'failed') return;
  if (isKilledByDrill(state, action.planned.target)) action.drilled = true;
  else if (action.outcome === 'verified' && action.taught !== undefined)
    teachOutcome(state, action, { fault: action.taught, mended: false });
}

/** A drill of a crash is under way there, and it is gone as a drill makes it go. */
function isKilledByDrill({ drills, instances }: EngineState, target: ComponentId): boolean {
  const drill = drills[target as InstanceId];
  const exit = instances[target as InstanceId]?.exit;
  if (drill?.fault !== 'crash' || drill.ended) return false;
  return exit?.signal === 'SIGKILL' && !exit.oom;
}

function teachOutcome(
  state: EngineState,
  action: ActionState,
  { fault, mended }: { readonly fault: FaultKind; readonly mended: boolean },
): void {
  const { kind, name, target } = action.planned;
  const service = serviceOf(target);
  if (service === null) return;
  const instead = action.taught !== undefined;
  teach(state, { kind: 'outcome', service, remedy: remedyOf(kind, name), fault, mended, instead });
  action.taught = fault;
}

/**
 * Counted when the incident is over, and not before: until then an action that did not help is
 * evidence against the fault that it was for, and can't be evidence against the remedy too.
 */
function teachOutcomes(
  state: EngineState,
  incident: IncidentState,
  truths: readonly Truth[],
): void {
  for (const action of incident.actions) {
    if (!isTelling(action) || action.taught !== undefined || action.drilled) continue;
    if (action.outcome !== 'verified' && action.outcome !== 'failed') continue;
    const { target, kind, name } = action.planned;
    const truth = truths.find((one) => one.component === target);
    // Something mended it in the end, though nobody was sure what it was.
    const unclear = truths.length > 0 || isMended(incident, target);
    const fault = truth?.fault ?? (action.sure === true && !unclear ? action.fault : null);
    if (fault === null) continue;
    const mended = action.outcome === 'verified';
    teachOutcome(state, action, { fault, mended });
    const ms = mended ? recoveryMs(state, incident, action) : null;
    const service = serviceOf(target);
    if (ms !== null && service !== null)
      teach(state, { kind: 'duration', service, remedy: remedyOf(kind, name), ms });
  }
}

/** By one of them: a try made while a person was needed proves nothing, as one may have come. */
function isMended({ actions }: IncidentState, target: ComponentId): boolean {
  return actions.some(
    ({ planned, outcome, slowTry }) =>
      planned.target === target && outcome === 'verified' && slowTry !== true,
  );
}

/** From its begin until its instance was ready, or else all was well. */
function recoveryMs(state: EngineState, incident: IncidentState, action: ActionState) {
  const begun = action.begun ?? 0;
  if (action.planned.kind === 'fail-over') {
    // What a controller's absence made of it tells nothing.
    return action.done === null || state.begunAt > begun ? null : action.done - begun;
  }
  const readyAt = state.instances[action.planned.target as InstanceId]?.readyAt ?? null;
  const restarts = action.planned.kind === 'restart' || action.planned.kind === 'retry';
  if (restarts && readyAt !== null && readyAt >= begun) return readyAt - begun;
  return incident.recovered === null ? null : Math.max(0, incident.recovered - begun);
}

// Ends of incidents.

interface Truth {
  readonly component: ComponentId;
  readonly fault: FaultKind;
}

function resolved(state: EngineState, record: LogRecord & { kind: 'incident-resolved' }): void {
  const incident = state.incidents[record.incident];
  if (incident === undefined || record.into !== undefined) return;
  const drills = drillsOf(state, incident);
  const proven = drills.length === 0 && incident.state === 'verifying';
  const truths = proven ? mendedIn(incident) : drills;
  teachOutcomes(state, incident, truths);
  for (const truth of truths) {
    const key = `${truth.component} ${truth.fault}`;
    if (incident.taught?.includes(key)) continue;
    incident.taught = [...(incident.taught ?? []), key];
    if (proven) teachFault(state, truth);
    teachDetections(state, truth, incident);
    teachPassedOn(state, truth, { incident, truths, at: record.at });
  }
  if (truths.length === 0) teachFalseAlarms(state, incident);
  for (const { component } of drills) drillSeen(state, component);
}

function mendedIn(incident: IncidentState): Truth[] {
  return incident.actions.flatMap((action) =>
    isTelling(action) &&
    action.outcome === 'verified' &&
    action.sure === true &&
    action.fault !== null
      ? [{ component: action.planned.target, fault: action.fault }]
      : [],
  );
}

function teachFault(state: EngineState, { component, fault }: Truth): void {
  const service = serviceOf(component);
  if (service !== null) teach(state, { kind: 'fault', service, fault });
}

/** What each detector at the component showed; null: there was no incident. */
function teachDetections(
  state: EngineState,
  { component, fault }: Truth,
  incident: IncidentState | null,
): void {
  const service = serviceOf(component);
  const spec = service === null ? undefined : state.services[service]?.spec;
  if (service === null || spec === undefined) return;
  const seen = new Map(
    incident?.symptoms
      .filter(({ symptom }) => symptom.component === component)
      .map(({ symptom }) => [symptom.name, symptom.kind]),
  );
  const leftMs =
    incident?.acted == null ? Number.POSITIVE_INFINITY : incident.acted - incident.onset;
  const checked = spec.healthcheck === null ? [] : ['health'];
  const names = ['exit', ...checked, ...spec.symptoms.map((one) => one.name), ...seen.keys()];
  for (const detector of new Set(names)) {
    const symptom = seen.get(detector) ?? null;
    // Another one was faster, and what it led to left no time.
    if (symptom === null && leftMs < noticeMs(spec, detector)) continue;
    teach(state, { kind: 'detection', service, detector, fault, symptom });
  }
}

/** So long a detector needs to notice; Infinity: there is nothing that it would notice. */
function noticeMs({ healthcheck, symptoms }: ServiceSpec, detector: string): number {
  if (detector === 'health') {
    if (healthcheck === null) return Number.POSITIVE_INFINITY;
    const { retries, intervalMs, timeoutMs } = healthcheck;
    return (retries + 1) * intervalMs + timeoutMs;
  }
  const declared = symptoms.find((one) => one.name === detector);
  return declared?.kind === 'expr' ? declared.forMs + sampledEveryMs : 0;
}

/** Whether a fault that left nobody of its service to answer showed at what depends on it. */
function teachPassedOn(
  state: EngineState,
  { component }: Truth,
  { incident, truths, at }: { incident: IncidentState; truths: readonly Truth[]; at: number },
): void {
  const dependency = serviceOf(component);
  if (dependency === null) return;
  const ill = new Set(incident.symptoms.map(({ symptom }) => symptom.component));
  if (!instancesOf(state, dependency).every((one) => ill.has(one.id))) return;
  const outageMs = (incident.recovered ?? at) - episodeOnset(incident);
  for (const service of state.services[dependency]?.dependents ?? []) {
    if (truths.some((one) => serviceOf(one.component) === service)) continue;
    const shown = incident.symptoms.some(
      ({ symptom }) =>
        serviceOf(symptom.component) === service && mayComeFromDependency(state, symptom),
    );
    const dependant = state.services[service];
    if (dependant === undefined || dependant.wanted === 'down') continue;
    if (shown || outageMs >= noticeMs(dependant.spec, 'health'))
      teach(state, { kind: 'passed-on', service, dependency, shown });
  }
}

/** Nothing was done, and the same process serves on: there was no need for a symptom. */
function teachFalseAlarms(state: EngineState, incident: IncidentState): void {
  if (incident.acted !== null) return;
  if (incident.actions.some((one) => one.planned.kind === 'wait')) return;
  const blamed = incident.causes[0]?.component;
  for (const { symptom } of incident.symptoms) {
    const { component, kind, name: detector, began } = symptom;
    const instance = state.instances[component as InstanceId];
    const service = serviceOf(component);
    // What is only told of had nothing to prove.
    if (service === null || kind === 'log' || kind === 'error') continue;
    if (blamed !== undefined && blamed !== component) continue;
    const goesOn = instance?.phase === 'ready' && instance.wanted === 'up';
    if (goesOn && (instance.startedAt ?? began) < began)
      teach(state, { kind: 'false-alarm', service, detector });
  }
}

// Drills.

function drillsOf(state: EngineState, incident: IncidentState): Truth[] {
  return Object.entries(state.drills).flatMap(([component, { fault, at }]) =>
    incident.symptoms.some(({ symptom }) => isEffect(symptom, component, at))
      ? [{ component, fault }]
      : [],
  );
}

function isEffect(symptom: { component: ComponentId; began: number }, drilled: string, at: number) {
  const { component, began } = symptom;
  return component === drilled && began >= at && began - at <= drillWithinMs;
}

function drillSeen(state: EngineState, component: ComponentId): void {
  const drill = state.drills[component as InstanceId];
  if (drill === undefined) return;
  if (drill.ended) delete state.drills[component as InstanceId];
  else drill.seen = true;
}

/** Nobody noticed it: that is known too. */
function drillEnded(state: EngineState, component: InstanceId): void {
  const drill = state.drills[component];
  if (drill === undefined) return;
  const open = state.open.some((id) => {
    const incident = state.incidents[id];
    return incident?.symptoms.some(({ symptom }) => isEffect(symptom, component, drill.at));
  });
  if (open) drill.ended = true;
  else delete state.drills[component];
  if (!open && !drill.seen) teachDetections(state, { component, fault: drill.fault }, null);
}
