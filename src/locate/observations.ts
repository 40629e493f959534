/**
 * What was observed, as likelihoods: symptoms that hold, symptoms that could be seen and are not,
 * checks made on request, and actions that did not help. What can't be observed says nothing.
 *
 * Faults act on an observation independently of each other (noisy-OR): each has a factor, by its
 * kind and the link from its component, and the likelihood goes by the product of the factors.
 */
import type { ComponentId } from '../model/ids.ts';
import { type FaultKind, faultKinds, type SymptomKind } from '../model/symptom.ts';
import {
  type ByKind,
  type ComponentFacts,
  type Detector,
  detector,
  type Link,
  type LocateInput,
  type Network,
  type SeenSymptom,
  type TriedAction,
} from './model.ts';
import {
  confirmError,
  failuresCounted,
  leaks,
  needlessFails,
  recurs,
  unconfirmedWeight,
} from './tables.ts';

export interface Observation {
  readonly component: ComponentId;
  /** Id of the symptom that holds; null for other observations. */
  readonly symptom: string | null;
  /** `bad`: something is wrong; `good`: it is not; `tried`: something was done about it. */
  readonly sign: 'bad' | 'good' | 'tried';
  readonly text: string;
  /** P(observed | nothing is wrong). */
  readonly nothing: number;
  /** Whether a fault brings it about, or stands in its way. */
  readonly form: 'brings' | 'hinders';
  /** P(observed | faults): brings: 1 − scale·product; hinders: scale·product, at least `floor`. */
  readonly scale: number;
  readonly floor: number;
  /** The factor of a fault that does not come through to it. */
  readonly elsewhere: number;
  /** The factors of faults that come through by this link. */
  factors(link: Link): ByKind;
}

/** The likelihoods of observations, in flat arrays: they are asked for thousands of times. */
export class Likelihoods {
  readonly #base: Float64Array;
  readonly #slope: Float64Array;
  readonly #floor: Float64Array;

  constructor(observations: readonly Observation[]) {
    this.#base = new Float64Array(observations.length);
    this.#slope = new Float64Array(observations.length);
    this.#floor = new Float64Array(observations.length);
    for (const [index, { form, scale, floor }] of observations.entries()) {
      this.#base[index] = form === 'brings' ? 1 : 0;
      this.#slope[index] = form === 'brings' ? -scale : scale;
      this.#floor[index] = floor;
    }
  }

