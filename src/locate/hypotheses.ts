/**
 * The hypotheses about what is wrong, weighed by what was observed: nothing, every single fault,
 * and two faults at once among the likeliest. Numbers of all of them lie in flat arrays, row by
 * row, as there are hundreds for each decision.
 */
import { priorFactors } from '../learn/estimates.ts';
import type { ComponentId } from '../model/ids.ts';
import { faultKinds } from '../model/symptom.ts';
import type { ByKind, Fault, LocateInput, Network } from './model.ts';
import { Likelihoods, type Observation } from './observations.ts';
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

interface Suspect {
  readonly fault: Fault;
  /** Its place in `faultKinds`. */
  readonly kind: number;
  /** The hypotheses that it is part of, the one of it alone first. */
  readonly hypotheses: number[];
  readonly prior: number;
  /** Where its factors begin. */
  readonly row: number;
}

export interface Suspicion {
  readonly fault: Fault;
  /** Σ P(h) over the hypotheses that it is part of, 0 to 1. */
  readonly probability: number;
}

export class Hypotheses {
  readonly #input: LocateInput;
  readonly #observations: readonly Observation[];
  readonly #under: Likelihoods;
  readonly #suspects: readonly Suspect[];
  /** Suspects × observations. */
  readonly #factors: Float64Array;
  readonly #weights: number[] = [];
  /** The places of all hypotheses. */
  readonly #all: readonly number[];
  /** Hypotheses × observations. */
  readonly #likelihoods: Float64Array;
  readonly #total: number;
  /** Of each observation, over all hypotheses: Σ weight·likelihood. */
  readonly #expected: readonly number[];

  constructor(input: LocateInput, network: Network, observations: readonly Observation[]) {
    this.#input = input;
    this.#observations = observations;
    this.#under = new Likelihoods(observations);
    const suspected = suspects(input, network, observations.length);
    this.#suspects = suspected;
    const columns = observations.length;
    this.#factors = new Float64Array(suspected.length * columns);
    const most = 1 + suspected.length + (pairedMax * (pairedMax - 1)) / 2;
    this.#likelihoods = new Float64Array(most * columns);
    for (const own of Map.groupBy(suspected, ({ fault }) => fault.component).values())
      this.#fillFactors(own, network);
    const sum = suspected.reduce((all, one) => all + one.prior, 0);
    this.#addNothing(Math.max(0.1, 1 - sum));
    for (const one of suspected) this.#add([one], one.prior * this.#order(one, null, network));
    this.#addPairs(network);
    this.#all = this.#weights.map((_, one) => one);
    this.#total = this.#weightOf(this.#all);
    this.#expected = this.#expectedOf(this.#all);
  }

