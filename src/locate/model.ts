/** The network: how a fault at one component comes to show as symptoms at others. */
import { detections, edgeEstimate, shownEstimate } from '../learn/estimates.ts';
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

type ShownKind = SymptomKind | 'killed';

/** What may show several kinds of symptoms: P(it shows one of them | a fault), by the tables. */
export interface Detector {
  readonly name: string;
  readonly kinds: readonly { readonly kind: ShownKind; readonly own: ByKind }[];
  /** At the component itself. */
  readonly own: ByKind;
  /** At one that depends on it. */
  readonly dependant: ByKind;
}

export function detector(name: string, kinds: readonly ShownKind[]): Detector {
  const each = kinds.map((kind) => ({ kind, own: column(showOwn, kind) }));
  const dependant = most(kinds.map((kind) => column(showDependant, kind)));
  return { name, kinds: each, own: most(each.map(({ own }) => own)), dependant };
}

/** What a table says of one kind of symptom. */
function column(table: typeof showOwn, kind: ShownKind): ByKind {
  return faultKinds.map((fault) => table[fault][kind] ?? 0);
}

function most(chances: readonly ByKind[]): ByKind {
  return faultKinds.map((_, fault) => Math.max(...chances.map((one) => one[fault] ?? 0)));
}

/** For each kind of symptom, of a detector that shows only it. */
const single = new Map<ShownKind, Detector>();

const certain: ReadonlySet<ShownKind> = new Set(['exit', 'oom', 'start-failed']);
const none: Link = { how: 'none', service: null, strength: 0 };
const fromHost: Link = { how: 'host', service: null, strength: hostReach };
const toService: Link = { how: 'service', service: null, strength: serviceReach };

/** Links and what shows along them, for one input; each is worked out once. */
export class Network {
  readonly facts: ReadonlyMap<ComponentId, ComponentFacts>;
  readonly #dependsOn: LocateInput['dependsOn'];
  readonly #knowledge: Knowledge;
  readonly #services = new Map<ComponentId, ServiceName | null>();
  readonly #paths = new Map<ServiceName, Map<ServiceName, number>>();
  readonly #links = new Map<ComponentId, Map<ComponentId, Link>>();
  readonly #toItself = new Map<ServiceName | null, Link>();
  /** By strength. */
  readonly #toDependant = new Map<number, Link>();

  constructor(input: LocateInput) {
    this.facts = new Map(input.components.map((facts) => [facts.id, facts]));
    this.#dependsOn = input.dependsOn;
    this.#knowledge = input.knowledge;
  }

  link(from: ComponentId, to: ComponentId): Link {
    return kept(below(this.#links, from), to, () => this.#newLink(from, to));
  }

  /** Links from one component, for who asks for many, often for the same again. */
  linksFrom(from: ComponentId): (to: ComponentId) => Link {
    const links = below(this.#links, from);
    let last: { readonly to: ComponentId; readonly link: Link } | null = null;
    return (to) => {
      if (last?.to !== to) last = { to, link: kept(links, to, () => this.#newLink(from, to)) };
      return last.link;
    };
  }

  #newLink(from: ComponentId, to: ComponentId): Link {
    const source = this.#serviceOf(from);
    const target = this.#serviceOf(to);
    if (from === to)
      return kept(this.#toItself, source, (service) => ({ how: 'itself', service, strength: 1 }));
    if (source === null) return fromHost;
    if (target === null) return none;
    if (source === to) return toService;
    if (source === target) return none;
    const others = this.facts.get(from)?.othersReady ?? 0;
    const reach = this.#along(target, source) / (1 + others) ** 2;
    if (reach === 0) return none;
    return kept(this.#toDependant, reach, (strength) => ({
      how: 'dependency',
      service: null,
      strength,
    }));
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
    const kind = killed && symptom.kind === 'exit' ? 'killed' : symptom.kind;
    const byTable = kept(single, kind, () => detector(kind, [kind]));
    const { name, faults } = symptom;
    if (faults.length === 0) return this.showsAny(link, { ...byTable, name });
    const own = faultKinds.map((fault) => (faults.includes(fault) ? declaredShow : undeclaredShow));
    return this.showsAny(link, { ...byTable, name, kinds: [{ kind, own }], own });
  }

  /** P(a fault alone makes the detector show a symptom there), by its kind. */
  showsAny(link: Link, detector: Detector): ByKind {
    if (link.how === 'itself') return this.#learned(link.service, detector);
    const byTable = link.how === 'dependency' ? detector.dependant : detector.own;
    return byTable.map((chance) => chance * link.strength);
  }

  /** At its own component. Nobody has to learn that what ended shows an exit. */
  #learned(service: ServiceName | null, { name, kinds, own }: Detector): ByKind {
    const known = service === null ? undefined : detections(this.#knowledge, service, name);
    if (known === undefined) return own;
    return faultKinds.map((fault, index) => {
      const cases = known[fault];
      if (cases === undefined) return own[index] ?? 0;
      return kinds.reduce((best, { kind, own: table }) => {
        const byTable = table[index] ?? 0;
        if (kind === 'killed' || certain.has(kind)) return Math.max(best, byTable);
        const { yes, chance } = shownEstimate(cases, byTable, kind);
        return Math.max(best, byTable === 0 && yes === 0 ? 0 : chance);
      }, 0);
    });
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
  return kept(maps, key, () => new Map());
}

function kept<K, V>(all: Map<K, V>, key: K, make: (key: K) => V): V {
  const known = all.get(key);
  if (known !== undefined) return known;
  const made = make(key);
  all.set(key, made);
  return made;
}

export function isHost(component: ComponentId): boolean {
  return component.startsWith('host:');
}
