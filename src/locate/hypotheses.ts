/**
 * The hypotheses about what is wrong, weighed by what was observed: nothing, every single fault,
 * and two faults at once among the likeliest. There are hundreds for each decision, so what is
 * known of each lies in arrays, by its place: nothing, then single faults site by site, then pairs.
 */
import { priorFactors } from '../learn/estimates.ts';
import type { ComponentId } from '../model/ids.ts';
import { faultKinds } from '../model/symptom.ts';
import type { ByKind, Fault, LocateInput, Network } from './model.ts';
import type { Observation, Under } from './observations.ts';
import {
  hostKinds,
  hostPriorFactor,
  lateCauseFactor,
  onsetSlackMs,
  priors,
  recentChange,
} from './tables.ts';

/** Of so many of the likeliest single faults each two are looked at together. */
const pairedMax = 12;

/** A component that may be at fault. */
interface Site {
  readonly component: ComponentId;
  /** When its first symptom began; Infinity: it shows none. */
  readonly began: number;
  /** The place of its first fault alone. */
  readonly first: number;
  /** Of each of its faults: the place in `faultKinds`, and the prior. */
  readonly kinds: readonly number[];
  readonly priors: ByKind;
  /** For each observation. */
  readonly under: readonly Under[];
}

/** One fault at a site. */
interface Suspect {
  readonly site: Site;
  /** Its place in `faultKinds`. */
  readonly kind: number;
  readonly prior: number;
  /** The hypothesis of it alone, and of it beside another. */
  readonly alone: number;
  readonly pairs: number[];
}

export interface Suspicion {
  readonly fault: Fault;
  /** Σ P(h) over the hypotheses that it is part of, 0 to 1. */
  readonly probability: number;
  readonly suspect: Suspect;
}

export class Hypotheses {
  readonly #input: LocateInput;
  readonly #network: Network;
  readonly #observations: readonly Observation[];
  readonly #sites: readonly Site[];
  readonly #likeliest: readonly Suspect[];
  /** Of all hypotheses: prior · likelihood of all observations. */
  readonly #weights: number[] = [];
  readonly #total: number;
  /** The place of the first pair. */
  readonly #firstPair: number;
  /** Pairs × observations. */
  readonly #underPairs: Float64Array;
  /** Of each observation, over all hypotheses: Σ weight·likelihood. */
  readonly #expected: Float64Array;

  constructor(input: LocateInput, network: Network, observations: readonly Observation[]) {
    this.#input = input;
    this.#network = network;
    this.#observations = observations;
    this.#sites = sitesOf(input, network, observations);
    this.#weighNothing();
    for (const site of this.#sites) this.#weighAlone(site);
    this.#firstPair = this.#weights.length;
    this.#likeliest = this.#findLikeliest();
    this.#underPairs = new Float64Array((pairedMax * (pairedMax - 1) * observations.length) / 2);
    this.#weighPairs();
    this.#total = sumOf(this.#weights);
    this.#expected = this.#expectedBy(this.#weights);
  }

  #weighNothing(): void {
    let faults = 0;
    for (const site of this.#sites) for (const prior of site.priors) faults += prior;
    let weight = Math.max(0.1, 1 - faults);
    for (const { effect } of this.#observations) weight *= effect.nothing;
    this.#weights.push(weight);
  }

  /** Each fault at a site, and nothing else. */
  #weighAlone(site: Site): void {
    for (let index = 0; index < site.kinds.length; index += 1) {
      const kind = site.kinds[index] ?? 0;
      let weight = (site.priors[index] ?? 0) * this.#order(site, kind, null);
      for (const { alone } of site.under) weight *= alone[kind] ?? 1;
      this.#weights.push(weight);
    }
  }

  /** Of the single faults; the earlier one of equals. */
  #findLikeliest(): Suspect[] {
    const best: Suspect[] = [];
    const weight = (one: Suspect | undefined) => this.#weights[one?.alone ?? 0] ?? 0;
    for (const site of this.#sites) {
      for (let index = 0; index < site.kinds.length; index += 1) {
        const alone = site.first + index;
        const own = this.#weights[alone] ?? 0;
        if (best.length === pairedMax && own <= weight(best.at(-1))) continue;
        const place = best.findIndex((other) => weight(other) < own);
        best.splice(place === -1 ? best.length : place, 0, suspectAt(site, index));
        if (best.length > pairedMax) best.pop();
      }
    }
    return best;
  }