  /** Of the suspects at one component. */
  #fillFactors(suspected: readonly Suspect[], network: Network): void {
    const component = suspected[0]?.fault.component ?? '';
    const linkTo = network.linksFrom(component);
    for (let index = 0; index < this.#observations.length; index += 1) {
      const one = this.#observations[index];
      if (one === undefined) continue;
      const link = linkTo(one.component);
      const byKind = link.how === 'none' ? null : one.factors(link);
      for (const { kind, row } of suspected)
        this.#factors[row + index] = byKind === null ? one.elsewhere : (byKind[kind] ?? 1);
    }
  }

  #addNothing(prior: number): void {
    let weight = prior;
    for (const [index, { nothing }] of this.#observations.entries()) {
      this.#likelihoods[index] = nothing;
      weight *= nothing;
    }
    this.#weights.push(weight);
  }

  #add(faults: readonly [Suspect, Suspect?], prior: number): void {
    const [first, second] = faults;
    const columns = this.#observations.length;
    const row = this.#weights.length * columns;
    const factors = this.#factors;
    let weight = prior;
    for (let index = 0; index < columns; index += 1) {
      const own = factors[first.row + index] ?? 1;
      const other = second === undefined ? 1 : (factors[second.row + index] ?? 1);
      const under = this.#under.of(index, own * other);
      this.#likelihoods[row + index] = under;
      weight *= under;
    }
    first.hypotheses.push(this.#weights.length);
    second?.hypotheses.push(this.#weights.length);
    this.#weights.push(weight);
  }

  /** Of the single faults; the earlier one of equals. */
  #likeliest(): Suspect[] {
    const best: Suspect[] = [];
    const weight = (one: Suspect | undefined) => this.#weights[one?.hypotheses[0] ?? 0] ?? 0;
    for (const one of this.#suspects) {
      if (best.length === pairedMax && weight(one) <= weight(best.at(-1))) continue;
      const place = best.findIndex((other) => weight(other) < weight(one));
      best.splice(place === -1 ? best.length : place, 0, one);
      if (best.length > pairedMax) best.pop();
    }
    return best;
  }

  #addPairs(network: Network): void {
    const likeliest = this.#likeliest();
    for (const [index, a] of likeliest.entries()) {
      for (const b of likeliest.slice(index + 1)) {
        if (a.fault.component === b.fault.component) continue;
        const order = this.#order(a, b, network) * this.#order(b, a, network);
        this.#add([a, b], a.prior * b.prior * order);
      }
    }
  }

  /**
   * A cause does not begin after its effects; how late it may be seen depends on the checks. What
   * the other fault shows as well as this one need not be an effect of it.
   */
  #order({ fault, row }: Suspect, other: Suspect | null, network: Network): number {
    const { symptoms } = this.#input;
    let own = Number.POSITIVE_INFINITY;
    let effect = Number.POSITIVE_INFINITY;
    for (let index = 0; index < symptoms.length; index += 1) {
      const symptom = symptoms[index]?.symptom;
      if (symptom === undefined) continue;
      if (symptom.component === fault.component) {
        own = Math.min(own, symptom.began);
        continue;
      }
      const without = this.#factors[row + index] ?? 1;
      const byOther = other === null ? 1 : (this.#factors[other.row + index] ?? 1);
      if (without === 1 || byOther <= without) continue;
      effect = Math.min(effect, symptom.began);
    }
    if (own === Number.POSITIVE_INFINITY || effect === Number.POSITIVE_INFINITY) return 1;
    const slackMs = Math.max(onsetSlackMs, network.facts.get(fault.component)?.checkEveryMs ?? 0);
    return own > effect + slackMs ? lateCauseFactor : 1;
  }

  suspicions(): Suspicion[] {
    return this.#suspects.map((suspect) => ({
      fault: suspect.fault,
      probability: Math.min(1, this.#weightOf(suspect.hypotheses) / this.#total),
    }));
  }

  /** How much each observation speaks for a fault, against all hypotheses without it; bits. */
  bitsFor(fault: Fault): number[] {
    const those = this.#suspects.find((one) => one.fault === fault)?.hypotheses ?? [];
    const weight = this.#weightOf(those);
    const under = this.#expectedOf(those);
    let rest = this.#total - weight;
    let among = this.#expected.map((sum, index) => sum - (under[index] ?? 0));
    // What is left beside a certain fault is too little to be told by subtraction.
    if (rest < 1e-6 * this.#total) {
      const others = this.#all.filter((one) => !those.includes(one));
      rest = this.#weightOf(others);
      among = this.#expectedOf(others);
    }
    return under.map((sum, index) => {
      const against = among[index] ?? 0;
      return against === 0 ? 0 : Math.log2((sum * rest) / (weight * against));
    });
  }

  #weightOf(hypotheses: readonly number[]): number {
    return hypotheses.reduce((sum, one) => sum + (this.#weights[one] ?? 0), 0);
  }

  /** For each observation: Σ weight·likelihood. */
  #expectedOf(hypotheses: readonly number[]): number[] {
    const columns = this.#observations.length;
    const likelihoods = this.#likelihoods;
    const sums: number[] = [];
    for (let index = 0; index < columns; index += 1) {
      let sum = 0;
      for (const one of hypotheses)
        sum += (this.#weights[one] ?? 0) * (likelihoods[one * columns + index] ?? 0);
      sums.push(sum);
    }
    return sums;
  }
}

function suspects(input: LocateInput, network: Network, columns: number): Suspect[] {
  const known = new Map<string, ByKind>();
  const list: Suspect[] = [];
  const add = (component: ComponentId, kind: Fault['kind'], prior: number) => {
    const place = faultKinds.indexOf(kind);
    list.push({
      fault: { component, kind },
      kind: place,
      hypotheses: [],
      prior,
      row: list.length * columns,
    });
  };
  for (const { id: component, service } of input.components) {
    const byService = known.get(service) ?? servicePriors(input, service);
    known.set(service, byService);
    const startedAt = network.facts.get(component)?.startedAt ?? null;
    const recent = startedAt !== null && input.at - startedAt < recentChange.withinMs;
    for (const [index, kind] of faultKinds.entries()) {
      const factor = recent && recentChange.kinds.has(kind) ? recentChange.factor : 1;
      add(component, kind, (byService[index] ?? 0) * factor);
    }
  }
  for (const component of input.hosts)
    for (const kind of hostKinds) add(component, kind, priors[kind] * hostPriorFactor);
  return list;
}

function servicePriors(input: LocateInput, service: string): ByKind {
  const factor = priorFactors(input.knowledge, service, priors);
  return faultKinds.map((kind) => priors[kind] * factor(kind));
}
