/**
 * The hypotheses about what is wrong, weighed by what was observed: nothing, every single fault,
 * and two faults at once among the likeliest. There are hundreds for each decision, so what is
 * known of each lies in arrays, by its place: nothing, then single faults site by site, then pairs.
 */
import { faultKinds } from '../model/symptom.ts';
import type { Fault, LocateInput, Network } from './model.ts';
import type { Observation } from './observations.ts';
import { rowLength } from './rows.ts';
import { type Site, sitesOf } from './sites.ts';
import { lateCauseFactor, onsetSlackMs } from './tables.ts';

/** Of so many of the likeliest single faults each two are looked at together. */
const pairedMax = 12;
const pairsMax = (pairedMax * (pairedMax - 1)) / 2;

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
  /** Among the likeliest. */
  readonly rank: number;
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
/** The ranks of the two of each pair. */
const firsts = new Uint8Array(pairsMax);
const seconds = new Uint8Array(pairsMax);
const noNumbers = new Float64Array(0);

/** One at a time: the next one takes the room of the one before. */
export class Hypotheses {
  readonly #input: LocateInput;
  readonly #network: Network;
  readonly #observations: readonly Observation[];
  readonly #sites: readonly Site[];
  /** Of each observation: the numbers of its effect. */
  readonly #rows: readonly Float64Array[];
  readonly #likeliest: readonly Paired[];
  /** P(an observation | a hypothesis): a column for each observation, one after the other. */
  readonly #likelihoods: Float64Array;
  /** Length of a column. */
  readonly #most: number;
  /** For each observation, of the likeliest. */
  readonly #factors: Float64Array;
  /** Of all hypotheses: prior · likelihood of all observations. */
  readonly #weights: Float64Array;
  /** So many hypotheses are weighed. */
  #count = 0;
  readonly #total: number;
  /** Of each observation, over all hypotheses: Σ weight·likelihood; null: not asked for yet. */
  #expected: readonly number[] | null = null;

  constructor(input: LocateInput, network: Network, observations: readonly Observation[]) {
    this.#input = input;
    this.#network = network;
    this.#observations = observations;
    this.#sites = sitesOf(input, network, observations);
    this.#rows = observations.map((one) => one.effect.rows.numbers);
    const last = this.#sites.at(-1);
    this.#most = (last === undefined ? 1 : last.first + last.kinds.length) + pairsMax;
    this.#likelihoods = likelihoodsRoom.of(this.#most * observations.length);
    this.#weights = weightsRoom.of(this.#most);
    this.#factors = factorsRoom.of(pairedMax * observations.length);
    this.#weighNothing();
    for (const site of this.#sites) this.#weighAlone(site);
    this.#likeliest = this.#findLikeliest();
    this.#weighPairs();
    this.#total = this.#sumOf(this.#weights);
  }

  #weighNothing(): void {
    let faults = 0;
    for (const site of this.#sites) for (const prior of site.priors) faults += prior;
    let weight = Math.max(0.1, 1 - faults);
    let column = 0;
    for (const { effect } of this.#observations) {
      this.#likelihoods[column] = effect.nothing;
      weight *= effect.nothing;
      column += this.#most;
    }
    this.#weights[0] = weight;
    this.#count = 1;
  }

  /** Each fault at a site, and nothing else. */
  #weighAlone(site: Site): void {
    const { kinds, under, priors } = site;
    const [likelihoods, weights, first] = [this.#likelihoods, this.#weights, this.#count];
    for (let index = 0; index < kinds.length; index += 1)
      weights[first + index] = (priors[index] ?? 0) * this.#order(site, kinds[index] ?? 0, null);
    let place = first;
    for (let column = 0; column < under.length; column += 1) {
      const numbers = this.#rows[column] ?? noNumbers;
      const alone = (under[column] ?? 0) + rowLength;
      for (let index = 0; index < kinds.length; index += 1) {
        const likelihood = numbers[alone + (kinds[index] ?? 0)] ?? 1;
        likelihoods[place + index] = likelihood;
        weights[first + index] = (weights[first + index] ?? 0) * likelihood;
      }
      place += this.#most;
    }
    this.#count += kinds.length;
  }

  /** Of the single faults; the earlier one of equals. */
  #findLikeliest(): Paired[] {
    const best = new Array<number>(pairedMax);
    const weights = this.#weights;
    let size = 0;
    let least = 0;
    for (let alone = 1; alone < this.#count; alone += 1) {
      const weight = weights[alone] ?? 0;
      if (size === pairedMax && weight <= least) continue;
      if (size < pairedMax) size += 1;
      let place = size - 1;
      for (; place > 0 && (weights[best[place - 1] ?? 0] ?? 0) < weight; place -= 1)
        best[place] = best[place - 1] ?? 0;
      best[place] = alone;
      least = weights[best[size - 1] ?? 0] ?? 0;
    }
    best.length = size;
    return best.map((alone, rank) => this.#pairedAt(alone, rank));
  }

  #pairedAt(alone: number, rank: number): Paired {
    const suspect = this.#suspectAt(alone);
    const { under } = suspect.site;
    let place = rank;
    for (let index = 0; index < under.length; index += 1) {
      this.#factors[place] = this.#factorAt(suspect.site, suspect.kind, index);
      place += pairedMax;
    }
    return { ...suspect, pairs: [], rank };
  }

