/**
 * Symptoms to causes: a noisy-OR Bayesian network over the dependency graph, solved exactly by
 * going through «nothing is wrong» and every single fault (component × kind).
 *
 *     P(symptom | fault) = 1 − (1 − leak) · (1 − show(symptom, kind) · reach(fault, component))
 *     P(fault | seen)    ∝ prior(fault) · ∏ P(each observation | fault)
 *
 * Pure: the same input gives the same causes, whatever the order of its parts.
 */
import type { ComponentId } from '../model/ids.ts';
import type { Cause, Evidence } from '../model/record.ts';
import { faultKinds } from '../model/symptom.ts';
import { type Fault, isHost, type LocateInput, Network, type SeenSymptom } from './model.ts';
import { isDependency, type Observation, observe } from './observations.ts';
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
  /** Likeliest first; their probabilities and that of «nothing is wrong» sum to 1. */
  readonly causes: readonly Cause[];
  /** The best one is not likely enough to be blamed. */
  readonly unsure: boolean;
}

interface Hypothesis {
  readonly fault: Fault | null;
  readonly weight: number;
}

/** Causes less likely than this are left out. */
const negligible = 0.005;
const causesMax = 6;

export function locate(given: LocateInput): Located {
  const input = inOrder(given);
  const network = new Network(input);
  const observations = observe(input, network);
  const hypotheses = weigh(input, network, observations);
  const total = hypotheses.reduce((sum, one) => sum + one.weight, 0);
  const ranked = hypotheses
    .map(({ fault, weight }) => ({ fault, weight: weight / total }))
    .sort((a, b) => b.weight - a.weight || compareFaults(a.fault, b.fault));
  const causes = ranked
    .filter(({ fault, weight }) => fault !== null && weight >= negligible)
    .slice(0, causesMax)
    .map((one) => toCause(one, { ranked, network, observations }));
  return { causes, unsure: (causes[0]?.probability ?? 0) < sureFrom };
}

/** Sums in a fixed order, so that the order of the input changes no digit. */
function inOrder(input: LocateInput): LocateInput {
  const symptoms = [...input.symptoms].sort((a, b) => (a.symptom.id < b.symptom.id ? -1 : 1));
  const components = [...input.components].sort((a, b) => (a.id < b.id ? -1 : 1));
  return { ...input, symptoms, components, hosts: [...input.hosts].sort() };
}

/** Whether a fault may bring about a symptom, by the tables; for joining symptoms to incidents. */
export function explains(input: LocateInput, fault: Fault, seen: SeenSymptom): boolean {
  return new Network(input).shows(fault, seen.symptom.component, seen) >= explainsFrom;
}

function compareFaults(a: Fault | null, b: Fault | null): number {
  const keyA = `${a?.component ?? ''} ${a?.kind ?? ''}`;
  const keyB = `${b?.component ?? ''} ${b?.kind ?? ''}`;
  return keyA < keyB ? -1 : Number(keyA > keyB);
}

function weigh(input: LocateInput, network: Network, list: readonly Observation[]): Hypothesis[] {
  const faults = faultsOf(input).map((fault) => ({ fault, prior: priorOf(input, network, fault) }));
  const rest = Math.max(0.1, 1 - faults.reduce((sum, one) => sum + one.prior, 0));
  return [{ fault: null, prior: rest }, ...faults].map(({ fault, prior }) => {
    const order = fault === null ? 1 : onsetFactor(input, network, fault);
    const likelihood = list.reduce((product, one) => product * one.likelihood(fault), 1);
    return { fault, weight: prior * order * likelihood };
  });
}

function faultsOf(input: LocateInput): Fault[] {
  const components = input.components.map((facts) => facts.id);
  return [
    ...components.flatMap((component) => faultKinds.map((kind) => ({ component, kind }))),
    ...input.hosts.flatMap((component) => hostKinds.map((kind) => ({ component, kind }))),
  ];
}

function priorOf(input: LocateInput, network: Network, { component, kind }: Fault): number {
  if (isHost(component)) return priors[kind] * hostPriorFactor;
  const startedAt = network.facts.get(component)?.startedAt ?? null;
  const recent = startedAt !== null && input.at - startedAt < recentChange.withinMs;
  return priors[kind] * (recent && recentChange.kinds.has(kind) ? recentChange.factor : 1);
}

/** A cause does not begin after its effects; how late it may be seen depends on the checks. */
function onsetFactor(input: LocateInput, network: Network, fault: Fault): number {
  let own = Number.POSITIVE_INFINITY;
  let effect = Number.POSITIVE_INFINITY;
  for (const seen of input.symptoms) {
    const { component, began } = seen.symptom;
    if (component === fault.component) own = Math.min(own, began);
    else if (network.shows(fault, component, seen) > 0) effect = Math.min(effect, began);
  }
  if (own === Number.POSITIVE_INFINITY || effect === Number.POSITIVE_INFINITY) return 1;
  const slackMs = Math.max(onsetSlackMs, network.facts.get(fault.component)?.checkEveryMs ?? 0);
  return own > effect + slackMs ? lateCauseFactor : 1;
}

interface Context {
  readonly ranked: readonly Hypothesis[];
  readonly network: Network;
  readonly observations: readonly Observation[];
}

function toCause(one: Hypothesis, context: Context): Cause {
  const fault = one.fault as Fault;
  const others = context.ranked.filter((other) => other !== one && other.weight > 0);
  const bitsOf = (observation: Observation) => {
    const under = observation.likelihood(fault);
    const weight = others.reduce((sum, other) => sum + other.weight, 0);
    const among = others.reduce(
      (sum, other) => sum + (other.weight / weight) * observation.likelihood(other.fault),
      0,
    );
    return others.length === 0 ? 0 : Math.log2(under / among);
  };
  const evidence = evidenceFor(fault.component, context, bitsOf);
  const probability = Math.min(1, one.weight);
  return { component: fault.component, fault: fault.kind, probability, evidence };
}

/** The observations as a person would list them: signs of health among dependencies are one. */
function evidenceFor(
  component: ComponentId,
  { network, observations }: Context,
  bitsOf: (observation: Observation) => number,
): Evidence[] {
  const list: Evidence[] = [];
  let dependencyBits: number | null = null;
  for (const observation of observations) {
    const bits = round(bitsOf(observation));
    const elsewhere = observation.component !== component;
    if (!observation.bad && elsewhere && isDependency(network, observation.component, component)) {
      if (observation.text !== '') dependencyBits = (dependencyBits ?? 0) + bits;
    } else if (observation.text !== '' && (observation.bad || !elsewhere)) {
      const text =
        elsewhere && observation.symptom !== null
          ? `${observation.component}: ${observation.text}`
          : observation.text;
      list.push({ symptom: observation.symptom, text, supports: bits >= 0, bits });
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
  return observations.some((one) => one.bad && isDependency(network, one.component, component));
}

function round(bits: number): number {
  return Math.round(bits * 10) / 10 + 0;
}
