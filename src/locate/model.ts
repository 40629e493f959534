/** The network: how a fault at one component comes to show as symptoms at others. */
import { detectEstimate, edgeEstimate } from '../learn/estimates.ts';
import { type ComponentId, type ServiceName, serviceOf } from '../model/ids.ts';
import type { Knowledge } from '../model/knowledge.ts';
import { type FaultKind, faultKinds, type Symptom, type SymptomKind } from '../model/symptom.ts';
import {
  declaredShow,
  edgeStrength,
  hostReach,
  serviceReach,
  showDependant,
  showOwn,
  undeclaredShow,
} from './tables.ts';

/** A symptom that holds. */
export interface SeenSymptom {
  readonly symptom: Symptom;
  /** An exit by a signal: nothing that a dependency brings about. */
  readonly killed: boolean;
}

/** What is known of an instance besides its symptoms. */
export interface ComponentFacts {
  readonly id: ComponentId;
  readonly service: ServiceName;
  /** Other instances of its service that are ready. */
  readonly othersReady: number;
  /** Its process runs. */
  readonly running: boolean;
  /** It runs and its health is checked: a failing check would be seen. */
  readonly checked: boolean;
  /** Time between two looks at its health. */
  readonly checkEveryMs: number;
  /** A check made just now on request; null: none. */
  readonly confirmed: { readonly healthy: boolean; readonly evidence: string } | null;
  readonly startedAt: number | null;
}

export interface LocateInput {
  readonly at: number;
  readonly symptoms: readonly SeenSymptom[];
  /** The instances at which the symptoms are, and all that these depend on. */
  readonly components: readonly ComponentFacts[];
  /** Dependencies between their services. */
  readonly dependsOn: Readonly<Record<ServiceName, readonly ServiceName[]>>;
  /** Hosts that are looked at as a cause too. */
  readonly hosts: readonly ComponentId[];
  /** Actions that did not help. */
  readonly tried: readonly TriedAction[];
  readonly knowledge: Knowledge;
}

/** An action that did not help, and how likely it mends each kind of fault at its component. */
export interface TriedAction {
  readonly component: ComponentId;
  /** 1 or more. */
  readonly times: number;
  readonly mends: Readonly<Record<FaultKind, number>>;
}

export interface Fault {
  readonly component: ComponentId;
  readonly kind: FaultKind;
}

/** One number for each kind of fault, in the order of `faultKinds`. */
export type ByKind = readonly number[];

/**
 * How faults of one component come through to another: to itself, to all on the host, to the
 * service that it is an instance of, along dependencies, or not at all. Links that are alike are
 * one object.
 */
export interface Link {
  readonly how: 'itself' | 'host' | 'service' | 'dependency' | 'none';
  /** To itself: whose knowledge of detectors counts. */
  readonly service: ServiceName | null;
  /** 0 to 1. */
  readonly strength: number;
}

/** A kind of symptom, and the name of the detector that shows it. */
interface Sign {
  readonly kind: SymptomKind | 'killed';
  readonly name: string;
}

/** One that may show several kinds of symptoms. */
export interface Detector {
  readonly name: string;
  readonly kinds: readonly SymptomKind[];
  /** P(it shows one of them | a fault), by the tables: at the component itself, at a dependant. */
  readonly own: ByKind;
  readonly dependant: ByKind;
}

export function detector(name: string, kinds: readonly SymptomKind[]): Detector {
  const most = (table: typeof showOwn) =>
    faultKinds.map((fault) => Math.max(...kinds.map((kind) => table[fault][kind] ?? 0)));
  return { name, kinds, own: most(showOwn), dependant: most(showDependant) };
}

const certain: ReadonlySet<Sign['kind']> = new Set(['exit', 'killed', 'oom', 'start-failed']);
const none: Link = { how: 'none', service: null, strength: 0 };

/** Links and what shows along them, for one input; each is worked out once. */
export class Network {
  readonly facts: ReadonlyMap<ComponentId, ComponentFacts>;
  readonly #dependsOn: LocateInput['dependsOn'];
  readonly #knowledge: Knowledge;
  readonly #services = new Map<ComponentId, ServiceName | null>();
  readonly #paths = new Map<ServiceName, Map<ServiceName, number>>();
  readonly #links = new Map<ComponentId, Map<ComponentId, Link>>();
  readonly #alike = new Map<string, Link>();

  constructor(input: LocateInput) {
    this.facts = new Map(input.components.map((facts) => [facts.id, facts]));
    this.#dependsOn = input.dependsOn;
    this.#knowledge = input.knowledge;
  }

