/** The network: how a fault at one component comes to show as symptoms at others. */
import { detections, edgeEstimate, serviceKnowledge, shownEstimate } from '../learn/estimates.ts';
import { revisionOf } from '../learn/lessons.ts';
import { type ComponentId, type ServiceName, serviceOf } from '../model/ids.ts';
import type { Knowledge, ServiceKnowledge } from '../model/knowledge.ts';
import { type FaultKind, faultKinds, type Symptom, type SymptomKind } from '../model/symptom.ts';
import { Rows } from './rows.ts';
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
  /** What services depend on directly: at least theirs, and what those depend on. */
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
  /** Of the effects along it, by their index: where their numbers are. */
  readonly rows: number[];
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

const single = new Map<ShownKind, Detector>();

/** What shows only this kind of symptom. */
function showing(kind: ShownKind): Detector {
  const known = single.get(kind) ?? detector(kind, [kind]);
  single.set(kind, known);
  return known;
}

/** What showed a symptom, as far as it shows such symptoms. */
export function detectorOf({ symptom, killed }: SeenSymptom): Detector {
  const kind = killed && symptom.kind === 'exit' ? 'killed' : symptom.kind;
  const byTable = showing(kind);
  const { name, faults } = symptom;
  if (faults.length === 0) return { ...byTable, name };
  const own = faultKinds.map((fault) => (faults.includes(fault) ? declaredShow : undeclaredShow));
  return { ...byTable, name, kinds: [{ kind, own }], own };
}

const certain: ReadonlySet<ShownKind> = new Set(['exit', 'oom', 'start-failed']);

function linkOf(how: Link['how'], service: ServiceName | null, strength: number): Link {
  return { how, service, strength, rows: [] };
}

/** A component as an end of links: it may be at fault, or something is seen there. */
export interface Place {
  readonly component: ComponentId;
  /** Null for a host. */
  readonly service: ServiceNode | null;
  readonly othersReady: number;
  /** From it, and all like it, to other services, by their index, as far as asked for. */
  readonly links: Link[];
}

interface ServiceNode {
  readonly name: ServiceName;
  readonly index: number;
  /** Its direct dependencies, each with P(a fault of it comes through); null: not asked for yet. */
  edges: readonly { readonly to: ServiceNode; readonly chance: number }[] | null;
  /** From one of its instances to the same; null: not asked for yet. */
  itself: Link | null;
  /** P(a fault comes through to it from another service), by index, as far as asked for. */
  readonly reach: number[];
  /** From its instances to other services, by how many others are ready. */
  readonly links: Link[][];
}

/** A link to itself, as long as no more is known of the service's detectors. */
interface Own {
  readonly link: Link;
  readonly known: ServiceKnowledge | undefined;
  readonly revision: number;
}

/** There are ever more as more is learned; with so many it is begun afresh. */
const linksMax = 2_000;
/** Names of log patterns may ever be new. */
const effectsMax = 1_000;

/**
 * Links, and what shows along them, by what is known. They are kept from one look to the next; what
 * is learned makes new ones.
 */
export class Links {
  static readonly #kept = new WeakMap<Knowledge, Links>();
  readonly none = linkOf('none', null, 0);
  readonly fromHost = linkOf('host', null, hostReach);
  readonly toService = linkOf('service', null, serviceReach);
  /** What the effects of faults along these links are. */
  readonly rows = new Rows();
  readonly #knowledge: Knowledge;
  readonly #toItself = new Map<ServiceName | null, Own>();
  /** By strength. */
  readonly #toDependant = new Map<number, Link>();
  /** So many links, and so many effects, were made. */
  #count = 0;
  #effects = 0;

  private constructor(knowledge: Knowledge) {
    this.#knowledge = knowledge;
  }

