/**
 * The hypotheses about what is wrong, weighed by what was observed: nothing, every single fault,
 * and two faults at once among the likeliest. There are hundreds for each decision, so what is
 * known of each lies in arrays, by its place: nothing, then single faults site by site, then pairs.
 */
import { priorFactors } from '../learn/estimates.ts';
import type { ComponentId } from '../model/ids.ts';
import { faultKinds } from '../model/symptom.ts';
import type { ByKind, Fault, LocateInput, Network, Place } from './model.ts';
import type { Observation } from './observations.ts';
import { rowLength } from './rows.ts';
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
const pairsMax = (pairedMax * (pairedMax - 1)) / 2;

/** A component that may be at fault. */
interface Site {
  readonly place: Place;
  /** When its first symptom began; Infinity: it shows none. */
  readonly began: number;
  /** The place of its first fault alone. */
  readonly first: number;
  /** Of each of its faults: the place in `faultKinds`, and the prior. */
  readonly kinds: readonly number[];
  readonly priors: ByKind;
  /** For each observation: where its effect has the numbers for this site. */
  readonly under: readonly number[];
}

/** One fault at a site. */
interface Suspect {
  readonly site: Site;
  /** Its place in `faultKinds`. */
  readonly kind: number;
  readonly prior: number;
  /** The hypothesis of it alone. */
  readonly alone: number;
  /** Those of it beside another. */
  readonly pairs: readonly number[];
}

/** One of the likeliest. */
interface Paired extends Suspect {
  readonly pairs: number[];
  /** Where its factors begin, one for each observation. */
  readonly factorsAt: number;
}

export interface Suspicion {
  readonly fault: Fault;
  /** Σ P(h) over the hypotheses that it is part of, 0 to 1. */
  readonly probability: number;
  readonly suspect: Suspect;
}

/** Numbers, used again at the next look: to make such an array costs more than to fill it. */
class Room {
  #numbers = new Float64Array(0);

  /** For so many at least; what was there before is lost. */
  of(count: number): Float64Array {
    if (this.#numbers.length < count) this.#numbers = new Float64Array(2 * count);
    return this.#numbers;
  }
}

const likelihoodsRoom = new Room();
const weightsRoom = new Room();
const factorsRoom = new Room();
const noNumbers = new Float64Array(0);

/** One at a time: the next one takes the room of the one before. */
export class Hypotheses {
  readonly #input: LocateInput;
  readonly #network: Network;
  readonly #observations: readonly Observation[];
  readonly #sites: readonly Site[];
  readonly #likeliest: readonly Paired[];
  /** P(an observation | a hypothesis): a row for each hypothesis, a column for each observation. */
  readonly #likelihoods: Float64Array;
  /** Of the likeliest, one after the other, for each observation. */
  readonly #factors: Float64Array;
  /** Of all hypotheses: prior · likelihood of all observations. */
  readonly #weights: Float64Array;
  /** So many hypotheses are weighed. */
  #count = 0;
  readonly #total: number;
  /** Of each observation, over all hypotheses: Σ weight·likelihood. */
  readonly #expected: Float64Array;

  constructor(input: LocateInput, network: Network, observations: readonly Observation[]) {
    this.#input = input;
    this.#network = network;
    this.#observations = observations;
    this.#sites = sitesOf(input, network, observations);
    const last = this.#sites.at(-1);
    const most = (last === undefined ? 1 : last.first + last.kinds.length) + pairsMax;
    this.#likelihoods = likelihoodsRoom.of(most * observations.length);
    this.#weights = weightsRoom.of(most);
    this.#factors = factorsRoom.of(pairedMax * observations.length);
    this.#weighNothing();
    for (const site of this.#sites) this.#weighAlone(site);
    this.#likeliest = this.#findLikeliest();
    this.#weighPairs();
    this.#total = this.#sumOf(this.#weights);
    this.#expected = this.#expectedBy(this.#weights);
  }

  /** Adds a hypothesis, whose likelihoods are there, and returns its place. */
  #weigh(prior: number): number {
    const place = this.#count;
    const likelihoods = this.#likelihoods;
    const end = (place + 1) * this.#observations.length;
    let weight = prior;
    for (let at = place * this.#observations.length; at < end; at += 1)
      weight *= likelihoods[at] ?? 1;
    this.#weights[place] = weight;
    this.#count += 1;
    return place;
  }

  #weighNothing(): void {
    let faults = 0;
    for (const site of this.#sites) for (const prior of site.priors) faults += prior;
    let column = 0;
    for (const { effect } of this.#observations) {
      this.#likelihoods[column] = effect.nothing;
      column += 1;
    }
    this.#weigh(Math.max(0.1, 1 - faults));
  }

  /** Each fault at a site, and nothing else. */
  #weighAlone(site: Site): void {
    const { kinds, under, priors } = site;
    const likelihoods = this.#likelihoods;
    const columns = under.length;
    let first = this.#count * columns;
    for (let column = 0; column < columns; column += 1) {
      const alone = (under[column] ?? 0) + rowLength;
      const numbers = this.#numbersOf(column);
      let place = first;
      for (let index = 0; index < kinds.length; index += 1) {
        likelihoods[place] = numbers[alone + (kinds[index] ?? 0)] ?? 1;
        place += columns;
      }
      first += 1;
    }
    for (let index = 0; index < kinds.length; index += 1)
      this.#weigh((priors[index] ?? 0) * this.#order(site, kinds[index] ?? 0, null));
  }