  link(from: ComponentId, to: ComponentId): Link {
    const links = below(this.#links, from);
    const known = links.get(to);
    if (known !== undefined) return known;
    const link = this.#newLink(from, to);
    links.set(to, link);
    return link;
  }

  #newLink(from: ComponentId, to: ComponentId): Link {
    const source = this.#serviceOf(from);
    const target = this.#serviceOf(to);
    if (from === to) return this.#likeThis('itself', source, 1);
    if (source === null) return this.#likeThis('host', null, hostReach);
    if (target === null) return none;
    if (source === to) return this.#likeThis('service', null, serviceReach);
    if (source === target) return none;
    const others = this.facts.get(from)?.othersReady ?? 0;
    const reach = this.#along(target, source) / (1 + others) ** 2;
    return reach === 0 ? none : this.#likeThis('dependency', null, reach);
  }

  #likeThis(how: Link['how'], service: ServiceName | null, strength: number): Link {
    const key = `${how} ${service ?? ''} ${strength}`;
    const known = this.#alike.get(key);
    if (known !== undefined) return known;
    const link: Link = { how, service, strength };
    this.#alike.set(key, link);
    return link;
  }

  /** Null for a host. */
  #serviceOf(component: ComponentId): ServiceName | null {
    const known = this.#services.get(component);
    if (known !== undefined) return known;
    const service = serviceOf(component);
    this.#services.set(component, service);
    return service;
  }

  /** P(a fault alone makes this symptom show where the link leads), by its kind. */
  shows(link: Link, { symptom, killed }: SeenSymptom): ByKind {
    const kind: Sign['kind'] = killed && symptom.kind === 'exit' ? 'killed' : symptom.kind;
    const sign = { kind, name: symptom.name };
    return faultKinds.map((fault) => this.#showsKind(link, fault, sign, symptom.faults));
  }

  /** P(a fault alone makes the detector show a symptom there), by its kind. */
  showsAny(link: Link, detector: Detector): ByKind {
    if (link.how !== 'itself') {
      const byTable = link.how === 'dependency' ? detector.dependant : detector.own;
      return byTable.map((chance) => chance * link.strength);
    }
    const { name, kinds } = detector;
    return faultKinds.map((fault) =>
      kinds.reduce(
        (most, kind) => Math.max(most, this.#learned(link, fault, { kind, name }, [])),
        0,
      ),
    );
  }

  #showsKind(link: Link, fault: FaultKind, sign: Sign, declared: readonly FaultKind[]): number {
    if (link.how === 'none') return 0;
    if (link.how === 'itself') return this.#learned(link, fault, sign, declared);
    if (link.how === 'dependency') return (showDependant[fault][sign.kind] ?? 0) * link.strength;
    return own(fault, sign.kind, declared) * link.strength;
  }

  /** At its own component. Nobody has to learn that what ended shows an exit. */
  #learned(
    { service }: Link,
    fault: FaultKind,
    { kind, name: detector }: Sign,
    declared: readonly FaultKind[],
  ): number {
    const byTable = own(fault, kind, declared);
    if (service === null || kind === 'killed' || certain.has(kind)) return byTable;
    const which = { service, detector, fault };
    const { yes, chance } = detectEstimate(this.#knowledge, which, byTable, kind);
    return byTable === 0 && yes === 0 ? 0 : chance;
  }

  /** Noisy-OR over all paths from `service` down to the dependency `to`; the graph has no cycle. */
  #along(service: ServiceName, to: ServiceName): number {
    const paths = below(this.#paths, service);
    const known = paths.get(to);
    if (known !== undefined) return known;
    let without = 1;
    for (const dependency of this.#dependsOn[service] ?? []) {
      const rest = dependency === to ? 1 : this.#along(dependency, to);
      const edge = { service, dependency };
      if (rest > 0) without *= 1 - edgeEstimate(this.#knowledge, edge, edgeStrength).chance * rest;
    }
    paths.set(to, 1 - without);
    return 1 - without;
  }
}

function below<K, L, V>(maps: Map<K, Map<L, V>>, key: K): Map<L, V> {
  const known = maps.get(key);
  if (known !== undefined) return known;
  const map = new Map<L, V>();
  maps.set(key, map);
  return map;
}

export function isHost(component: ComponentId): boolean {
  return component.startsWith('host:');
}

function own(
  fault: FaultKind,
  kind: SymptomKind | 'killed',
  declared: readonly FaultKind[],
): number {
  if (declared.length > 0) return declared.includes(fault) ? declaredShow : undeclaredShow;
  return showOwn[fault][kind] ?? 0;
}
