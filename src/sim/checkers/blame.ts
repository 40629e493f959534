/** Who is blamed for sure, and acted on, was broken. Not judged where the senses were deceived. */
import { type InstanceId, isInstance, serviceOf } from '../../model/ids.ts';
import type { LogRecord } from '../../model/record.ts';
import type { Checker, Scene } from '../scene.ts';

/** A fault may have been mended by somebody else shortly before its effect was seen. */
const beforeMs = 20_000;
const downLatelyMs = 60_000;

export class BlameChecker implements Checker {
  readonly name = 'blame';
  readonly #scene: Scene;

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  record(record: LogRecord): void {
    if (record.kind !== 'action-begun' || record.incident === null) return;
    const { ledger, world } = this.#scene;
    const kind = ledger.actions.get(record.action)?.planned.kind;
    if (kind === 'wait' || kind === 'ask-person' || kind === 'put-back') return;
    const incident = ledger.incidents.get(record.incident);
    if (incident?.blamed?.sure !== true || !isInstance(incident.blamed.component)) return;
    const { component } = incident.blamed;
    const from = this.#scene.trueTime(incident.onset) - beforeMs;
    if (this.#scene.wasDisturbed(from)) return;
    if (world.wasLiedAbout(new Set(world.instances), from)) return;
    if (world.wasBroken(component, from) || !world.works(component)) return;
    if (this.#shows(component) && !this.#hadBrokenDependency(component, from)) return;
    this.#scene.complain(this.name, `${component} is blamed for sure and was not broken`);
  }

  #shows(component: InstanceId): boolean {
    const { ledger } = this.#scene;
    const { downAt, since } = ledger.instance(component);
    // Down until its present run began.
    const wasDown = downAt !== null && ledger.at - Math.max(downAt, since) < downLatelyMs;
    return wasDown || ledger.symptomsAt(component).length > 0;
  }

  /** Who fails although nothing that it depends on was broken has only itself to blame. */
  #hadBrokenDependency(component: InstanceId, from: number): boolean {
    const dependencies = this.#scene.dependencies(serviceOf(component) ?? '');
    return [...dependencies].some((name) =>
      this.#scene.known(name).some((one) => this.#scene.world.wasBroken(one.id, from)),
    );
  }
}