  /** Of the single faults; the earlier one of equals. */
  #findLikeliest(): Paired[] {
    const best: number[] = [];
    const weights = this.#weights;
    let least = 0;
    for (let alone = 1; alone < this.#count; alone += 1) {
      const weight = weights[alone] ?? 0;
      if (best.length === pairedMax && weight <= least) continue;
      if (best.length < pairedMax) best.push(alone);
      let place = best.length - 1;
      for (; place > 0 && (weights[best[place - 1] ?? 0] ?? 0) < weight; place -= 1)
        best[place] = best[place - 1] ?? 0;
      best[place] = alone;
      least = weights[best.at(-1) ?? 0] ?? 0;
    }
    return best.map((alone, rank) => this.#pairedAt(alone, rank));
  }

  #pairedAt(alone: number, rank: number): Paired {
    let at = this.#sites.length - 1;
    while (at > 0 && (this.#sites[at]?.first ?? 0) > alone) at -= 1;
    const site = this.#sites[at] as Site;
    const suspect = suspectAt(site, alone - site.first);
    const factorsAt = rank * this.#observations.length;
    for (let index = 0; index < site.under.length; index += 1)
      this.#factors[factorsAt + index] = this.#factorAt(site, suspect.kind, index);
    return { ...suspect, pairs: [], factorsAt };
  }

  #numbersOf(index: number): Float64Array {
    return this.#observations[index]?.effect.rows.numbers ?? noNumbers;
  }

  /** Of a fault, for an observation. */
  #factorAt({ under }: Site, kind: number, index: number): number {
    return this.#numbersOf(index)[(under[index] ?? 0) + kind] ?? 1;
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

  #weighPair(a: Paired, b: Paired): void {
    const likelihoods = this.#likelihoods;
    const factors = this.#factors;
    let place = this.#count * this.#observations.length;
    let [atA, atB] = [a.factorsAt, b.factorsAt];
    for (const { effect } of this.#observations) {
      likelihoods[place] = effect.likelihood((factors[atA] ?? 1) * (factors[atB] ?? 1));
      place += 1;
      atA += 1;
      atB += 1;
    }
    const order = this.#order(a.site, a.kind, b) * this.#order(b.site, b.kind, a);
    const pair = this.#weigh(a.prior * b.prior * order);
    a.pairs.push(pair);
    b.pairs.push(pair);
  }

  /**
   * A cause does not begin after its effects; how late it may be seen depends on the checks. What
   * the other fault shows as well as this one need not be an effect of it.
   */
  #order(site: Site, kind: number, other: Paired | null): number {
    const { began } = site;
    if (began === Number.POSITIVE_INFINITY) return 1;
    const { component } = site.place;
    const { symptoms } = this.#input;
    let effect = Number.POSITIVE_INFINITY;
    for (let index = 0; index < symptoms.length; index += 1) {
      const symptom = symptoms[index]?.symptom;
      if (symptom === undefined || symptom.component === component) continue;
      const without = this.#factorAt(site, kind, index);
      const byOther = other === null ? 1 : (this.#factors[other.factorsAt + index] ?? 1);
      if (without === 1 || byOther <= without) continue;
      effect = Math.min(effect, symptom.began);
    }
    if (effect === Number.POSITIVE_INFINITY) return 1;
    const checkEveryMs = this.#network.facts.get(component)?.checkEveryMs ?? 0;
    return began > effect + Math.max(onsetSlackMs, checkEveryMs) ? lateCauseFactor : 1;
  }

