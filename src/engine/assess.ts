/**
 * What is to be done about an incident now. Called whenever something of it changed; finds the next
 * thing by looking at the state, so calling it once too often does no harm.
 *
 *   symptoms ──▶ confirm dependencies? ──▶ locate ──▶ plan ──▶ act … settle ──▶ verify ──▶ resolved
 */
import { locate } from '../locate/locate.ts';
import { sureFrom } from '../locate/tables.ts';
import type { EngineEvent } from '../model/event.ts';
import type { ComponentId, IncidentId, InstanceId, ServiceName } from '../model/ids.ts';
import { serviceOf } from '../model/ids.ts';
import type { Cause } from '../model/record.ts';
import type { Symptom } from '../model/symptom.ts';
import type { PlanInput } from '../plan/input.ts';
import { afterFailures, plan } from '../plan/plan.ts';
import { carryOut } from './act.ts';
import { budgetLeft, locateInput, targetFacts } from './facts.ts';
import {
  dependenciesOf,
  failingDependency,
  freshlyConfirmed,
  mayComeFromDependency,
} from './graph.ts';
import { isObserved } from './lifecycle.ts';
import { settle } from './outcomes.ts';
import { isFailing } from './routing.ts';
import { type IncidentState, instancesOf } from './state.ts';
import { endSymptom } from './symptoms.ts';
import { untreated } from './treatment.ts';
import type { Turn } from './turn.ts';

const confirmTimeoutMs = 250;
/** For the answer to arrive. */
const confirmSlackMs = 250;
/** Symptoms that are weighed together with the one at hand. */
const weighedMax = 12;

export function assess(turn: Turn, id: IncidentId, slowTry = false): void {
  const incident = turn.state.incidents[id];
  if (incident === undefined || incident.state === 'resolved' || turn.state.looking) return;
  const active = incident.symptoms.flatMap((one) => (one.ended === null ? [one] : []));
  if (active.length === 0) return settle(turn, incident);
  const open = untreated(turn, incident, active);
  if (open.length === 0 || askConfirm(turn, incident, open)) return;
  decide(turn, incident, open, slowTry);
}

/** Asks whether a dependency is behind the symptoms, unless that is known. True: to be waited for. */
function askConfirm(turn: Turn, incident: IncidentState, symptoms: readonly Symptom[]): boolean {
  const services = new Set<ServiceName>();
  for (const symptom of symptoms) {
    const service = serviceOf(symptom.component);
    if (service !== null && mayComeFromDependency(turn.state, symptom)) services.add(service);
  }
  const instances = new Set<InstanceId>();
  for (const service of services) {
    if (failingDependency(turn.state, service, turn.at) !== null) continue;
    for (const name of dependenciesOf(turn.state, service)) addUnconfirmed(turn, name, instances);
  }
  if (instances.size === 0) return false;
  const { confirm } = incident;
  if (confirm !== null && turn.at < confirm.until) return confirm.waiting.length > 0;
  // Who did not answer in time is not asked again at once: what is known has to do.
  if (confirm !== null && confirm.waiting.some((one) => instances.has(one))) {
    if (turn.at < confirm.until + 2 * (confirmTimeoutMs + confirmSlackMs)) return false;
  }
  const asked = [...instances];
  const until = turn.at + confirmTimeoutMs + confirmSlackMs;
  turn.emit({ kind: 'confirm-asked', incident: incident.id, instances: asked, until });
  turn.setTimer(`confirm:${incident.id}`, until);
  turn.command({ kind: 'confirm', instances: asked, timeoutMs: confirmTimeoutMs }, true);
  return true;
}

function addUnconfirmed(turn: Turn, service: ServiceName, into: Set<InstanceId>): void {
  if (turn.state.services[service]?.spec.healthcheck == null) return;
  for (const one of instancesOf(turn.state, service)) {
    const known = isFailing(turn.state, one) || freshlyConfirmed(one, turn.at) !== null;
    if (one.phase === 'ready' && !known) into.add(one.id);
  }
}

