/**
 * Symptoms to causes: a noisy-OR Bayesian network over the dependency graph, solved exactly by
 * going through «nothing is wrong», every single fault (component × kind), and two faults at once
 * among the likeliest.
 *
 *     P(symptom | faults) = 1 − (1 − leak) · ∏ (1 − show(symptom, kind) · reach(fault, component))
 *     P(faults | seen)    ∝ ∏ prior(fault) · ∏ P(each observation | faults)
 *
 * Pure: the same input gives the same causes, whatever the order of its parts.
 */
import { casesOf, priorFactors } from '../learn/estimates.ts';
import { type ComponentId, serviceOf } from '../model/ids.ts';
import type { Cause, Evidence } from '../model/record.ts';
import { type FaultKind, faultKinds } from '../model/symptom.ts';
import { type Fault, isHost, type LocateInput, Network, type SeenSymptom } from './model.ts';
import { type Faults, isDependency, type Observation, observe } from './observations.ts';
import {
  explainsFrom,
  hostKinds,
  hostPriorFactor,
  lateCauseFactor,
  onsetSlackMs,
  priors,
  recentChange,
  sureFrom,
} from './tables.ts';

export interface Located {
  /**
   * Likeliest first. Each with the probability that it is there, alone or beside another one; so
   * two may both be sure.
   */
  readonly causes: readonly Cause[];
  /** The best one is not likely enough to be blamed. */
  readonly unsure: boolean;
}

interface Hypothesis {
  readonly faults: Faults;
  readonly weight: number;
  /** Of each observation. */
  readonly likelihoods: readonly number[];
}

/** Causes less likely than this are left out. */
const negligible = 0.005;
const causesMax = 6;
/** Of so many of the likeliest single faults each two are looked at together. */
const pairedMax = 12;

export function locate(given: LocateInput): Located {
  const input = inOrder(given);
  const network = new Network(input);
  const observations = observe(input, network);
  const hypotheses = weigh(input, network, observations);
  const context = { input, network, observations, hypotheses };
  const likeliest = probabilities(hypotheses)
    .filter(({ probability }) => probability >= negligible)
    .sort((a, b) => b.probability - a.probability || compareFaults(a.fault, b.fault));
  const causes = likeliest.slice(0, causesMax).map((one) => toCause(one, context));
  return { causes, unsure: (causes[0]?.probability ?? 0) < sureFrom };
}

/** Sums in a fixed order, so that the order of the input changes no digit. */
function inOrder(input: LocateInput): LocateInput {
  const symptoms = [...input.symptoms].sort((a, b) => (a.symptom.id < b.symptom.id ? -1 : 1));
  const components = [...input.components].sort((a, b) => (a.id < b.id ? -1 : 1));
  const tried = [...input.tried].sort((a, b) => (a.component < b.component ? -1 : 1));
  return { ...input, symptoms, components, tried, hosts: [...input.hosts].sort() };
}

/** Whether a fault may bring about a symptom; for joining symptoms to incidents. */
export function explains(input: LocateInput, fault: Fault, seen: SeenSymptom): boolean {
  return new Network(input).shows(fault, seen.symptom.component, seen) >= explainsFrom;
}

function compareFaults(a: Fault, b: Fault): number {
  const keyA = `${a.component} ${a.kind}`;
  const keyB = `${b.component} ${b.kind}`;
  return keyA < keyB ? -1 : Number(keyA > keyB);
}

/** All hypotheses, their weights summing to 1. */
function weigh(input: LocateInput, network: Network, list: readonly Observation[]): Hypothesis[] {
  const prior = priorsOf(input, network);
  const weighed = (faults: Faults, before: number): Hypothesis => {
    const likelihoods = list.map((one) => one.likelihood(faults));
    const order = onsetFactor(input, network, faults);
    const weight = likelihoods.reduce((product, one) => product * one, before * order);
    return { faults, weight, likelihoods };
  };
  const faults = faultsOf(input).map((fault) => ({ fault, prior: prior(fault) }));
  const rest = Math.max(0.1, 1 - faults.reduce((sum, one) => sum + one.prior, 0));
  const singles = faults.map((one) => ({ ...one, alone: weighed([one.fault], one.prior) }));
  const paired = [...singles]
    .sort((a, b) => b.alone.weight - a.alone.weight || compareFaults(a.fault, b.fault))
    .slice(0, pairedMax);
  const pairs = paired.flatMap((a, index) =>
    paired
      .slice(index + 1)
      .filter((b) => a.fault.component !== b.fault.component)
      .map((b) => weighed([a.fault, b.fault], a.prior * b.prior)),
  );
  const all = [weighed([], rest), ...singles.map((one) => one.alone), ...pairs];
  const total = all.reduce((sum, one) => sum + one.weight, 0);
  return all.map((one) => ({ ...one, weight: one.weight / total }));
}

interface Likely {
  readonly fault: Fault;
  readonly probability: number;
}

/** P(fault) = Σ P(h) over the hypotheses that it is part of. */
function probabilities(hypotheses: readonly Hypothesis[]): Likely[] {
  const sums = new Map<Fault, number>();
  for (const { faults, weight } of hypotheses)
    for (const fault of faults) sums.set(fault, (sums.get(fault) ?? 0) + weight);
  return [...sums].map(([fault, sum]) => ({ fault, probability: Math.min(1, sum) }));
}

