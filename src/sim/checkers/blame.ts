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
  /** When an instance showed anything wrong, the last time; stack time. */
  readonly #shownAt = new Map<string, number>();

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  reborn(): void {
    this.#shownAt.clear();
  }

  record(record: LogRecord): void {
    const shows = whoShows(record);
    if (shows !== null) this.#shownAt.set(shows, record.at);
    const begun = this.#scene.begun(record);
    if (begun === null) return;
    const { world } = this.#scene;
    const { kind } = begun.planned;
    if (kind === 'wait' || kind === 'ask-person' || kind === 'put-back') return;
    const { incident } = begun;
    if (incident?.blamed?.sure !== true || !isInstance(incident.blamed.component)) return;
    const { component } = incident.blamed;
    const from = this.#scene.trueTime(incident.onset) - beforeMs;
    if (this.#scene.wasDisturbed(from)) return;
    if (this.#wasDeceivedAbout(component, from)) return;
    if (world.wasBroken(component, this.#downSince(component, from))) return;
    if (!world.works(component)) return;
    if (this.#shows(component) && !this.#hadBrokenDependency(component, from)) return;
    this.#scene.complain(this.name, `${component} is blamed for sure and was not broken`);
  }

  /** Of it, or of what its symptoms may come from. */
  #wasDeceivedAbout(component: InstanceId, from: number): boolean {
    const { world } = this.#scene;
    const service = serviceOf(component) ?? '';
    const services = new Set([service, ...this.#scene.dependencies(service)]);
    const seen = world.instances.filter((one) => services.has(serviceOf(one) ?? ''));
    return world.wasLiedAbout(new Set(seen), from);
  }

  /** What broke it before counts as long as it was down for that, such as until a person came. */
  #downSince(component: InstanceId, from: number): number {
    const { downAt, since } = this.#scene.ledger.instance(component);
    if (downAt === null || this.#scene.trueTime(since) < from) return from;
    return Math.min(from, this.#scene.trueTime(downAt) - beforeMs);
  }

  #shows(component: InstanceId): boolean {
    const { ledger } = this.#scene;
    const { downAt, since } = ledger.instance(component);
    // Down until its present run began.
    const wasDown = downAt !== null && ledger.at - Math.max(downAt, since) < downLatelyMs;
    return wasDown || ledger.symptomsAt(component).length > 0;
  }

  /**
   * Who fails although nothing that it depends on was broken has only itself to blame; so it seems
   * if that was over before any check could see it: nobody can know better.
   */
  #hadBrokenDependency(component: InstanceId, from: number): boolean {
    const { world } = this.#scene;
    const dependencies = this.#scene.dependencies(serviceOf(component) ?? '');
    return [...dependencies].some((name) =>
      this.#scene.known(name).some(({ id }) => {
        const shownAt = this.#scene.trueTime(this.#shownAt.get(id) ?? 0);
        return world.wasBroken(id, from) && (!world.works(id) || shownAt >= from);
      }),
    );
  }
}

function whoShows(record: LogRecord): string | null {
  switch (record.kind) {
    case 'symptom-began':
      return record.symptom.component;
    case 'instance-exited':
      return record.expected ? null : record.instance;
    case 'instance-suspect':
      return record.suspected ? record.instance : null;
    case 'instance-confirmed':
      return record.healthy ? null : record.instance;
    default:
      return null;
  }
}