  #weighPairs(): void {
    const likeliest = this.#likeliest;
    for (let first = 0; first < likeliest.length; first += 1) {
      for (let second = first + 1; second < likeliest.length; second += 1) {
        const [a, b] = [likeliest[first], likeliest[second]];
        if (a !== undefined && b !== undefined && a.site !== b.site) this.#weighPair(a, b);
      }
    }
  }

  #weighPair(a: Suspect, b: Suspect): void {
    const pair = this.#weights.length;
    const row = (pair - this.#firstPair) * this.#observations.length;
    const order = this.#order(a.site, a.kind, b) * this.#order(b.site, b.kind, a);
    let weight = a.prior * b.prior * order;
    for (let index = 0; index < this.#observations.length; index += 1) {
      const product = factorOf(a, index) * factorOf(b, index);
      const under = this.#observations[index]?.effect.likelihood(product) ?? 1;
      this.#underPairs[row + index] = under;
      weight *= under;
    }
    a.pairs.push(pair);
    b.pairs.push(pair);
    this.#weights.push(weight);
  }

  /**
   * A cause does not begin after its effects; how late it may be seen depends on the checks. What
   * the other fault shows as well as this one need not be an effect of it.
   */
  #order({ component, began, under }: Site, kind: number, other: Suspect | null): number {
    if (began === Number.POSITIVE_INFINITY) return 1;
    const { symptoms } = this.#input;
    let effect = Number.POSITIVE_INFINITY;
    for (let index = 0; index < symptoms.length; index += 1) {
      const symptom = symptoms[index]?.symptom;
      if (symptom === undefined || symptom.component === component) continue;
      const without = under[index]?.factors[kind] ?? 1;
      const byOther = other === null ? 1 : factorOf(other, index);
      if (without === 1 || byOther <= without) continue;
      effect = Math.min(effect, symptom.began);
    }
    if (effect === Number.POSITIVE_INFINITY) return 1;
    const checkEveryMs = this.#network.facts.get(component)?.checkEveryMs ?? 0;
    return began > effect + Math.max(onsetSlackMs, checkEveryMs) ? lateCauseFactor : 1;
  }

  /** Those that are at least so likely. */
  suspicions(least: number): Suspicion[] {
    const paired = new Map(this.#likeliest.map((one) => [one.alone, one]));
    return this.#sites.flatMap((site) =>
      site.kinds.flatMap((kind, index) => {
        const suspect = paired.get(site.first + index) ?? suspectAt(site, index);
        const probability = Math.min(1, this.#weightOf(suspect) / this.#total);
        if (probability < least) return [];
        const fault = { component: site.component, kind: faultKinds[kind] ?? 'error' };
        return { fault, probability, suspect };
      }),
    );
  }

  /** How much an observation speaks for a fault, against all hypotheses without it; bits. */
  bitsFor(suspect: Suspect): (index: number) => number {
    const weight = this.#weightOf(suspect);
    // What is left beside a certain fault is too little to be told by subtraction.
    const isCertain = this.#total - weight < 1e-6 * this.#total;
    const others = isCertain ? this.#weightsWithout(suspect) : null;
    const rest = others === null ? this.#total - weight : sumOf(others);
    const among = others === null ? null : this.#expectedBy(others);
    return (index) => {
      const under = this.#expectedUnder(suspect, index);
      const against = among?.[index] ?? (this.#expected[index] ?? 0) - under;
      return against === 0 ? 0 : Math.log2((under * rest) / (weight * against));
    };
  }

  #weightOf({ alone, pairs }: Suspect): number {
    let sum = this.#weights[alone] ?? 0;
    for (const pair of pairs) sum += this.#weights[pair] ?? 0;
    return sum;
  }

  #weightsWithout({ alone, pairs }: Suspect): number[] {
    return this.#weights.map((one, place) => (place === alone || pairs.includes(place) ? 0 : one));
  }

  /** Σ weight·likelihood of an observation, over the hypotheses that a suspect is part of. */
  #expectedUnder({ site, kind, alone, pairs }: Suspect, index: number): number {
    let sum = (this.#weights[alone] ?? 0) * (site.under[index]?.alone[kind] ?? 1);
    for (const pair of pairs) {
      const row = (pair - this.#firstPair) * this.#observations.length;
      sum += (this.#weights[pair] ?? 0) * (this.#underPairs[row + index] ?? 1);
    }
    return sum;
  }

  /** For each observation: Σ weight·likelihood, over all hypotheses. */
  #expectedBy(weights: readonly number[]): Float64Array {
    const columns = this.#observations.length;
    const sums = new Float64Array(columns);
    for (let index = 0; index < columns; index += 1) {
      let sum = (weights[0] ?? 0) * (this.#observations[index]?.effect.nothing ?? 1);
      for (const { first, kinds, under } of this.#sites) {
        const alone = under[index]?.alone ?? [];
        for (let one = 0; one < kinds.length; one += 1)
          sum += (weights[first + one] ?? 0) * (alone[kinds[one] ?? 0] ?? 1);
      }
      for (let pair = this.#firstPair; pair < weights.length; pair += 1) {
        const place = (pair - this.#firstPair) * columns + index;
        sum += (weights[pair] ?? 0) * (this.#underPairs[place] ?? 1);
      }
      sums[index] = sum;
    }
    return sums;
  }
}

function sumOf(weights: readonly number[]): number {
  let sum = 0;
  for (const weight of weights) sum += weight;
  return sum;
}

function suspectAt(site: Site, index: number): Suspect {
  const [kind, prior] = [site.kinds[index] ?? 0, site.priors[index] ?? 0];
  return { site, kind, prior, alone: site.first + index, pairs: [] };
}

function factorOf({ site, kind }: Suspect, index: number): number {
  return site.under[index]?.factors[kind] ?? 1;
}

const allKinds = faultKinds.map((_, kind) => kind);
const kindsOfHosts = hostKinds.map((kind) => faultKinds.indexOf(kind));
const priorsOfHosts = hostKinds.map((kind) => priors[kind] * hostPriorFactor);

function sitesOf(
  input: LocateInput,
  network: Network,
  observations: readonly Observation[],
): Site[] {
  const sites: Site[] = [];
  // The first of all hypotheses is that nothing is wrong.
  let first = 1;
  const add = (component: ComponentId, kinds: readonly number[], priors: ByKind) => {
    const linkTo = network.linksFrom(component);
    const under = observations.map((one) => one.effect.under(linkTo(one.component)));
    const began = beganAt(input, component);
    sites.push({ component, began, first, kinds, priors, under });
    first += kinds.length;
  };
  const known = new Map<string, ByKind>();
  for (const { id, service, startedAt } of input.components) {
    const byService = known.get(service) ?? servicePriors(input, service);
    known.set(service, byService);
    const recent = startedAt !== null && input.at - startedAt < recentChange.withinMs;
    add(id, allKinds, recent ? afterChange(byService) : byService);
  }
  for (const component of input.hosts) add(component, kindsOfHosts, priorsOfHosts);
  return sites;
}

/** When the first symptom at the component began; Infinity: it shows none. */
function beganAt({ symptoms }: LocateInput, component: ComponentId): number {
  let began = Number.POSITIVE_INFINITY;
  for (const { symptom } of symptoms)
    if (symptom.component === component) began = Math.min(began, symptom.began);
  return began;
}

function servicePriors(input: LocateInput, service: string): ByKind {
  const factor = priorFactors(input.knowledge, service, priors);
  return faultKinds.map((kind) => priors[kind] * factor(kind));
}

function afterChange(byService: ByKind): ByKind {
  return byService.map((prior, index) => {
    const kind = faultKinds[index];
    return kind !== undefined && recentChange.kinds.has(kind) ? prior * recentChange.factor : prior;
  });
}
