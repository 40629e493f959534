/**
 * What was observed, as likelihoods: symptoms that hold, symptoms that could be seen and are not,
 * and checks made on request. What can't be observed says nothing.
 */
import { type ComponentId, serviceOf } from '../model/ids.ts';
import type { SymptomKind } from '../model/symptom.ts';
import type { ComponentFacts, Fault, LocateInput, Network } from './model.ts';
import { confirmError, leaks, unconfirmedWeight } from './tables.ts';

export interface Observation {
  readonly component: ComponentId;
  /** Id of the symptom that holds; null for other observations. */
  readonly symptom: string | null;
  /** A sign that something is wrong, or a sign that it is not. */
  readonly bad: boolean;
  readonly text: string;
  /** P(observed | this fault alone); null: nothing is wrong. */
  likelihood(fault: Fault | null): number;
}

const healthKinds: readonly SymptomKind[] = ['health-timeout', 'health-refused', 'health-failed'];
/** A check on request has to be answered soon: being late is a failure too. */
const quickKinds: readonly SymptomKind[] = [...healthKinds, 'latency'];
const lifeKinds: readonly SymptomKind[] = ['exit', 'start-failed'];
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
  return list;
}

/** 1 − (1 − leak)·(1 − show·reach): the noisy-OR of one fault and everything else. */
function noisyOr(leak: number, shows: number): number {
  return 1 - (1 - leak) * (1 - shows);
}

function present(network: Network, seen: LocateInput['symptoms'][number]): Observation {
  const { symptom, killed } = seen;
  const leak = leaks[killed && symptom.kind === 'exit' ? 'killed' : symptom.kind];
  return {
    component: symptom.component,
    symptom: symptom.id,
    bad: true,
    text: symptom.evidence,
    likelihood: (fault) =>
      noisyOr(leak, fault === null ? 0 : network.shows(fault, symptom.component, seen)),
  };
}

/** As good as: what is certain may still have been seen wrongly. */
const impossible = 0.001;

/** Worth saying only of a process that fails its checks. */
function alive(network: Network, facts: ComponentFacts, failing: boolean): Observation {
  return {
    component: facts.id,
    symptom: null,
    bad: false,
    text: failing ? 'process alive' : '',
    likelihood: (fault) => {
      if (fault === null) return 1 - leaks.exit;
      const own = fault.component === facts.id;
      if (own && fault.kind === 'crash') return impossible;
      // A dependant may yet exit; only its own crash would have ended it for certain.
      const weight = own ? 1 : unconfirmedWeight;
      return (1 - noisyOr(leaks.exit, network.showsAny(fault, facts.id, lifeKinds))) ** weight;
    },
  };
}

function healthy(network: Network, facts: ComponentFacts): Observation {
  const confirmed = facts.confirmed?.healthy === true;
  const weight = confirmed ? 1 : unconfirmedWeight;
  return {
    component: facts.id,
    symptom: null,
    bad: false,
    text: confirmed ? `${facts.id} passed a check made just now` : `${facts.id} passes its checks`,
    likelihood: (fault) => {
      if (fault === null) return 1 - confirmError;
      const own = Math.max(
        network.showsAny(fault, facts.id, confirmed ? quickKinds : healthKinds),
        ownCrash(fault, facts.id),
      );
      const shows = noisyOr(confirmError, own);
      return Math.max(confirmError, 1 - shows) ** weight;
    },
  };
}

function failsOnRequest(network: Network, facts: ComponentFacts): Observation {
  return {
    component: facts.id,
    symptom: null,
    bad: true,
    text: `${facts.id} fails a check made just now (${facts.confirmed?.evidence ?? ''})`,
    likelihood: (fault) => {
      const shows = fault === null ? 0 : network.showsAny(fault, facts.id, healthKinds);
      return noisyOr(confirmError / 5, Math.max(shows, ownCrash(fault, facts.id)));
    },
  };
}

/** Whatever ended it also fails its check. */
function ownCrash(fault: Fault | null, component: ComponentId): number {
  return fault?.component === component && fault.kind === 'crash' ? 0.95 : 0;
}

/** Whether an observation is at something that the component depends on. */
export function isDependency(network: Network, component: ComponentId, of: ComponentId): boolean {
  return serviceOf(component) !== serviceOf(of) && network.reach(component, of) > 0;
}
