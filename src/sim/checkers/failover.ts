/** The rules F1 to F7, each by what is true and not by what the engine says. */
import type { GroupRoute } from '../../model/command.ts';
import type { RoleOrder } from '../../model/group.ts';
import { type ActionId, type InstanceId, type ServiceName, serviceOf } from '../../model/ids.ts';
import type { LogRecord } from '../../model/record.ts';
import type { Replicas, ReplicaWitness } from '../groups/replicas.ts';
import type { Checker, Scene } from '../scene.ts';

/** What the durable log says of a group. */
interface Known {
  epoch: number;
  eligible: readonly InstanceId[];
  /** Epoch → its primary. */
  readonly chosen: Map<number, InstanceId>;
  /** A person consented to a loss since the last choice. */
  consented: boolean;
  /** The role is being taken from its primary. */
  change: { readonly from: InstanceId; readonly action: ActionId } | null;
}

/** So long after all is well, writes are acknowledged again. */
const silenceMs = 20_000;
const byRule = /^F[1-7]\b/;

export class FailoverChecker implements Checker {
  readonly name = 'failover';
  readonly #scene: Scene;
  readonly #known = new Map<ServiceName, Known>();

  constructor(scene: Scene) {
    this.#scene = scene;
    for (const [service, replicas] of scene.world.replicas) {
      const none = { epoch: 0, eligible: [], chosen: new Map(), consented: false, change: null };
      this.#known.set(service, none);
      replicas.witness = this.#witness(replicas);
    }
  }

  /** Records became durable. */
  durable(records: readonly LogRecord[]): void {
    for (const record of records) {
      if (record.kind === 'primary-chosen') this.#chosen(record);
      if (record.kind === 'eligible-changed') {
        const known = this.#known.get(record.service);
        if (known !== undefined) known.eligible = record.eligible;
      }
      this.#changes(record);
      if (record.kind === 'consent' && record.given)
        for (const known of this.#known.values()) known.consented = true;
    }
  }

  tick(): void {
    for (const replicas of this.#scene.world.replicas.values()) this.#onlyOne(replicas);
  }

  end(): void {
    for (const { change } of this.#known.values()) {
      if (change === null || this.#isUnwanted(change.from)) continue;
      const text = `the fence of ${change.from} was begun and never completed`;
      this.#scene.complain('F7', text, 'liveness');
    }
    for (const { service, acknowledgedAt } of this.#scene.world.replicas.values()) {
      const wanted = this.#scene.known(service.name).every((one) => one.wanted);
      const silentMs = this.#scene.world.timeline.now - acknowledgedAt;
      if (wanted && service.endpoint !== null && silentMs > silenceMs) {
        const text = `nothing was acknowledged by ${service.name} for ${silentMs} ms`;
        this.#scene.complain('failover', text, 'liveness');
      }
    }
  }

  #chosen(record: LogRecord & { readonly kind: 'primary-chosen' }): void {
    const known = this.#known.get(record.service);
    if (known === undefined) return;
    const { epoch, primary } = record;
    if (epoch !== known.epoch + 1) {
      this.#scene.complain('F6', `epoch ${epoch} of ${record.service} follows ${known.epoch}`);
    }
    if (known.chosen.has(epoch)) this.#scene.complain('F7', `epoch ${epoch} was decided twice`);
    known.epoch = epoch;
    known.eligible = record.eligible;
    known.change = null;
    known.chosen.set(epoch, primary);
  }

  /** Whose fence has begun comes back in its place only when a rule says so, or a person stopped
   * it: also when another controller goes on with that. */
  #changes(record: LogRecord): void {
    for (const [service, known] of this.#known) {
      const { change } = known;
      if (record.kind === 'role-step' && record.service === service) {
        const { step, state, instance: from, action } = record;
        const leads = from === known.chosen.get(known.epoch);
        if (step === 'fence' && state === 'begun' && leads) known.change = { from, action };
      } else if (record.kind === 'action-outcome' && record.action === change?.action) {
        known.change = null;
        if (byRule.test(record.reason) || !this.#scene.ledger.instance(change.from).wanted)
          continue;
        this.#scene.complain('F7', `${change.from} keeps its role: ${record.reason}`);
      } else if (record.kind === 'instance-starting' && record.instance === change?.from)
        this.#scene.complain('F1', `${change.from} is started while it is being fenced`);
    }
  }

  #isUnwanted(instance: InstanceId): boolean {
    const service = serviceOf(instance) ?? '';
    return this.#scene.known(service).every((one) => !one.wanted);
  }

  #witness(replicas: Replicas): ReplicaWitness {
    return {
      acknowledged: (fact) => this.#acknowledged(replicas, fact),
      leads: (instance, order, how) => this.#leads(replicas, instance, order, how),
      routed: (instance, group) => this.#routed(replicas, instance, group),
    };
  }

  #of(replicas: Replicas): Known {
    const known = this.#known.get(replicas.service.name);
    if (known === undefined) throw new Error(`nothing is known of ${replicas.service.name}`);
    return known;
  }

  #onlyOne(replicas: Replicas): void {
    const writable = replicas.writable();
    if (writable.length > 1) this.#scene.complain('F1', `${writable.join(' and ')} take writes`);
  }

  #acknowledged(replicas: Replicas, fact: number): void {
    if (!replicas.isSynchronous) return;
    for (const instance of this.#of(replicas).eligible) {
      if (replicas.copies.get(instance)?.log.includes(fact) === true) continue;
      const text = `fact ${fact} was acknowledged without ${instance}, which the log calls eligible`;
      this.#scene.complain('F4', text);
    }
  }

  #leads(
    replicas: Replicas,
    instance: InstanceId,
    order: RoleOrder,
    how: 'promoted' | 'launched',
  ): void {
    const known = this.#of(replicas);
    this.#onlyOne(replicas);
    for (const [other, copy] of replicas.copies) {
      const isSafe = other === instance || copy.marked;
      if (!isSafe) this.#scene.complain('F2', `${instance} is primary, and ${other} has no mark`);
    }
    if (known.chosen.get(order.epoch) !== instance) {
      const text = `${instance} is ${how} as primary of epoch ${order.epoch}, which no record says`;
      this.#scene.complain(how === 'launched' ? 'F5' : 'F7', text);
    }
    if (order.epoch < known.epoch)
      this.#scene.complain('F6', `${instance} is made primary of the old epoch ${order.epoch}`);
    const lost = this.#lost(replicas, instance);
    const mayLose = known.consented || !replicas.isSynchronous;
    if (lost > 0 && !mayLose)
      this.#scene.complain(
        'F3',
        `${instance} is made primary and lacks ${lost} acknowledged facts`,
      );
    if (lost > 0) this.#forgive(replicas, instance);
    known.consented = false;
  }

  #routed(replicas: Replicas, instance: InstanceId, { epoch }: GroupRoute): void {
    const order = replicas.members.get(instance)?.order;
    if (order === undefined) return;
    if (order.role !== 'primary' || order.epoch !== epoch)
      this.#scene.complain('F2', `traffic is led to ${instance}, which is no primary of ${epoch}`);
  }

  #lost(replicas: Replicas, instance: InstanceId): number {
    const there = new Set(replicas.copies.get(instance)?.log);
    return [...replicas.acknowledged].filter((fact) => !there.has(fact)).length;
  }

  /** What was lost with consent is not to be missed again. */
  #forgive(replicas: Replicas, instance: InstanceId): void {
    const there = new Set(replicas.copies.get(instance)?.log);
    for (const fact of replicas.acknowledged) {
      if (!there.has(fact)) replicas.acknowledged.delete(fact);
    }
  }
}
