/** What checkers see: the truth, the account of the log, and where to complain. */
import type { Command } from '../model/command.ts';
import type { EngineEvent } from '../model/event.ts';
import { type InstanceId, instanceId, type ServiceName, serviceOf } from '../model/ids.ts';
import type { LogRecord, PlannedAction } from '../model/record.ts';
import type { ServiceSpec, StackSpec } from '../model/stack-spec.ts';
import type { Symptom, SymptomKind } from '../model/symptom.ts';
import { type KnownIncident, type KnownInstance, Ledger } from './ledger.ts';
import type { World } from './world.ts';

export interface Violation {
  readonly checker: string;
  readonly kind: 'safety' | 'liveness' | 'crash';
  /** True time. */
  readonly at: number;
  readonly text: string;
}

/**
 * Stands outside the engine and objects. Each call comes before the account knows of the record.
 * After a controller's death all durable records are given once more, complaints unheard.
 */
export interface Checker {
  readonly name: string;
  event?(event: EngineEvent): void;
  record?(record: LogRecord): void;
  /** A command is carried out. */
  command?(command: Command): void;
  /** The controller died; `record` is called for all that is durable, from the first on. */
  reborn?(): void;
  /** From time to time. */
  tick?(): void;
  end?(): void;
}

/** An action at its beginning. */
export interface Begun {
  readonly planned: PlannedAction;
  readonly incident: KnownIncident | null;
  /** Stack time. */
  readonly at: number;
  readonly spared: boolean;
}

const failingKinds: ReadonlySet<SymptomKind> = new Set([
  'health-timeout',
  'health-refused',
  'health-failed',
  'unready',
  'stopped',
]);

export class Scene {
  readonly spec: StackSpec;
  readonly world: World;
  readonly violations: Violation[] = [];
  ledger = new Ledger();
  /** True times at which the controller was killed, paused or its clock stepped. */
  readonly disturbances: number[] = [];
  #muted = false;

  constructor(spec: StackSpec, world: World) {
    this.spec = spec;
    this.world = world;
  }

  complain(checker: string, text: string, kind: Violation['kind'] = 'safety'): void {
    if (this.#muted) return;
    this.violations.push({ checker, kind, at: this.world.timeline.now, text });
  }

  /** Goes through the durable records again, complaints unheard. */
  relive(records: readonly LogRecord[], checkers: readonly Checker[]): void {
    this.ledger = new Ledger();
    this.#muted = true;
    for (const checker of checkers) checker.reborn?.();
    for (const record of records) this.note(record, checkers);
    this.#muted = false;
    // The next controller's store can write until it says otherwise.
    this.ledger.storeWritable = true;
  }

  note(record: LogRecord, checkers: readonly Checker[]): void {
    for (const checker of checkers) checker.record?.(record);
    this.ledger.note(record);
  }

  /** What a record begins because of an incident; null: it is about something else. */
  begun(record: LogRecord): Begun | null {
    if (record.kind !== 'action-begun' || record.incident === null) return null;
    const action = this.ledger.actions.get(record.action);
    if (action === undefined) return null;
    const { at, spared, incident: id } = record;
    return { planned: action.planned, incident: this.ledger.incidents.get(id) ?? null, at, spared };
  }

  /** True time of a stack time, as far as the clock was not stepped since. */
  trueTime(stackTime: number): number {
    return this.world.timeline.now - (this.ledger.at - stackTime);
  }

  wasDisturbed(from: number): boolean {
    return this.disturbances.some((at) => at >= from);
  }

  service(name: ServiceName | null): ServiceSpec | null {
    return this.spec.services.find((one) => one.name === name) ?? null;
  }

  serviceOf(component: string): ServiceSpec | null {
    return this.service(serviceOf(component));
  }

  known(name: ServiceName): KnownInstance[] {
    const replicas = this.service(name)?.replicas ?? 0;
    return Array.from({ length: replicas }, (_, index) =>
      this.ledger.instance(instanceId(name, index + 1)),
    );
  }

  /** Its checks fail, as far as is known. */
  fails(instance: InstanceId): boolean {
    return this.ledger.symptomsAt(instance).some((one: Symptom) => failingKinds.has(one.kind));
  }

  /** Known to be ready and to answer. */
  answers(one: KnownInstance): boolean {
    return one.phase === 'ready' && !this.fails(one.id);
  }

  /** All that a service depends on, directly or not. */
  dependencies(name: ServiceName): ReadonlySet<ServiceName> {
    const found = new Set<ServiceName>();
    const follow = (service: ServiceName): void => {
      for (const { service: next } of this.service(service)?.dependsOn ?? []) {
        if (found.has(next)) continue;
        found.add(next);
        follow(next);
      }
    };
    follow(name);
    return found;
  }
}
