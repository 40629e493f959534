/**
 * What is to be done about an incident now. Called whenever something of it changed; finds the next
 * thing by looking at the state, so calling it once too often does no harm.
 *
 *   symptoms ──▶ confirm dependencies? ──▶ locate ──▶ plan ──▶ act … settle ──▶ verify ──▶ resolved
 */
import { locate } from '../locate/locate.ts';
import { sureFrom } from '../locate/tables.ts';
import type { ComponentId, IncidentId, ServiceName } from '../model/ids.ts';
import { serviceOf } from '../model/ids.ts';
import type { Cause } from '../model/record.ts';
import type { Symptom } from '../model/symptom.ts';
import type { PlanInput, TargetFacts } from '../plan/input.ts';
import { type Decision, plan } from '../plan/plan.ts';
import { triedActions } from '../plan/remedies.ts';
import { carryOut, isProvisional } from './act.ts';
import { askConfirm } from './confirm.ts';
import { budgetLeft, locateInput, targetFacts } from './facts.ts';
import {
  dependenciesOf,
  failingDependency,
  freshlyConfirmed,
  hasDoubtfulDependency,
  mayComeFromDependency,
  recentlyDown,
} from './graph.ts';
import { groupOf } from './group.ts';
import { isObserved } from './lifecycle.ts';
import { isUnderMaintenance } from './maintenance-state.ts';
import { settle } from './outcomes.ts';
import { type ActionState, type IncidentState, instancesOf } from './state.ts';
import { untreated } from './treatment.ts';
import type { Turn } from './turn.ts';

/** Symptoms that are weighed together with the one at hand. */
const weighedMax = 12;
/** A cause less likely than this explains nothing, when another is certain. */
const likelyFrom = 0.1;
/** So often it is waited for a component that is blamed and shows nothing itself. */
const waitsMax = 4;

/** Looks at every incident that this step touched. */
export function assessTouched(turn: Turn): void {
  const { touched } = turn;
  for (let id = touched.shift(); id !== undefined; id = touched.shift()) assess(turn, id);
}

function assess(turn: Turn, id: IncidentId): void {
  const incident = turn.state.incidents[id];
  if (incident === undefined || incident.state === 'resolved' || turn.state.looking) return;
  const active = incident.symptoms.flatMap((one) => (one.ended === null ? [one] : []));
  if (active.length === 0) {
    settle(turn, incident);
    return;
  }
  const open = untreated(turn, incident, active);
  if (open.length === 0 || askConfirm(turn, incident, open)) return;
  decide(turn, incident, open);
}

/** Locates and plans until every open symptom is seen to, one fault after the other. */
function decide(turn: Turn, incident: IncidentState, symptoms: readonly Symptom[]): void {
  let left = dependenciesFirst(turn, symptoms);
  while (left.length > 0) {
    const before = left.length;
    const target = planFor(turn, incident, left);
    const held = new Set(left.map((one) => one.id));
    const still = incident.symptoms.flatMap((one) => (one.ended === null ? [one] : []));
    left = untreated(turn, incident, still).filter(
      (one) => held.has(one.id) && one.component !== target,
    );
    if (incident.state === 'resolved' || left.length >= before) return;
  }
}

function dependenciesFirst(turn: Turn, symptoms: readonly Symptom[]): Symptom[] {
  const waiting = new Map<ServiceName | null, boolean>([[null, false]]);
  const waits = ({ component }: Symptom) => {
    const service = serviceOf(component);
    const known = waiting.get(service);
    if (known !== undefined || service === null) return known === true;
    const fails = failingDependency(turn.state, service, turn.at) !== null;
    waiting.set(service, fails);
    return fails;
  };
  return [...symptoms].sort((a, b) => Number(waits(a)) - Number(waits(b)));
}

/** Decides on one component, the likeliest cause among those that show symptoms; returns it. */
function planFor(turn: Turn, incident: IncidentState, left: readonly Symptom[]): ComponentId {
  const all = locateNow(turn, incident, left);
  const among = causeAmong(all, left);
  // What else is wrong explains them badly: they are a fault of their own.
  const others = incident.symptoms.filter((one) => one.ended === null).length > left.length;
  const apart = among === undefined && others;
  const alone = apart ? locateAlone(turn, incident, left, false) : all;
  const found = among ?? causeAmong(alone, left);
  // Or nothing became of what was blamed for them.
  const waited = found === undefined && waitsAt(incident, left[0]?.component) >= waitsMax;
  const causes = waited ? locateAlone(turn, incident, left, true) : alone;
  const top = found ?? causeAmong(causes, left);
  const cause = top ?? unexplained(turn, left[0]?.component ?? '');
  const decision = plan(planInput(turn, incident, { cause, causes }));
  carryOut(turn, incident, cause.component, asToldNow(turn, cause.component, decision));
  return cause.component;
}

