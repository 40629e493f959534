/** The components that may be at fault, each with the faults that it may have and their priors. */
import { priorFactors } from '../learn/estimates.ts';
import type { ComponentId } from '../model/ids.ts';
import { faultKinds } from '../model/symptom.ts';
import type { ByKind, LocateInput, Network, Place } from './model.ts';
import type { Observation } from './observations.ts';
import { hostKinds, hostPriorFactor, priors, recentChange } from './tables.ts';

/** A component that may be at fault. */
export interface Site {
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

const allKinds = faultKinds.map((_, kind) => kind);
const tablePriors = faultKinds.map((kind) => priors[kind]);
const kindsOfHosts = hostKinds.map((kind) => faultKinds.indexOf(kind));
const priorsOfHosts = hostKinds.map((kind) => priors[kind] * hostPriorFactor);

export function sitesOf(
  input: LocateInput,
  network: Network,
  observations: readonly Observation[],
): Site[] {
  const sites: Site[] = [];
  // The first of all hypotheses is that nothing is wrong.
  let first = 1;
  const add = (component: ComponentId, kinds: readonly number[], priors: ByKind) => {
    const place = network.place(component);
    const under = underAt(place, network, observations);
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

/** For each observation: where its effect has the numbers for faults at the place. */
function underAt(
  place: Place,
  network: Network,
  observations: readonly Observation[],
): readonly number[] {
  const under = new Array<number>(observations.length);
  let link = network.link(place, place);
  let to = place;
  for (let index = 0; index < observations.length; index += 1) {
    const one = observations[index];
    if (one === undefined) continue;
    // What is seen of one instance stands together.
    if (one.place !== to) link = network.link(place, one.place);
    to = one.place;
    under[index] = one.effect.under(link);
  }
  return under;
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
