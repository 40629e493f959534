/** A dependency is mended before its dependants are touched. */
import { type InstanceId, isInstance, type ServiceName } from '../../model/ids.ts';
import type { LogRecord } from '../../model/record.ts';
import type { SymptomKind } from '../../model/symptom.ts';
import type { Checker, Scene } from '../scene.ts';

/** Symptoms that only the component itself brings about. */
const own: ReadonlySet<SymptomKind> = new Set(['oom', 'stopped', 'memory', 'start-failed', 'cpu']);

export class DependencyOrderChecker implements Checker {
  readonly name = 'dependency-order';
  readonly #scene: Scene;

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  record(record: LogRecord): void {
    const begun = this.#scene.begun(record);
    if (begun === null || !isInstance(begun.planned.target)) return;
    const { kind, target } = begun.planned;
    if (kind !== 'restart' && kind !== 'run' && kind !== 'take-out') return;
    const onset = begun.incident?.onset ?? begun.at;
    if (this.#mayBeOwn(target, this.#scene.trueTime(onset))) return;
    const broken = this.#brokenDependency(target);
    if (broken !== null)
      this.#scene.complain(this.name, `${kind} ${target}, although ${broken} is broken`);
  }

  #mayBeOwn(target: InstanceId, from: number): boolean {
    const kinds = this.#scene.ledger.symptomsAt(target).map((one) => one.kind);
    return (
      kinds.some((kind) => own.has(kind)) || this.#scene.world.wasBroken(target, from - 60_000)
    );
  }

  /** A required dependency without any instance that is known to be well, and truly not working. */
  #brokenDependency(target: InstanceId): ServiceName | null {
    for (const { service, required, condition } of this.#scene.serviceOf(target)?.dependsOn ?? []) {
      if (!required || condition === 'service_completed_successfully') continue;
      if (this.#scene.world.serviceWorks(service)) continue;
      const known = this.#scene.known(service);
      if (!known.some((one) => this.#scene.answers(one))) return service;
    }
    return null;
  }
}
