/**
 * What was observed, as likelihoods: symptoms that hold, symptoms that could be seen and are not,
 * checks made on request, and actions that did not help. What can't be observed says nothing.
 */
import { type ComponentId, serviceOf } from '../model/ids.ts';
import type { SymptomKind } from '../model/symptom.ts';
import type { ComponentFacts, Fault, LocateInput, Network, TriedAction } from './model.ts';
import { confirmError, leaks, needlessFails, unconfirmedWeight } from './tables.ts';

/** The faults that are there at once; empty: nothing is wrong. */
export type Faults = readonly Fault[];

export interface Observation {
  readonly component: ComponentId;
  /** Id of the symptom that holds; null for other observations. */
  readonly symptom: string | null;
  /** `bad`: something is wrong; `good`: it is not; `tried`: something was done about it. */
  readonly sign: 'bad' | 'good' | 'tried';
  readonly text: string;
  /** P(observed | these faults). */
  likelihood(faults: Faults): number;
}

const healthKinds: readonly SymptomKind[] = ['health-timeout', 'health-refused', 'health-failed'];
const health = { name: 'health', kinds: healthKinds };
/** A check on request has to be answered soon: being late is a failure too. */
const quick = { name: 'health', kinds: [...healthKinds, 'latency'] as readonly SymptomKind[] };
const life = { name: 'exit', kinds: ['exit', 'start-failed'] as readonly SymptomKind[] };
const healthSlot: ReadonlySet<SymptomKind> = new Set([...healthKinds, 'unready', 'stopped']);

export function observe(input: LocateInput, network: Network): Observation[] {
  const list = input.symptoms.map((seen) => present(network, seen));
  const failing = new Set(
    input.symptoms.filter((s) => healthSlot.has(s.symptom.kind)).map((s) => s.symptom.component),
  );
  for (const facts of input.components) {
    if (facts.running) list.push(alive(network, facts, failing.has(facts.id)));
    if (failing.has(facts.id)) continue;
    if (facts.confirmed?.healthy === false) list.push(failsOnRequest(network, facts));
    else if (facts.checked) list.push(healthy(network, facts));
  }
  for (const tried of Map.groupBy(input.tried, (one) => one.component).values())
    list.push(didNotHelp(tried));
  return list;
}

/** 1 − (1 − leak) · ∏ (1 − shows): the noisy-OR of the faults and everything else. */
function noisyOr(leak: number, faults: Faults, shows: (fault: Fault) => number): number {
  return 1 - faults.reduce((without, fault) => without * (1 - shows(fault)), 1 - leak);
}

function present(network: Network, seen: LocateInput['symptoms'][number]): Observation {
  const { symptom, killed } = seen;
  const leak = leaks[killed && symptom.kind === 'exit' ? 'killed' : symptom.kind];
  const shows = (fault: Fault) => network.shows(fault, symptom.component, seen);
  return {
    component: symptom.component,
    symptom: symptom.id,
    sign: 'bad',
    text: symptom.evidence,
    likelihood: (faults) => noisyOr(leak, faults, shows),
  };
}

/** As good as: what is certain may still have been seen wrongly. */
const impossible = 0.001;

/** Worth saying only of a process that fails its checks. */
function alive(network: Network, facts: ComponentFacts, failing: boolean): Observation {
  const under = (fault: Fault) => {
    const own = fault.component === facts.id;
    if (own && fault.kind === 'crash') return impossible;
    // A dependant may yet exit; only its own crash would have ended it for certain.
    const weight = own ? 1 : unconfirmedWeight;
    return ((1 - leaks.exit) * (1 - network.showsAny(fault, facts.id, life))) ** weight;
  };
  return {
    component: facts.id,
    symptom: null,
    sign: 'good',
    text: failing ? 'process alive' : '',
    likelihood: (faults) =>
      faults.length === 0 ? 1 - leaks.exit : faults.reduce((all, one) => all * under(one), 1),
  };
}

function healthy(network: Network, facts: ComponentFacts): Observation {
  const confirmed = facts.confirmed?.healthy === true;
  const shows = (fault: Fault) =>
    Math.max(
      network.showsAny(fault, facts.id, confirmed ? quick : health),
      ownCrash(fault, facts.id),
    );
  return {
    component: facts.id,
    symptom: null,
    sign: 'good',
    text: confirmed ? `${facts.id} passed a check made just now` : `${facts.id} passes its checks`,
    likelihood: (faults) => {
      if (faults.length === 0) return 1 - confirmError;
      const passes = Math.max(confirmError, 1 - noisyOr(confirmError, faults, shows));
      return passes ** (confirmed ? 1 : unconfirmedWeight);
    },
  };
}

function failsOnRequest(network: Network, facts: ComponentFacts): Observation {
  const shows = (fault: Fault) =>
    Math.max(network.showsAny(fault, facts.id, health), ownCrash(fault, facts.id));
  return {
    component: facts.id,
    symptom: null,
    sign: 'bad',
    text: `${facts.id} fails a check made just now (${facts.confirmed?.evidence ?? ''})`,
    likelihood: (faults) => noisyOr(confirmError / 5, faults, shows),
  };
}

/** Whatever ended it also fails its check. */
function ownCrash(fault: Fault, component: ComponentId): number {
  return fault.component === component && fault.kind === 'crash' ? 0.95 : 0;
}

/** Each cause is as much less likely as the actions would have mended it. */
function didNotHelp(tried: readonly TriedAction[]): Observation {
  const component = tried[0]?.component ?? '';
  const fails = ({ mends }: TriedAction, faults: Faults) => {
    if (faults.length === 0) return needlessFails;
    const there = faults.find((fault) => fault.component === component);
    return there === undefined ? 1 : 1 - mends[there.kind];
  };
  return {
    component,
    symptom: null,
    sign: 'tried',
    text: tried.length === 1 ? 'one action failed' : `${tried.length} actions failed`,
    likelihood: (faults) => tried.reduce((all, one) => all * fails(one, faults), 1),
  };
}

/** Whether an observation is at something that the component depends on. */
export function isDependency(network: Network, component: ComponentId, of: ComponentId): boolean {
  return serviceOf(component) !== serviceOf(of) && network.reach(component, of) > 0;
}
