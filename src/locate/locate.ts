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
import { casesOf } from '../learn/estimates.ts';
import { serviceOf } from '../model/ids.ts';
import type { Cause, Evidence } from '../model/record.ts';
import { faultKinds } from '../model/symptom.ts';
import { Hypotheses, type Suspicion } from './hypotheses.ts';
import {
  detectorOf,
  type Fault,
  type LocateInput,
  Network,
  type Place,
  type SeenSymptom,
} from './model.ts';
import { type Observation, observe } from './observations.ts';
import { explainsFrom, sureFrom } from './tables.ts';

export interface Located {
  /**
   * Likeliest first. Each with the probability that it is there, alone or beside another one; so
   * two may both be sure.
   */
  readonly causes: readonly Cause[];
  /** The best one is not likely enough to be blamed. */
  readonly unsure: boolean;
}

/** Causes less likely than this are left out. */
const negligible = 0.005;
const causesMax = 6;

export function locate(given: LocateInput): Located {
  const input = inOrder(given);
  const network = new Network(input);
  const observations = observe(input, network);
  const hypotheses = new Hypotheses(input, network, observations);
  const context = { input, network, observations, hypotheses };
  const likeliest = hypotheses.suspicions({ least: negligible, most: causesMax });
  const causes = likeliest.map((one) => toCause(one, context));
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
  const network = new Network(input);
  const link = network.link(network.place(fault.component), network.place(seen.symptom.component));
  const shown = network.links.shows(link, detectorOf(seen))[faultKinds.indexOf(fault.kind)] ?? 0;
  return shown >= explainsFrom;
}

interface Context {
  readonly input: LocateInput;
  readonly network: Network;
  readonly observations: readonly Observation[];
  readonly hypotheses: Hypotheses;
}

function toCause({ fault, probability, suspect }: Suspicion, context: Context): Cause {
  const { component, kind } = fault;
  const bitsOf = context.hypotheses.bitsFor(suspect);
  const evidence = evidenceFor(suspect.site.place, context, (index) => round(bitsOf(index)));
  const cases = casesOf(context.input.knowledge, serviceOf(component) ?? '', kind);
  const found = { component, fault: kind, probability, evidence };
  return cases === 0 ? found : { ...found, cases };
}

/** What another fault brought about says little, and is not listed. */
const tellingBits = 0.5;

/** The observations as a person would list them: signs of health among dependencies are one. */
function evidenceFor(
  place: Place,
  { network, observations }: Context,
  bitsOf: (index: number) => number,
): Evidence[] {
  const list: Evidence[] = [];
  let dependencyBits: number | null = null;
  for (const [index, { symptom, sign, text, place: where }] of observations.entries()) {
    const elsewhere = where !== place;
    if (text === '' || (elsewhere && sign === 'tried')) continue;
    if (elsewhere && sign === 'good') {
      if (!isDependency(network, where, place)) continue;
      dependencyBits = (dependencyBits ?? 0) + bitsOf(index);
      continue;
    }
    const bits = bitsOf(index);
    if (elsewhere && Math.abs(bits) < tellingBits) continue;
    const told = elsewhere && symptom !== null ? `${where.component}: ${text}` : text;
    list.push({ symptom, text: told, supports: bits >= 0, bits });
  }
  if (dependencyBits !== null && !hasFailingDependency(place, network, observations)) {
    const bits = round(dependencyBits);
    list.push({ symptom: null, text: 'its dependencies healthy', supports: bits >= 0, bits });
  }
  return list.sort((a, b) => Math.abs(b.bits) - Math.abs(a.bits) || (a.text < b.text ? -1 : 1));
}

function hasFailingDependency(
  place: Place,
  network: Network,
  observations: readonly Observation[],
): boolean {
  return observations.some((one) => one.sign === 'bad' && isDependency(network, one.place, place));
}

/** Whether a place is one that another depends on. */
function isDependency(network: Network, place: Place, of: Place): boolean {
  return network.link(place, of).how === 'dependency';
}

function round(bits: number): number {
  return Math.round(bits * 10) / 10 + 0;
}