/** Whoever reads that nothing is done reads why. */
function asToldNow(turn: Turn, component: ComponentId, decision: Decision): Decision {
  const service = serviceOf(component) ?? '';
  if (decision.verdict !== 'would' || !isUnderMaintenance(turn.state, service)) return decision;
  return { ...decision, reason: `${decision.reason}; ${service} is under maintenance` };
}

/** The likeliest of the causes that are where the symptoms are. */
function causeAmong(causes: readonly Cause[], symptoms: readonly Symptom[]): Cause | undefined {
  const components = new Set(symptoms.map((symptom) => symptom.component));
  return causes.find((one) => components.has(one.component) && one.probability >= likelyFrom);
}

/** As if these were the only symptoms; `itself`: and where the first is, the only component. */
function locateAlone(
  turn: Turn,
  incident: IncidentState,
  symptoms: readonly Symptom[],
  itself: boolean,
): Cause[] {
  const here = symptoms.filter((one) => !itself || one.component === symptoms[0]?.component);
  const input = locateInput(turn.state, here.slice(0, weighedMax), turn.at);
  const components = input.components.filter((one) => !itself || one.id === here[0]?.component);
  const seen = input.symptoms.filter(
    (one) => !itself || one.symptom.component === here[0]?.component,
  );
  const tried = triedActions(turn.state.knowledge, failures(turn, incident));
  return [...locate({ ...input, components, symptoms: seen, tried }).causes];
}

/** How often in a row it was waited for something else, and nothing more done. */
function waitsAt({ actions }: IncidentState, component: ComponentId | undefined): number {
  const mine = actions.filter((one) => one.planned.target === component);
  return mine.length - 1 - mine.findLastIndex((one) => one.planned.kind !== 'wait');
}

/** None of the likely causes is where something can be done: go by what is seen there. */
function unexplained(turn: Turn, component: ComponentId): Cause {
  const gone = turn.instance(component)?.phase === 'exited';
  return { component, fault: gone ? 'crash' : 'error', probability: 0, evidence: [] };
}

function locateNow(turn: Turn, incident: IncidentState, left: readonly Symptom[]): Cause[] {
  const ids = new Set(left.map((symptom) => symptom.id));
  const others = incident.symptoms
    .filter((one) => one.ended === null && !ids.has(one.symptom.id))
    .map((one) => one.symptom);
  const weighed = [...left, ...others].slice(0, Math.max(weighedMax, left.length));
  const input = locateInput(turn.state, weighed.slice(0, weighedMax), turn.at);
  const tried = triedActions(turn.state.knowledge, failures(turn, incident));
  const located = locate({ ...input, tried });
  const causes = [...located.causes];
  const unsure = located.unsure || areOvershadowed(turn, incident, causes[0]);
  const isNews = () =>
    !(incident.unsure === unsure && areSame(incident.causes, causes)) &&
    !areAfterEffects(turn, incident, left);
  if (incident.located === null || isNews()) {
    turn.emit({ kind: 'incident-located', incident: incident.id, causes, unsure });
  }
  return causes;
}

function areSame(a: readonly Cause[], b: readonly Cause[]): boolean {
  // Most that differ do so in their first numbers.
  const isAlike = a.length === b.length && a[0]?.probability === b[0]?.probability;
  return isAlike && JSON.stringify(a) === JSON.stringify(b);
}

/**
 * What is blamed shows nothing itself and failed no check made just now; or only what a dependency
 * may cause too, and one of these is down, was so a moment ago, is suspected, did not answer when
 * asked, or may not have worked then; or its end may be our own late doing.
 */