  static by(knowledge: Knowledge): Links {
    const kept = Links.#kept.get(knowledge);
    if (kept !== undefined && kept.#count < linksMax && kept.#effects < effectsMax) return kept;
    const links = new Links(knowledge);
    Links.#kept.set(knowledge, links);
    return links;
  }

  /** The index of one more effect. */
  newEffect(): number {
    this.#effects += 1;
    return this.#effects - 1;
  }

  toItself(service: ServiceName | null): Link {
    const known = service === null ? undefined : serviceKnowledge(this.#knowledge, service);
    const revision = known === undefined ? 0 : revisionOf(known);
    const own = this.#toItself.get(service);
    if (own !== undefined && own.known === known && own.revision === revision) return own.link;
    const link = linkOf('itself', service, 1);
    this.#count += 1;
    this.#toItself.set(service, { link, known, revision });
    return link;
  }

  toDependant(strength: number): Link {
    if (strength === 0) return this.none;
    const known = this.#toDependant.get(strength);
    if (known !== undefined) return known;
    const link = linkOf('dependency', null, strength);
    this.#count += 1;
    this.#toDependant.set(strength, link);
    return link;
  }

  /** P(a fault alone makes the detector show a symptom where the link leads), by its kind. */
  shows(link: Link, detector: Detector): ByKind {
    if (link.how === 'itself') return this.#learned(link.service, detector);
    const byTable = link.how === 'dependency' ? detector.dependant : detector.own;
    return byTable.map((chance) => chance * link.strength);
  }

  /** At its own component. Nobody has to learn that what ended shows an exit. */
  #learned(service: ServiceName | null, { name, kinds, own }: Detector): ByKind {
    const known = service === null ? undefined : detections(this.#knowledge, service, name);
    if (known === undefined) return own;
    const shows = [...own];
    // Of most kinds of fault there was none yet.
    for (const fault in known) {
      const cases = known[fault as FaultKind];
      const index = faultKinds.indexOf(fault as FaultKind);
      if (cases === undefined || index === -1) continue;
      shows[index] = kinds.reduce((best, { kind, own: table }) => {
        const byTable = table[index] ?? 0;
        if (kind === 'killed' || certain.has(kind)) return Math.max(best, byTable);
        const { yes, chance } = shownEstimate(cases, byTable, kind);
        return Math.max(best, byTable === 0 && yes === 0 ? 0 : chance);
      }, 0);
    }
    return shows;
  }
}

/** The components of one input, and how they are linked. */
export class Network {
  readonly facts: ReadonlyMap<ComponentId, ComponentFacts>;
  readonly links: Links;
  readonly #dependsOn: LocateInput['dependsOn'];
  readonly #knowledge: Knowledge;
  readonly #places = new Map<ComponentId, Place>();
  readonly #services = new Map<ServiceName, ServiceNode>();

  constructor(input: LocateInput) {
    this.facts = new Map(input.components.map((facts) => [facts.id, facts]));
    this.links = Links.by(input.knowledge);
    this.#dependsOn = input.dependsOn;
    this.#knowledge = input.knowledge;
  }

  /** One for each component. */
  place(component: ComponentId): Place {
    const known = this.#places.get(component);
    if (known !== undefined) return known;
    const name = serviceOf(component);
    const service = name === null ? null : this.#service(name);
    const othersReady = this.facts.get(component)?.othersReady ?? 0;
    const links = service?.links[othersReady] ?? [];
    if (service !== null) service.links[othersReady] = links;
    const place = { component, service, othersReady, links };
    this.#places.set(component, place);
    return place;
  }

  link(from: Place, to: Place): Link {
    const { service, links } = from;
    const { none, fromHost, toService } = this.links;
    if (service === null) return from === to ? this.links.toItself(null) : fromHost;
    if (from === to) {
      service.itself ??= this.links.toItself(service.name);
      return service.itself;
    }
    const target = to.service;
    if (target === service) return service.name === to.component ? toService : none;
    if (target === null) return none;
    const known = links[target.index];
    if (known !== undefined) return known;
    const reach = this.#along(target, service);
    const ready = 1 + from.othersReady;
    const link = this.links.toDependant(reach / (ready * ready));
    links[target.index] = link;
    return link;
  }

  /** Noisy-OR over all paths from `service` down to the dependency `to`; the graph has no cycle. */
  #along(service: ServiceNode, to: ServiceNode): number {
    const known = service.reach[to.index];
    if (known !== undefined) return known;
    let without = 1;
    for (const edge of this.#edges(service)) {
      const rest = edge.to === to ? 1 : this.#along(edge.to, to);
      if (rest > 0) without *= 1 - edge.chance * rest;
    }
    service.reach[to.index] = 1 - without;
    return 1 - without;
  }

  #edges(node: ServiceNode): NonNullable<ServiceNode['edges']> {
    const service = node.name;
    node.edges ??= (this.#dependsOn[service] ?? []).map((dependency) => {
      const { chance } = edgeEstimate(this.#knowledge, { service, dependency }, edgeStrength);
      return { to: this.#service(dependency), chance };
    });
    return node.edges;
  }

  /** One for each service. */
  #service(name: ServiceName): ServiceNode {
    const known = this.#services.get(name);
    if (known !== undefined) return known;
    const index = this.#services.size;
    const node = { name, index, edges: null, itself: null, reach: [], links: [] };
    this.#services.set(name, node);
    return node;
  }
}

export function isHost(component: ComponentId): boolean {
  return component.startsWith('host:');
}
