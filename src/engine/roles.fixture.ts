/** The roles of instances as a shell would carry them out, for tests of the engine: it refuses what
 * no shell may ever be asked for. */
import assert from 'node:assert/strict';
import type { Command } from '../model/command.ts';
import type { Happening } from '../model/event.ts';
import type { ReplicaPosition, RoleCommand, RoleOrder, RoleStep } from '../model/group.ts';
import type { InstanceId } from '../model/ids.ts';

type RoleStepCommand = Extract<RoleCommand, { readonly kind: 'role' }>;
type Later = (delayMs: number, happening: Happening) => void;

const tookMs: Readonly<Record<RoleStep, number>> = {
  fence: 40,
  promote: 60,
  follow: 30,
  'set-eligible': 20,
  admit: 80,
};
const surveyMs = 15;
const quiesceMs = 25;

const gone = { code: 'ACTION_FAILED', message: 'one of them ended meanwhile' };

export class RoleWorld {
  readonly #later: Later;
  readonly #running: ReadonlySet<InstanceId>;
  /** Writable now, or about to be. */
  readonly #primaries = new Set<InstanceId>();
  /** The highest epoch that each one's data has seen. */
  readonly #epochs = new Map<InstanceId, number>();
  readonly #failing = new Map<string, string>();
  readonly #silent = new Set<string>();
  readonly #positions = new Map<InstanceId, ReplicaPosition | null>();
  busy = 0;
  /** Writes are acknowledged all the time, and a promotion that loses one is refused. */
  counts = false;
  #acknowledged = 1000;
  /** How far each one's data reaches. */
  readonly #reach = new Map<InstanceId, number>();
  /** Whom the primary waits for. */
  names: readonly InstanceId[] = [];

  constructor(running: ReadonlySet<InstanceId>, later: Later) {
    this.#running = running;
    this.#later = later;
  }

  /** `error` null: it succeeds again. */
  fails(step: RoleStep, instance: InstanceId, error: string | null): void {
    if (error === null) this.#failing.delete(`${step} ${instance}`);
    else this.#failing.set(`${step} ${instance}`, error);
  }

  mendAll(): void {
    this.#failing.clear();
    this.#silent.clear();
    this.busy = 0;
  }

  /** No answer comes. */
  isSilent(step: RoleStep | 'survey', instance: InstanceId): void {
    this.#silent.add(`${step} ${instance}`);
  }

  reaches(instance: InstanceId, position: string | null): void {
    const known = { systemId: '7', timeline: 1, position: position ?? '' };
    this.#positions.set(instance, position === null ? null : known);
  }

  started(instance: InstanceId, order: RoleOrder | undefined): void {
    if (order === undefined) return;
    this.#obey(instance, order);
    // F5: a standby goes back to what its primary has.
    const reach = Math.min(this.#reachOf(instance), this.#reachOf(order.primary));
    if (order.role === 'standby') this.#reach.set(instance, reach);
    if (order.role === 'primary') this.#become(instance, order);
    else this.#primaries.delete(instance);
  }

  ended(instance: InstanceId): void {
    this.#primaries.delete(instance);
  }

  /** One more write: it is acknowledged once all have it that the primary waits for. */
  write(): void {
    const [primary] = this.#primaries;
    if (!this.counts || primary === undefined || !this.#running.has(primary)) return;
    const reach = this.#reachOf(primary) + 1;
    this.#reach.set(primary, reach);
    if (!this.names.every((one) => one === primary || this.#running.has(one))) return;
    for (const one of this.names) this.#reach.set(one, reach);
    this.#acknowledged = reach;
  }

  /** As it turns out when the time has come: an admission needs both of them all the while. */
  settle(happening: Happening): Happening {
    if (happening.kind !== 'role-done' || happening.error !== null) return happening;
    const { step, instance } = happening;
    const [primary] = this.#primaries;
    const lives = this.#running.has(instance);
    const led = primary !== undefined && this.#running.has(primary);
    if (step !== 'fence' && !lives) return { ...happening, error: gone };
    if (step !== 'admit') return happening;
    if (!led || !this.names.includes(instance)) return { ...happening, error: gone };
    this.#reach.set(instance, this.#reachOf(primary));
    return happening;
  }

  #reachOf(instance: InstanceId): number {
    return this.#reach.get(instance) ?? 1000;
  }

  carryOut(command: Command): void {
    if (command.kind === 'role') this.#step(command);
    if (command.kind === 'survey') {
      const { action, epoch } = command;
      for (const instance of command.instances) {
        if (this.#silent.has(`survey ${instance}`)) continue;
        const position = this.#positionOf(instance);
        const error = position === null ? { code: 'TIMED_OUT', message: 'no answer' } : null;
        this.#later(surveyMs, { kind: 'position', instance, action, epoch, position, error });
      }
    }
    if (command.kind === 'quiesce') {
      const { service, action } = command;
      this.#later(quiesceMs, { kind: 'quiesced', service, action, busy: this.busy });
    }
  }

  #positionOf(instance: InstanceId): ReplicaPosition | null {
    if (!this.#running.has(instance)) return null;
    const known = this.#positions.get(instance);
    const position = String(this.#reachOf(instance));
    return known === undefined ? { systemId: '7', timeline: 1, position } : known;
  }

  #step(command: RoleStepCommand): void {
    const { step, instance, action, order } = command;
    this.#obey(instance, order);
    if (step === 'promote') this.#become(instance, order);
    if (step === 'admit') this.names = [...new Set([...order.eligible, instance])];
    if (this.#silent.has(`${step} ${instance}`)) return;
    const { epoch } = order;
    const gone = step !== 'fence' && !this.#running.has(instance) ? 'it does not run' : undefined;
    const message = this.#failing.get(`${step} ${instance}`) ?? gone;
    const error = message === undefined ? null : { code: 'ACTION_FAILED', message };
    if (error === null && step === 'set-eligible') this.names = order.eligible;
    this.#later(tookMs[step], { kind: 'role-done', step, instance, action, epoch, error });
  }

  /** F6: nothing is asked for by an epoch that is over. */
  #obey(instance: InstanceId, order: RoleOrder): void {
    const seen = this.#epochs.get(instance) ?? 0;
    assert.ok(order.epoch >= seen, `${instance} has seen ${seen}, and is given ${order.epoch}`);
    this.#epochs.set(instance, order.epoch);
  }

  /** F1: nobody else may be writable. */
  #become(instance: InstanceId, order: RoleOrder): void {
    assert.equal(order.primary, instance, 'only the recorded one becomes primary');
    for (const other of this.#primaries) {
      assert.ok(other === instance, `${instance} becomes primary beside ${other}`);
    }
    if (this.counts) {
      const lacks = this.#acknowledged - this.#reachOf(instance);
      assert.ok(lacks <= 0, `F3: ${instance} becomes primary and lacks ${lacks} writes`);
    }
    this.#primaries.add(instance);
    this.names = order.eligible;
  }
}