  #suspectAt(alone: number): Suspect {
    let at = this.#sites.length - 1;
    while (at > 0 && (this.#sites[at]?.first ?? 0) > alone) at -= 1;
    const site = this.#sites[at] as Site;
    const index = alone - site.first;
    const [kind, prior] = [site.kinds[index] ?? 0, site.priors[index] ?? 0];
    return { site, kind, prior, alone, pairs: [] };
  }

  /** Of a fault, for an observation. */
  #factorAt({ under }: Site, kind: number, index: number): number {
    return this.#rows[index]?.[(under[index] ?? 0) + kind] ?? 1;
  }

  #weighPairs(): void {
    const [likeliest, first] = [this.#likeliest, this.#count];
    for (const a of likeliest) {
      for (let rank = a.rank + 1; rank < likeliest.length; rank += 1) {
        const b = likeliest[rank];
        if (b !== undefined && a.site !== b.site) this.#addPair(a, b, first);
      }
    }
    const [likelihoods, weights, factors] = [this.#likelihoods, this.#weights, this.#factors];
    const pairs = this.#count - first;
    let place = first;
    let ranks = 0;
    for (const { effect } of this.#observations) {
      for (let pair = 0; pair < pairs; pair += 1) {
        const a = factors[ranks + (firsts[pair] ?? 0)] ?? 1;
        const likelihood = effect.likelihood(a * (factors[ranks + (seconds[pair] ?? 0)] ?? 1));
        likelihoods[place + pair] = likelihood;
        weights[first + pair] = (weights[first + pair] ?? 0) * likelihood;
      }
      place += this.#most;
      ranks += pairedMax;
    }
  }

  /** With its prior only. */
  #addPair(a: Paired, b: Paired, first: number): void {
    const pair = this.#count;
    const order = this.#order(a.site, a.kind, b) * this.#order(b.site, b.kind, a);
    this.#weights[pair] = a.prior * b.prior * order;
    firsts[pair - first] = a.rank;
    seconds[pair - first] = b.rank;
    a.pairs.push(pair);
    b.pairs.push(pair);
    this.#count += 1;
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
      const byOther = other === null ? 1 : (this.#factors[index * pairedMax + other.rank] ?? 1);
      if (without === 1 || byOther <= without) continue;
      effect = Math.min(effect, symptom.began);
    }
    if (effect === Number.POSITIVE_INFINITY) return 1;
    const checkEveryMs = this.#network.facts.get(component)?.checkEveryMs ?? 0;
    return began > effect + Math.max(onsetSlackMs, checkEveryMs) ? lateCauseFactor : 1;
  }

  /** Those that are at least so likely, likeliest first; not more than `most`. */
  suspicions({ least, most }: { readonly least: number; readonly most: number }): Suspicion[] {
    const found: Suspicion[] = [];
    const add = (suspect: Suspect) => {
      const probability = Math.min(1, this.#weightOf(suspect) / this.#total);
      if (probability < least) return;
      insert(found, { fault: faultOf(suspect), probability, suspect });
      if (found.length > most) found.pop();
    };
    for (const one of this.#likeliest) add(one);
    // One that is not among the likeliest may still be likely enough, where all are alike.
    const last = this.#sites.at(-1);
    const end = last === undefined ? 1 : last.first + last.kinds.length;
    for (let alone = 1; alone < end; alone += 1) {
      if ((this.#weights[alone] ?? 0) / this.#total < least) continue;
      if (!this.#likeliest.some((one) => one.alone === alone)) add(this.#suspectAt(alone));
    }
    return found;
  }

  /** How much an observation speaks for a fault, against all hypotheses without it; bits. */
  bitsFor(suspect: Suspect): (index: number) => number {
    const weight = this.#weightOf(suspect);
    // What is left beside a certain fault is too little to be told by subtraction.
    const isCertain = this.#total - weight < 1e-6 * this.#total;
    const others = isCertain ? this.#weightsWithout(suspect) : null;
    const rest = others === null ? this.#total - weight : this.#sumOf(others);
    const among = others === null ? null : this.#expectedBy(others);
    if (among === null) this.#expected ??= this.#expectedBy(this.#weights);
    return (index) => {
      const under = this.#expectedUnder(suspect, index);
      const against = among?.[index] ?? (this.#expected?.[index] ?? 0) - under;
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
    const likelihood = this.#likelihoods[index * this.#most + place] ?? 1;
    return (this.#weights[place] ?? 0) * likelihood;
  }

  /** For each observation: Σ weight·likelihood, over all hypotheses. */
  #expectedBy(weights: Float64Array): readonly number[] {
    const [likelihoods, count] = [this.#likelihoods, this.#count];
    return this.#observations.map((_, index) => {
      const column = index * this.#most;
      let sum = 0;
      for (let place = 0; place < count; place += 1)
        sum += (weights[place] ?? 0) * (likelihoods[column + place] ?? 1);
      return sum;
    });
  }
}

function faultOf({ site, kind }: Suspect): Fault {
  return { component: site.place.component, kind: faultKinds[kind] ?? 'error' };
}

/** Keeps the order; most come in it already. */
function insert(sorted: Suspicion[], one: Suspicion): void {
  let place = sorted.length;
  for (; place > 0; place -= 1) {
    const before = sorted[place - 1];
    if (before === undefined || !isLikelier(one, before)) break;
    sorted[place] = before;
  }
  sorted[place] = one;
}

/** Of those alike the same one is always first. */
function isLikelier(a: Suspicion, b: Suspicion): boolean {
  if (a.probability !== b.probability) return a.probability > b.probability;
  return `${a.fault.component} ${a.fault.kind}` < `${b.fault.component} ${b.fault.kind}`;
}
