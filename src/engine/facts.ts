/** What locate and plan are told: the part of the state that is connected to some symptoms. */

import {
  type ComponentFacts,
  isHost,
  type LocateInput,
  type SeenSymptom,
} from '../locate/model.ts';
import { type ComponentId, isInstance, type ServiceName, serviceOf } from '../model/ids.ts';
import type { BudgetSpec } from '../model/stack-spec.ts';
import type { Symptom } from '../model/symptom.ts';
import type { BudgetFacts, TargetFacts } from '../plan/input.ts';
import { canFence, lossOf, mayPromote, whyNoneMay } from './candidates.ts';
import { openAt } from './concerned.ts';
import {
  dependenciesOf,
  directDependencies,
  failingDependency,
  freshlyConfirmed,
  isKilled,
  mayComeFromDependency,
  recentlyDown,
} from './graph.ts';
import { groupOf, missingPrimary, primaryOf } from './group.ts';
import type { GroupState } from './group-state.ts';
import { restorable, whyRestoring } from './restoring.ts';
import { rogueText } from './rogue.ts';
import { answers, isFailing } from './routing.ts';
import { type EngineState, type InstanceState, instancesOf, isAlive, isRunning } from './state.ts';

/** Of a dependency with many instances only so many sound ones are looked at. */
const soundMax = 4;

export function locateInput(
  state: EngineState,
  symptoms: readonly Symptom[],
  at: number,
): LocateInput {
  const services = new Set<ServiceName>();
  const all = new Map<string, Symptom>();
  const hosts = new Set<ComponentId>();
  for (const symptom of symptoms) {
    all.set(symptom.id, symptom);
    if (isHost(symptom.component)) hosts.add(symptom.component);
    const service = serviceOf(symptom.component);
    if (service === null) continue;
    services.add(service);
    for (const name of dependenciesOf(state, service)) services.add(name);
  }
  const instances = inScope(state, symptoms, services);
  for (const instance of instances) {
    for (const id of instance.symptoms) {
      const held = state.symptoms[id]?.symptom;
      if (held !== undefined) all.set(id, held);
    }
  }
  const seen: SeenSymptom[] = [];
  for (const symptom of all.values()) seen.push({ symptom, killed: isKilled(state, symptom) });
  return {
    at,
    symptoms: seen,
    components: instances.map((one) => componentFacts(state, one, at)),
    dependsOn: directDependencies(state),
    hosts: [...hosts],
    tried: [],
    knowledge: state.knowledge,
  };
}

/** Instances with symptoms, and those of dependencies: the unsound, and a few of the sound. */
function inScope(
  state: EngineState,
  symptoms: readonly Symptom[],
  services: ReadonlySet<ServiceName>,
): InstanceState[] {
  const found = new Map<string, InstanceState>();
  for (const { component } of symptoms) {
    const instance = state.instances[component as `${string}/${number}`];
    if (instance !== undefined) found.set(component, instance);
  }
  for (const name of services) {
    let sound = 0;
    for (const one of instancesOf(state, name)) {
      if (found.has(one.id) || one.wanted === 'down') continue;
      if (one.symptoms.length === 0) sound += 1;
      if (one.symptoms.length === 0 && sound > soundMax) continue;
      found.set(one.id, one);
    }
  }
  return [...found.values()];
}

function componentFacts(state: EngineState, instance: InstanceState, at: number): ComponentFacts {
  const check = state.services[instance.service]?.spec.healthcheck ?? null;
  const running = isRunning(instance);
  const healthy = freshlyConfirmed(instance, at);
  const evidence = instance.confirmed?.evidence ?? '';
  return {
    id: instance.id,
    service: instance.service,
    othersReady: othersReady(state, instance),
    running,
    checked: running && check !== null && instance.readyAt !== null,
    checkEveryMs: check === null ? 0 : check.intervalMs + check.timeoutMs,
    confirmed: healthy === null ? null : { healthy, evidence },
    startedAt: instance.startedAt,
  };
}

/** Nobody does a primary's work beside it, and nobody who depends on it misses a standby. */
function othersReady(state: EngineState, instance: InstanceState): number {
  const primary = primaryOf(state, instance.service);
  if (primary?.id === instance.id) return 0;
  if (primary !== null) return Math.max(1, countReady(state, instance));
  return countReady(state, instance);
}

function countReady(state: EngineState, instance: InstanceState): number {
  return instancesOf(state, instance.service).filter(
    (one) => one.id !== instance.id && answers(state, one),
  ).length;
}

function othersBusy(state: EngineState, instance: InstanceState): number {
  return instancesOf(state, instance.service).filter(
    (one) => one.id !== instance.id && isBusy(state, one),
  ).length;
}

/** On its way up or down. One that runs and was never ready in its time is on no way any more. */
function isBusy(state: EngineState, instance: InstanceState): boolean {
  if (instance.phase === 'running') return !isFailing(state, instance);
  return isAlive(instance) && instance.phase !== 'ready';
}