  /** Those that are at least so likely. */
  suspicions(least: number): Suspicion[] {
    const found = this.#likeliest.flatMap((one) => this.#suspicion(one, least));
    // One that is not among the likeliest may still be likely enough, where all are alike.
    const paired = new Set(this.#likeliest.map((one) => one.alone));
    for (const site of this.#sites) {
      for (let index = 0; index < site.kinds.length; index += 1) {
        const alone = site.first + index;
        if ((this.#weights[alone] ?? 0) / this.#total < least || paired.has(alone)) continue;
        found.push(...this.#suspicion(suspectAt(site, index), least));
      }
    }
    return found;
  }

  #suspicion(suspect: Suspect, least: number): Suspicion[] {
    const probability = Math.min(1, this.#weightOf(suspect) / this.#total);
    if (probability < least) return [];
    const fault = {
      component: suspect.site.place.component,
      kind: faultKinds[suspect.kind] ?? 'error',
    };
    return [{ fault, probability, suspect }];
  }

  /** How much an observation speaks for a fault, against all hypotheses without it; bits. */
  bitsFor(suspect: Suspect): (index: number) => number {
    const weight = this.#weightOf(suspect);
    // What is left beside a certain fault is too little to be told by subtraction.
    const isCertain = this.#total - weight < 1e-6 * this.#total;
    const others = isCertain ? this.#weightsWithout(suspect) : null;
    const rest = others === null ? this.#total - weight : this.#sumOf(others);
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

  #weightsWithout({ alone, pairs }: Suspect): Float64Array {
    const weights = this.#weights.slice(0, this.#count);
    for (const place of [alone, ...pairs]) weights[place] = 0;
    return weights;
  }

  #sumOf(weights: Float64Array): number {
    let sum = 0;
    for (let place = 0; place < this.#count; place += 1) sum += weights[place] ?? 0;
    return sum;
  }

  /** Σ weight·likelihood of an observation, over the hypotheses that a suspect is part of. */
  #expectedUnder({ alone, pairs }: Suspect, index: number): number {
    let sum = this.#expectedAt(alone, index);
    for (const pair of pairs) sum += this.#expectedAt(pair, index);
    return sum;
  }

  #expectedAt(place: number, index: number): number {
    const likelihood = this.#likelihoods[place * this.#observations.length + index] ?? 1;
    return (this.#weights[place] ?? 0) * likelihood;
  }

  /** For each observation: Σ weight·likelihood, over all hypotheses. */
  #expectedBy(weights: Float64Array): Float64Array {
    const likelihoods = this.#likelihoods;
    const columns = this.#observations.length;
    const sums = new Float64Array(columns);
    for (let place = 0; place < this.#count; place += 1) {
      const weight = weights[place] ?? 0;
      const row = place * columns;
      for (let index = 0; index < columns; index += 1)
        sums[index] = (sums[index] ?? 0) + weight * (likelihoods[row + index] ?? 1);
    }
    return sums;
  }
}

function suspectAt(site: Site, index: number): Suspect {
  const [kind, prior] = [site.kinds[index] ?? 0, site.priors[index] ?? 0];
  return { site, kind, prior, alone: site.first + index, pairs: [] };
}

const allKinds = faultKinds.map((_, kind) => kind);
const tablePriors = faultKinds.map((kind) => priors[kind]);
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
    const place = network.place(component);
    let link = network.link(place, place);
    let to = place;
    const under = observations.map((one) => {
      // What is seen of one instance stands together.
      if (one.place !== to) link = network.link(place, one.place);
      to = one.place;
      return one.effect.under(link);
    });
    const began = beganAt(input, component);
    sites.push({ place, began, first, kinds, priors, under });
    first += kinds.length;
  };
  const known = new Map<string, ByKind>();
  const factorsOf = priorFactors(input.knowledge, priors);
  for (const { id, service, startedAt } of input.components) {
    const byService = known.get(service) ?? servicePriors(factorsOf(service));
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

function servicePriors(factors: ByKind): ByKind {
  return tablePriors.map((prior, kind) => prior * (factors[kind] ?? 1));
}

function afterChange(byService: ByKind): ByKind {
  return byService.map((prior, index) => {
    const kind = faultKinds[index];
    return kind !== undefined && recentChange.kinds.has(kind) ? prior * recentChange.factor : prior;
  });
}