function faultsOf(input: LocateInput): Fault[] {
  const components = input.components.map((facts) => facts.id);
  return [
    ...components.flatMap((component) => faultKinds.map((kind) => ({ component, kind }))),
    ...input.hosts.flatMap((component) => hostKinds.map((kind) => ({ component, kind }))),
  ];
}

function priorsOf(input: LocateInput, network: Network): (fault: Fault) => number {
  const factors = new Map<string, (fault: FaultKind) => number>();
  return ({ component, kind }) => {
    if (isHost(component)) return priors[kind] * hostPriorFactor;
    const service = serviceOf(component) ?? '';
    const factor = factors.get(service) ?? priorFactors(input.knowledge, service, priors);
    factors.set(service, factor);
    const startedAt = network.facts.get(component)?.startedAt ?? null;
    const recent = startedAt !== null && input.at - startedAt < recentChange.withinMs;
    const changed = recent && recentChange.kinds.has(kind) ? recentChange.factor : 1;
    return priors[kind] * factor(kind) * changed;
  };
}

/**
 * A cause does not begin after its effects; how late it may be seen depends on the checks. What the
 * other fault shows as well as this one need not be an effect of it.
 */
function onsetFactor(input: LocateInput, network: Network, faults: Faults): number {
  return faults.reduce((product, fault) => {
    const others = faults.filter((other) => other !== fault);
    return product * (isLate(input, network, fault, others) ? lateCauseFactor : 1);
  }, 1);
}

function isLate(input: LocateInput, network: Network, fault: Fault, others: Faults): boolean {
  let own = Number.POSITIVE_INFINITY;
  let effect = Number.POSITIVE_INFINITY;
  for (const seen of input.symptoms) {
    const { component, began } = seen.symptom;
    if (component === fault.component) {
      own = Math.min(own, began);
      continue;
    }
    const shows = network.shows(fault, component, seen);
    if (shows === 0 || others.some((one) => network.shows(one, component, seen) >= shows)) continue;
    effect = Math.min(effect, began);
  }
  if (own === Number.POSITIVE_INFINITY || effect === Number.POSITIVE_INFINITY) return false;
  const slackMs = Math.max(onsetSlackMs, network.facts.get(fault.component)?.checkEveryMs ?? 0);
  return own > effect + slackMs;
}

interface Context {
  readonly input: LocateInput;
  readonly network: Network;
  readonly observations: readonly Observation[];
  readonly hypotheses: readonly Hypothesis[];
}

function toCause({ fault, probability }: Likely, context: Context): Cause {
  const { component, kind } = fault;
  const under = context.hypotheses.filter((one) => one.faults.includes(fault));
  const among = context.hypotheses.filter((one) => !one.faults.includes(fault));
  const bits = context.observations.map((_, index) => {
    const without = mean(among, index);
    return without === 0 ? 0 : round(Math.log2(mean(under, index) / without));
  });
  const evidence = evidenceFor(component, context, bits);
  const cases = casesOf(context.input.knowledge, serviceOf(component) ?? '', kind);
  const found = { component, fault: kind, probability, evidence };
  return cases === 0 ? found : { ...found, cases };
}

/** P(an observation | one of these hypotheses); 0 when none of them is possible. */
function mean(hypotheses: readonly Hypothesis[], index: number): number {
  let sum = 0;
  let weights = 0;
  for (const { weight, likelihoods } of hypotheses) {
    sum += weight * (likelihoods[index] ?? 0);
    weights += weight;
  }
  return weights === 0 ? 0 : sum / weights;
}

/** What another fault brought about says little, and is not listed. */
const tellingBits = 0.5;

/** The observations as a person would list them: signs of health among dependencies are one. */
function evidenceFor(
  component: ComponentId,
  { network, observations }: Context,
  allBits: readonly number[],
): Evidence[] {
  const list: Evidence[] = [];
  let dependencyBits: number | null = null;
  for (const [index, { symptom, sign, text, component: where }] of observations.entries()) {
    const bits = allBits[index] ?? 0;
    const elsewhere = where !== component;
    if (sign === 'good' && elsewhere && isDependency(network, where, component)) {
      if (text !== '') dependencyBits = (dependencyBits ?? 0) + bits;
    } else if (text !== '' && (!elsewhere || (sign === 'bad' && Math.abs(bits) >= tellingBits))) {
      const told = elsewhere && symptom !== null ? `${where}: ${text}` : text;
      list.push({ symptom, text: told, supports: bits >= 0, bits });
    }
  }
  if (dependencyBits !== null && !hasFailingDependency(component, network, observations)) {
    const bits = round(dependencyBits);
    list.push({ symptom: null, text: 'its dependencies healthy', supports: bits >= 0, bits });
  }
  return list.sort((a, b) => Math.abs(b.bits) - Math.abs(a.bits) || (a.text < b.text ? -1 : 1));
}

function hasFailingDependency(
  component: ComponentId,
  network: Network,
  observations: readonly Observation[],
): boolean {
  return observations.some(
    (one) => one.sign === 'bad' && isDependency(network, one.component, component),
  );
}

function round(bits: number): number {
  return Math.round(bits * 10) / 10 + 0;
}
