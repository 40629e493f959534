/** The network: how a fault at one component comes to show as symptoms at others. */
import { detectEstimate, edgeEstimate } from '../learn/estimates.ts';
import { type ComponentId, type ServiceName, serviceOf } from '../model/ids.ts';
import type { Knowledge } from '../model/knowledge.ts';
import type { FaultKind, Symptom, SymptomKind } from '../model/symptom.ts';
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
  readonly mends: Readonly<Record<FaultKind, number>>;
}

export interface Fault {
  readonly component: ComponentId;
  readonly kind: FaultKind;
}

/** A kind of symptom, and the name of the detector that shows it. */
interface Sign {
  readonly kind: SymptomKind | 'killed';
  readonly name: string;
}

const certain: ReadonlySet<Sign['kind']> = new Set(['exit', 'killed', 'oom', 'start-failed']);

/** Reach and show for one input; paths are computed once. */
export class Network {
  readonly facts: ReadonlyMap<ComponentId, ComponentFacts>;
  readonly #dependsOn: LocateInput['dependsOn'];
  readonly #knowledge: Knowledge;
  readonly #paths = new Map<string, number>();

  constructor(input: LocateInput) {
    this.facts = new Map(input.components.map((facts) => [facts.id, facts]));
    this.#dependsOn = input.dependsOn;
    this.#knowledge = input.knowledge;
  }

  /** P(this fault alone makes this symptom show), 0 to 1. */
  shows(fault: Fault, component: ComponentId, seen: SeenSymptom): number {
    const { symptom, killed } = seen;
    const kind = killed && symptom.kind === 'exit' ? 'killed' : symptom.kind;
    return this.#showsKind(fault, component, { kind, name: symptom.name }, symptom.faults);
  }

  /** P(this fault alone makes a detector show some symptom of these kinds at a component). */
  showsAny(
    fault: Fault,
    component: ComponentId,
    { name, kinds }: { readonly name: string; readonly kinds: readonly SymptomKind[] },
  ): number {
    return Math.max(...kinds.map((kind) => this.#showsKind(fault, component, { kind, name }, [])));
  }

  #showsKind(
    fault: Fault,
    component: ComponentId,
    sign: Sign,
    declared: readonly FaultKind[],
  ): number {
    const { kind } = sign;
    if (isHost(fault.component)) {
      const reach = component === fault.component ? 1 : hostReach;
      return own(fault.kind, kind, declared) * reach;
    }
    if (fault.component === component) return this.#learned(fault, sign, declared);
    if (isHost(component)) return 0;
    if (serviceOf(fault.component) === component)
      return own(fault.kind, kind, declared) * serviceReach;
    const reach = this.reach(fault.component, component);
    return reach === 0 ? 0 : (showDependant[fault.kind][kind] ?? 0) * reach;
  }

  /** At its own component. Nobody has to learn that what ended shows an exit. */
  #learned({ component, kind: fault }: Fault, sign: Sign, declared: readonly FaultKind[]): number {
    const { kind, name: detector } = sign;
    const byTable = own(fault, kind, declared);
    const service = serviceOf(component);
    if (service === null || kind === 'killed' || certain.has(kind)) return byTable;
    const which = { service, detector, fault };
    const { yes, chance } = detectEstimate(this.#knowledge, which, byTable, kind);
    return byTable === 0 && yes === 0 ? 0 : chance;
  }

  /** How much of a fault of one instance comes through to another component, along dependencies. */
  reach(from: ComponentId, to: ComponentId): number {
    const source = serviceOf(from);
    const target = serviceOf(to);
    if (source === null || target === null || source === target) return 0;
    const others = this.facts.get(from)?.othersReady ?? 0;
    return this.#along(target, source) / (1 + others) ** 2;
  }

  /** Noisy-OR over all paths from `service` down to the dependency `to`; the graph has no cycle. */
  #along(service: ServiceName, to: ServiceName): number {
    const key = `${service} ${to}`;
    const known = this.#paths.get(key);
    if (known !== undefined) return known;
    let without = 1;
    for (const dependency of this.#dependsOn[service] ?? []) {
      const rest = dependency === to ? 1 : this.#along(dependency, to);
      const edge = { service, dependency };
      without *= 1 - edgeEstimate(this.#knowledge, edge, edgeStrength).chance * rest;
    }
    this.#paths.set(key, 1 - without);
    return 1 - without;
  }
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