/** `jitter`: uniform in [0, 1), for the back-off. */
export function targetFacts(
  state: EngineState,
  id: ComponentId,
  at: number,
  jitter: number,
): TargetFacts {
  const instance = state.instances[id as `${string}/${number}`];
  const symptoms = Object.values(instance?.symptoms ?? hostSymptoms(state, id)).flatMap(
    (one) => state.symptoms[one]?.symptom ?? [],
  );
  const kinds = symptoms.map((one) => one.kind);
  const declared = symptoms.some((one) => one.faults.length > 0);
  const pointTrouble = symptoms.find((one) => one.kind === 'recovery-point')?.evidence ?? null;
  if (instance === undefined) return { ...bare, id, kinds, declared, pointTrouble };
  const spec = state.services[instance.service]?.spec;
  const others = othersReady(state, instance);
  const replicas = spec?.replicas ?? 1;
  return {
    ...bare,
    id,
    isInstance: isInstance(id),
    condition: conditionOf(state, instance),
    hangs: kinds.some((kind) => kind === 'health-timeout' || kind === 'stopped'),
    startFailed: instance.startError !== null,
    startHopeless: instance.startError?.retryable === false,
    policy: spec?.restart.policy ?? 'no',
    waitsFor: waitsFor(state, instance, symptoms, at),
    sparedBy: sparedBy(state, instance, symptoms, at),
    kinds,
    declared,
    replicas,
    othersReady: others,
    othersOut: Math.max(0, replicas - 1 - others),
    othersBusy: othersBusy(state, instance),
    hasEndpoint: spec?.endpoint != null,
    takenOut: instance.takenOut,
    startMs: instance.startTookMs,
    backOffMs: backOff(state, instance, jitter),
    lastLines: instance.exit?.lastLines ?? [],
    actions: spec?.actions ?? [],
    allow: spec?.recovery.allow ?? [],
    failover: failoverFacts(state, instance, at),
    restores: restorable(state, instance, at),
  };
}

/** A component that is no instance: nothing can be done to it. */
const bare: TargetFacts = {
  id: '',
  isInstance: false,
  condition: 'serving',
  hangs: false,
  startFailed: false,
  startHopeless: false,
  policy: 'no',
  waitsFor: null,
  sparedBy: null,
  kinds: [],
  declared: false,
  replicas: 1,
  othersReady: 0,
  othersOut: 0,
  othersBusy: 0,
  hasEndpoint: false,
  takenOut: false,
  startMs: null,
  backOffMs: 0,
  lastLines: [],
  actions: [],
  allow: [],
  failover: null,
  restores: null,
  pointTrouble: null,
};

function failoverFacts(
  state: EngineState,
  instance: InstanceState,
  at: number,
): TargetFacts['failover'] {
  const { service, id } = instance;
  const group = groupOf(state, service);
  if (group === null) return null;
  const mayNot = whyNoneMay(state, service);
  return {
    isPrimary: group.primary === id,
    may: mayNot === null ? mayPromote(state, service) : null,
    mayNot,
    loss: mayNot === null ? null : lossOf(state, service, at),
    isChosen: isToServe(group, instance) && !wasRestarted(state, id, group.chosenAt),
    rogue: rogueText(state, instance),
    fenceable: canFence(state, service),
  };
}

function isToServe(group: Readonly<GroupState>, { id, startError }: InstanceState): boolean {
  if (startError?.retryable === false) return false;
  return group.primary === id && group.servedAt === null && group.epoch > 1;
}

/** A restart since then did not help. */
function wasRestarted(state: EngineState, id: ComponentId, since: number): boolean {
  return openAt(state, [serviceOf(id) ?? id]).some(({ actions }) =>
    actions.some(
      ({ planned, outcome, begun }) =>
        planned.target === id &&
        (planned.kind === 'restart' || planned.kind === 'retry') &&
        outcome === 'failed' &&
        (begun ?? 0) >= since,
    ),
  );
}

function hostSymptoms(state: EngineState, id: ComponentId): string[] {
  return Object.keys(state.symptoms).filter((key) => key.startsWith(`${id}#`));
}

function conditionOf(state: EngineState, instance: InstanceState): TargetFacts['condition'] {
  if (!isRunning(instance)) return 'gone';
  // Chosen to be primary, and no write through it succeeded yet.
  const group = groupOf(state, instance.service);
  if (group?.primary === instance.id && group.servedAt === null) return 'failing';
  return isFailing(state, instance) || instance.phase !== 'ready' ? 'failing' : 'serving';
}

/** Only what a dependency may have brought about waits for it, and what has to be started. */
function waitsFor(
  state: EngineState,
  instance: InstanceState,
  symptoms: readonly Symptom[],
  at: number,
): string | null {
  const restoring = whyRestoring(state, instance.service);
  if (restoring !== null) return restoring;
  const passive = symptoms.some((one) => mayComeFromDependency(state, one));
  const fails =
    passive || !isRunning(instance) ? failingDependency(state, instance.service, at) : null;
  return fails ?? (isRunning(instance) ? null : missingPrimary(state, instance));
}

function sparedBy(
  state: EngineState,
  instance: InstanceState,
  symptoms: readonly Symptom[],
  at: number,
): string | null {
  if (!symptoms.some((one) => mayComeFromDependency(state, one))) return null;
  if (instance.hold === 'dependency') return 'what it waited for is there';
  if (instance.phase !== 'exited') return null;
  const down = recentlyDown(state, instance.service, at);
  return down === null ? null : `${down} was down shortly before`;
}

/**
 * None before the first restart; then initial × 2ⁿ, up to max, half of it by chance («equal
 * jitter»: Brooker, Exponential Backoff and Jitter, 2015): the budget must not be spent within
 * moments of a fault that passes by itself.
 */
function backOff(state: EngineState, { service, tries }: InstanceState, jitter: number): number {
  const restart = state.services[service]?.spec.restart;
  if (restart === undefined || tries <= 1) return 0;
  const highest = restart.backoffInitialMs * 2 ** Math.min(30, tries - 2);
  return Math.round(((1 + jitter) / 2) * Math.min(restart.backoffMaxMs, highest));
}

export function budgetLeft(budget: BudgetSpec, acts: readonly number[], at: number): BudgetFacts {
  // Oldest first.
  const before = acts.findLastIndex((act) => act <= at - budget.windowMs);
  const spent = acts.length - 1 - before;
  return { ...budget, left: Math.max(0, budget.count - spent) };
}