function areOvershadowed(turn: Turn, incident: IncidentState, top: Cause | undefined): boolean {
  const { state, at } = turn;
  const instance = turn.instance(top?.component ?? '');
  if (instance === undefined) return false;
  const own = instance.symptoms.flatMap((id) => state.symptoms[id]?.symptom ?? []);
  if (own.length === 0 && freshlyConfirmed(instance, at) !== false) return true;
  if (instance.stopFailed && instance.phase === 'exited') return true;
  if (!own.every((symptom) => mayComeFromDependency(state, symptom))) return false;
  if (failingDependency(state, instance.service, at) !== null) return true;
  // An action may have taken long since.
  const onset = Math.min(at, ...own.map((symptom) => symptom.began));
  if (recentlyDown(state, instance.service, onset) !== null) return true;
  if (hasDoubtfulDependency(state, instance, onset)) return true;
  const unanswered = new Set(incident.confirm?.waiting);
  return [...dependenciesOf(state, instance.service)].some((name) =>
    instancesOf(state, name).some((one) => one.suspected || unanswered.has(one.id)),
  );
}

/** A dependency that is blamed already tore them down with it; they blame nobody else. */
function areAfterEffects(
  turn: Turn,
  incident: IncidentState,
  symptoms: readonly Symptom[],
): boolean {
  const blamed = serviceOf(incident.causes[0]?.component ?? '');
  if (blamed === null || incident.unsure || !hasShownAgain(incident, blamed)) return false;
  return symptoms.every((symptom) => {
    const service = serviceOf(symptom.component);
    if (service === null || !mayComeFromDependency(turn.state, symptom)) return false;
    return recentlyDown(turn.state, service, turn.at) === blamed;
  });
}

/** Who was blamed before the incident came back may have nothing to do with why it did. */
function hasShownAgain({ symptoms, returned }: IncidentState, service: ServiceName): boolean {
  if (returned === undefined) return true;
  return symptoms.some(
    ({ symptom, ended }) =>
      serviceOf(symptom.component) === service && (ended === null || ended >= returned),
  );
}

function failures(turn: Turn, incident: IncidentState): PlanInput['failed'] {
  return incident.actions
    .filter((one) => one.outcome === 'failed' && stillTells(turn, one))
    .map(({ planned: { kind, name, target }, error }) => ({ kind, name, target, why: error }));
}

/** Not what was tried before a person wanted it tried afresh; nor, of a fail-over, what happened
 * before this primary was chosen, or was well again: that one ended in one way or the other. */
function stillTells({ state }: Turn, { planned, begun }: ActionState): boolean {
  const instance = state.instances[planned.target as `${string}/${number}`];
  if (instance === undefined || begun === null) return true;
  const { service, afreshAt, wasReadyAt } = instance;
  if (begun < (afreshAt ?? 0)) return false;
  if (planned.kind !== 'fail-over') return true;
  return begun >= Math.max(groupOf(state, service)?.chosenAt ?? 0, wasReadyAt ?? 0);
}

/** A dependency that answers its own checks, but late, is not waited for without end. */
function patient(turn: Turn, incident: IncidentState, target: TargetFacts): TargetFacts {
  const service = serviceOf(target.id);
  if (target.waitsFor === null || service === null || !isProvisional(turn, service)) return target;
  return waitsAt(incident, target.id) < waitsMax ? target : { ...target, waitsFor: null };
}

function planInput(
  turn: Turn,
  incident: IncidentState,
  { cause, causes }: { cause: Cause; causes: readonly Cause[] },
): PlanInput {
  const { state, at } = turn;
  const service = serviceOf(cause.component);
  const spec = service === null ? undefined : state.services[service];
  const none = { count: 0, windowMs: 0 };
  return {
    cause,
    causes,
    unsure: cause.probability < sureFrom,
    target: patient(turn, incident, targetFacts(state, cause.component, at, turn.chance())),
    serviceBudget: budgetLeft(spec?.spec.recovery.budget ?? none, spec?.acts ?? [], at),
    stackBudget: budgetLeft(state.stack?.recovery.budget ?? none, state.acts, at),
    maxUnavailableShare: state.stack?.recovery.maxUnavailableShare ?? 1,
    failed: failures(turn, incident),
    observe: service !== null && (isObserved(turn, service) || isUnderMaintenance(state, service)),
    slowTry: incident.slowTries.includes(cause.component),
    consent: incident.consent,
    storeWritable: state.storeWritable,
    knowledge: state.knowledge,
  };
}
