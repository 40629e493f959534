/**
 * What was observed, as likelihoods: symptoms that hold, symptoms that could be seen and are not,
 * checks made on request, and actions that did not help. What can't be observed says nothing.
 */
import { type FaultKind, faultKinds, type SymptomKind } from '../model/symptom.ts';
import { Effect, type EffectSpec } from './effect.ts';
import {
  type ByKind,
  type ComponentFacts,
  type Detector,
  detector,
  detectorOf,
  type Link,
  type Links,
  type LocateInput,
  type Network,
  type Place,
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
  readonly place: Place;
  /** Id of the symptom that holds; null for other observations. */
  readonly symptom: string | null;
  /** `bad`: something is wrong; `good`: it is not; `tried`: something was done about it. */
  readonly sign: 'bad' | 'good' | 'tried';
  readonly text: string;
  readonly effect: Effect;
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
  const { signs } = effectsBy(network.links);
  for (const facts of input.components) {
    const place = network.place(facts.id);
    if (facts.running) list.push(alive(place, signs, failing.has(facts.id)));
    if (failing.has(facts.id)) continue;
    if (facts.confirmed?.healthy === false) list.push(failsOnRequest(place, facts, signs));
    else if (facts.checked) list.push(healthy(place, facts, signs));
  }
  const showing = new Set(input.symptoms.map((one) => one.symptom.component));
  for (const [component, tried] of Map.groupBy(input.tried, (one) => one.component))
    list.push(didNotHelp(network.place(component), tried, showing.has(component)));
  return list;
}

/** Kept with the links. */
interface Effects {
  readonly signs: Signs;
  /** By what they are, and by what saw them. */
  readonly symptoms: Map<string, Effect>;
}

const knownEffects = new WeakMap<Links, Effects>();

function effectsBy(links: Links): Effects {
  const known = knownEffects.get(links);
  if (known !== undefined) return known;
  const effects = { signs: signsOf(links), symptoms: new Map<string, Effect>() };
  knownEffects.set(links, effects);
  return effects;
}

function present(network: Network, seen: SeenSymptom): Observation {
  const { component, id, evidence } = seen.symptom;
  const effect = effectOf(network.links, seen);
  return { place: network.place(component), symptom: id, sign: 'bad', text: evidence, effect };
}

function effectOf(links: Links, seen: SeenSymptom): Effect {
  const { kind, name, faults } = seen.symptom;
  const shown = seen.killed && kind === 'exit' ? 'killed' : kind;
  const { symptoms } = effectsBy(links);
  const key = `${shown} ${faults.join()} ${name}`;
  const known = symptoms.get(key);
  if (known !== undefined) return known;
  const effect = effectOfSymptom(links, leaks[shown], detectorOf(seen));
  symptoms.set(key, effect);
  return effect;
}

function effectOfSymptom(links: Links, leak: number, by: Detector): Effect {
  const spec: EffectSpec = {
    form: 'brings',
    nothing: leak,
    scale: 1 - leak,
    floor: 0,
    elsewhere: 1,
    factors: (link) => links.shows(link, by).map((shown) => 1 - shown),
  };
  return new Effect(spec, links);
}

/** As good as: what is certain may still have been seen wrongly. */
const impossible = 0.001;
const crash = faultKinds.indexOf('crash');

/** What is seen of instances without symptoms; it is the same wherever it is looked at. */
interface Signs {
  readonly alive: Effect;
  readonly passes: Effect;
  readonly confirmed: Effect;
  readonly fails: Effect;
}

const aliveElsewhere = (1 - leaks.exit) ** unconfirmedWeight;

function signsOf(links: Links): Signs {
  const alive: EffectSpec = {
    form: 'hinders',
    nothing: 1 - leaks.exit,
    scale: 1,
    floor: 0,
    elsewhere: aliveElsewhere,
    factors: (link) => stillAlive(link, links.shows(link, life)),
  };
  const fails: EffectSpec = {
    form: 'brings',
    nothing: confirmError / 5,
    scale: 1 - confirmError / 5,
    floor: 0,
    elsewhere: 1,
    factors: (link) => without(links, link, health),
  };
  const passes = passing(unconfirmedWeight, (link) =>
    without(links, link, health).map((one) => one ** unconfirmedWeight),
  );
  const confirmed = passing(1, (link) => without(links, link, quick));
  return {
    alive: new Effect(alive, links),
    passes: new Effect(passes, links),
    confirmed: new Effect(confirmed, links),
    fails: new Effect(fails, links),
  };
}

function passing(weight: number, factors: (link: Link) => ByKind): EffectSpec {
  return {
    form: 'hinders',
    nothing: 1 - confirmError,
    scale: (1 - confirmError) ** weight,
    floor: confirmError ** weight,
    elsewhere: 1,
    factors,
  };
}

/** P(the detector shows nothing there | a fault), by its kind. */
function without(links: Links, link: Link, by: Detector): ByKind {
  return links.shows(link, by).map((shown, kind) => 1 - Math.max(shown, ownCrash(link, kind)));
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
function alive(place: Place, signs: Signs, failing: boolean): Observation {
  const text = failing ? 'process alive' : '';
  return { place, symptom: null, sign: 'good', text, effect: signs.alive };
}

function healthy(place: Place, { id, confirmed }: ComponentFacts, signs: Signs): Observation {
  const asked = confirmed?.healthy === true;
  const text = asked ? `${id} passed a check made just now` : `${id} passes its checks`;
  const effect = asked ? signs.confirmed : signs.passes;
  return { place, symptom: null, sign: 'good', text, effect };
}

function failsOnRequest(
  place: Place,
  { id, confirmed }: ComponentFacts,
  signs: Signs,
): Observation {
  const text = `${id} fails a check made just now (${confirmed?.evidence ?? ''})`;
  return { place, symptom: null, sign: 'bad', text, effect: signs.fails };
}

/**
 * Each cause at the component is as much less likely as the actions would have mended it. While the
 * component still shows something, that has to come from somewhere: a cause that comes through from
 * elsewhere was not treated at all; one that does not brings nothing back.
 */
function didNotHelp(place: Place, tried: readonly TriedAction[], shows: boolean): Observation {
  const fails = ({ mends, times }: TriedAction, kind: FaultKind) =>
    (1 - mends[kind] * (1 - recurs)) ** Math.min(times, failuresCounted);
  const allFail = faultKinds.map((kind) => tried.reduce((all, one) => all * fails(one, kind), 1));
  const [helps, untreated] = [allFail.map((one) => 1 - one), allFail.map(() => 0)];
  const unconcerned = allFail.map(() => 1);
  const times = tried.reduce((sum, one) => sum + one.times, 0);
  const nothing = shows ? needlessFails ** times : 1;
  const spec: EffectSpec = {
    form: shows ? 'brings' : 'hinders',
    nothing,
    scale: shows ? 1 - nothing : 1,
    floor: 0,
    elsewhere: 1,
    factors: ({ how }) => {
      if (shows) return how === 'itself' ? helps : untreated;
      return how === 'itself' ? allFail : unconcerned;
    },
  };
  const text = times === 1 ? 'one action failed' : `${times} actions failed`;
  return { place, symptom: null, sign: 'tried', text, effect: new Effect(spec, null) };
}