  /** `product`: of the factors of all faults that are there, of which there is at least one. */
  of(index: number, product: number): number {
    const likelihood = (this.#base[index] ?? 0) + (this.#slope[index] ?? 0) * product;
    return Math.max(this.#floor[index] ?? 0, likelihood);
  }
}

const healthKinds: readonly SymptomKind[] = ['health-timeout', 'health-refused', 'health-failed'];
const health = detector('health', healthKinds);
/** A check on request has to be answered soon: being late is a failure too. */
const quick = detector('health', [...healthKinds, 'latency']);
const life = detector('exit', ['exit', 'start-failed']);
const healthSlot: ReadonlySet<SymptomKind> = new Set([...healthKinds, 'unready', 'stopped']);

/** Those of symptoms come first, in their order. */
export function observe(input: LocateInput, network: Network): Observation[] {
  const list = input.symptoms.map((seen) => present(network, seen));
  const failing = new Set(
    input.symptoms.filter((s) => healthSlot.has(s.symptom.kind)).map((s) => s.symptom.component),
  );
  const signs = signsOf(network);
  for (const facts of input.components) {
    if (facts.running) list.push(alive(facts, signs, failing.has(facts.id)));
    if (failing.has(facts.id)) continue;
    if (facts.confirmed?.healthy === false) list.push(failsOnRequest(facts, signs));
    else if (facts.checked) list.push(healthy(facts, signs));
  }
  const showing = new Set(input.symptoms.map((one) => one.symptom.component));
  for (const [component, tried] of Map.groupBy(input.tried, (one) => one.component))
    list.push(didNotHelp(tried, showing.has(component)));
  return list;
}

function present(network: Network, seen: SeenSymptom): Observation {
  const { symptom, killed } = seen;
  const leak = leaks[killed && symptom.kind === 'exit' ? 'killed' : symptom.kind];
  return {
    component: symptom.component,
    symptom: symptom.id,
    sign: 'bad',
    form: 'brings',
    text: symptom.evidence,
    nothing: leak,
    scale: 1 - leak,
    floor: 0,
    elsewhere: 1,
    factors: remembered((link) => network.shows(link, seen).map((shown) => 1 - shown)),
  };
}

type Factors = Observation['factors'];

function remembered(factors: Factors): Factors {
  const known = new Map<Link, ByKind>();
  return (link) => {
    const before = known.get(link);
    if (before !== undefined) return before;
    const now = factors(link);
    known.set(link, now);
    return now;
  };
}

/** As good as: what is certain may still have been seen wrongly. */
const impossible = 0.001;
const crash = faultKinds.indexOf('crash');

/** Factors that are the same wherever they are looked at. */
interface Signs {
  readonly alive: Factors;
  readonly passes: Factors;
  readonly confirmed: Factors;
  readonly fails: Factors;
}

function signsOf(network: Network): Signs {
  const without = (link: Link, by: Detector) =>
    network.showsAny(link, by).map((shown, kind) => 1 - Math.max(shown, ownCrash(link, kind)));
  return {
    alive: remembered((link) => stillAlive(link, network.showsAny(link, life))),
    passes: remembered((link) => without(link, health).map((one) => one ** unconfirmedWeight)),
    confirmed: remembered((link) => without(link, quick)),
    fails: remembered((link) => without(link, health)),
  };
}

/** A dependant may yet exit; only its own crash would have ended it for certain. */
function stillAlive({ how }: Link, shows: ByKind): ByKind {
  const weight = how === 'itself' ? 1 : unconfirmedWeight;
  return shows.map((shown, kind) =>
    how === 'itself' && kind === crash ? impossible : ((1 - leaks.exit) * (1 - shown)) ** weight,
  );
}

/** Whatever ended it also fails its check. */
function ownCrash({ how }: Link, kind: number): number {
  return how === 'itself' && kind === crash ? 0.95 : 0;
}

/** Worth saying only of a process that fails its checks. */
function alive({ id }: ComponentFacts, signs: Signs, failing: boolean): Observation {
  return {
    component: id,
    symptom: null,
    sign: 'good',
    form: 'hinders',
    text: failing ? 'process alive' : '',
    nothing: 1 - leaks.exit,
    scale: 1,
    floor: 0,
    elsewhere: (1 - leaks.exit) ** unconfirmedWeight,
    factors: signs.alive,
  };
}

function healthy({ id, confirmed }: ComponentFacts, signs: Signs): Observation {
  const asked = confirmed?.healthy === true;
  const weight = asked ? 1 : unconfirmedWeight;
  return {
    component: id,
    symptom: null,
    sign: 'good',
    form: 'hinders',
    text: asked ? `${id} passed a check made just now` : `${id} passes its checks`,
    nothing: 1 - confirmError,
    scale: (1 - confirmError) ** weight,
    floor: confirmError ** weight,
    elsewhere: 1,
    factors: asked ? signs.confirmed : signs.passes,
  };
}

function failsOnRequest({ id, confirmed }: ComponentFacts, signs: Signs): Observation {
  return {
    component: id,
    symptom: null,
    sign: 'bad',
    form: 'brings',
    text: `${id} fails a check made just now (${confirmed?.evidence ?? ''})`,
    nothing: confirmError / 5,
    scale: 1 - confirmError / 5,
    floor: 0,
    elsewhere: 1,
    factors: signs.fails,
  };
}

/**
 * Each cause at the component is as much less likely as the actions would have mended it. While the
 * component still shows something, that has to come from somewhere: a cause that comes through from
 * elsewhere was not treated at all; one that does not brings nothing back.
 */
function didNotHelp(tried: readonly TriedAction[], shows: boolean): Observation {
  const fails = ({ mends, times }: TriedAction, kind: FaultKind) =>
    (1 - mends[kind] * (1 - recurs)) ** Math.min(times, failuresCounted);
  const allFail = faultKinds.map((kind) => tried.reduce((all, one) => all * fails(one, kind), 1));
  const [helps, untreated] = [allFail.map((one) => 1 - one), allFail.map(() => 0)];
  const unconcerned = allFail.map(() => 1);
  const times = tried.reduce((sum, one) => sum + one.times, 0);
  const nothing = shows ? needlessFails ** times : 1;
  const factors = ({ how }: Link) => {
    if (shows) return how === 'itself' ? helps : untreated;
    return how === 'itself' ? allFail : unconcerned;
  };
  return {
    component: tried[0]?.component ?? '',
    symptom: null,
    sign: 'tried',
    form: shows ? 'brings' : 'hinders',
    text: times === 1 ? 'one action failed' : `${times} actions failed`,
    nothing,
    scale: shows ? 1 - nothing : 1,
    floor: 0,
    elsewhere: 1,
    factors,
  };
}