export function onConfirmed(turn: Turn, event: EngineEvent & { kind: 'confirmed' }): void {
  const { instance: id, healthy, evidence } = event;
  const instance = turn.state.instances[id];
  if (instance === undefined || (instance.phase !== 'ready' && instance.phase !== 'running'))
    return;
  const waiting = turn.state.open.filter((one) =>
    turn.state.incidents[one]?.confirm?.waiting.includes(id),
  );
  turn.emit({ kind: 'instance-confirmed', instance: id, healthy, evidence });
  if (healthy) {
    for (const symptom of [...instance.symptoms]) {
      if (symptom.endsWith('#health')) endSymptom(turn, symptom);
    }
  }
  for (const one of waiting) {
    const left = turn.state.incidents[one]?.confirm?.waiting ?? [];
    if (left.length === 0) turn.clearTimer(`confirm:${one}`);
    if (left.length === 0 || !healthy) assess(turn, one);
  }
}

/** Locates and plans until every open symptom is seen to, one fault after the other. */
function decide(
  turn: Turn,
  incident: IncidentState,
  symptoms: readonly Symptom[],
  slowTry: boolean,
): void {
  let left = dependenciesFirst(turn, symptoms);
  while (left.length > 0) {
    const before = left.length;
    const target = planFor(turn, incident, left, slowTry);
    const held = new Set(left.map((one) => one.id));
    const still = incident.symptoms.flatMap((one) => (one.ended === null ? [one] : []));
    left = untreated(turn, incident, still).filter(
      (one) => held.has(one.id) && one.component !== target,
    );
    if (incident.state === 'resolved' || left.length >= before) return;
  }
}

function dependenciesFirst(turn: Turn, symptoms: readonly Symptom[]): Symptom[] {
  const waits = (symptom: Symptom) => {
    const service = serviceOf(symptom.component);
    return service !== null && failingDependency(turn.state, service, turn.at) !== null;
  };
  return [...symptoms].sort((a, b) => Number(waits(a)) - Number(waits(b)));
}

/** Decides on one component, the likeliest cause among those that show symptoms; returns it. */
function planFor(
  turn: Turn,
  incident: IncidentState,
  left: readonly Symptom[],
  slowTry: boolean,
): ComponentId {
  const causes = locateNow(turn, incident, left);
  const components = new Set(left.map((symptom) => symptom.component));
  const top = causes.find((one) => components.has(one.component));
  const first = left[0]?.component ?? '';
  const cause: Cause = top ?? { component: first, fault: 'error', probability: 0, evidence: [] };
  const decision = plan(planInput(turn, incident, { cause, causes, slowTry }));
  carryOut(turn, incident, cause.component, decision);
  return cause.component;
}

function locateNow(turn: Turn, incident: IncidentState, left: readonly Symptom[]): Cause[] {
  const ids = new Set(left.map((symptom) => symptom.id));
  const others = incident.symptoms
    .filter((one) => one.ended === null && !ids.has(one.symptom.id))
    .map((one) => one.symptom);
  const weighed = [...left, ...others].slice(0, Math.max(weighedMax, left.length));
  const located = locate(locateInput(turn.state, weighed.slice(0, weighedMax), turn.at));
  const causes = afterFailures(located.causes, failures(incident));
  const unsure = (causes[0]?.probability ?? 0) < sureFrom;
  const known = JSON.stringify([incident.causes, incident.unsure]);
  if (incident.located === null || known !== JSON.stringify([causes, unsure])) {
    turn.emit({ kind: 'incident-located', incident: incident.id, causes, unsure });
  }
  return causes;
}

function failures(incident: IncidentState) {
  return incident.actions
    .filter((one) => one.outcome === 'failed')
    .map(({ planned: { kind, name, target } }) => ({ kind, name, target }));
}

function planInput(
  turn: Turn,
  incident: IncidentState,
  { cause, causes, slowTry }: { cause: Cause; causes: readonly Cause[]; slowTry: boolean },
): PlanInput {
  const { state, at } = turn;
  const service = serviceOf(cause.component);
  const spec = service === null ? undefined : state.services[service];
  const none = { count: 0, windowMs: 0 };
  return {
    cause,
    causes,
    unsure: incident.unsure || causes[0] !== cause,
    target: targetFacts(state, cause.component, at, turn.chance()),
    serviceBudget: budgetLeft(spec?.spec.recovery.budget ?? none, spec?.acts ?? [], at),
    stackBudget: budgetLeft(state.stack?.recovery.budget ?? none, state.acts, at),
    maxUnavailableShare: state.stack?.recovery.maxUnavailableShare ?? 1,
    failed: failures(incident),
    observe: service !== null && isObserved(turn, service),
    slowTry,
    consent: incident.consent,
    storeWritable: state.storeWritable,
  };
}
