/**
 * What is true of a service of which one instance is primary: each instance's data, who writes,
 * who copies from whom, and which facts were acknowledged to clients.
 *
 * 1. A copy outlives its process. Facts are numbered once, so two copies that share a fact share
 *    everything before it.
 * 2. A hung primary goes on acknowledging to connections that it has: only the end of its process,
 *    or a cut of the connections, stops it.
 * 3. An order of an older epoch than the copy has seen is refused (F6).
 */
import type { GroupRoute, RouteTarget } from '../../model/command.ts';
import type { RoleOrder, RoleSeen } from '../../model/group.ts';
import { type InstanceId, instanceId } from '../../model/ids.ts';
import type { ServiceSpec } from '../../model/stack-spec.ts';
import type { Dice } from '../dice.ts';
import type { Timeline } from '../timeline.ts';

/** The data of one instance. */
interface Copy {
  /** Numbers of the facts in it. */
  log: number[];
  epoch: number;
  timeline: number;
  /** The durable mark: it may not be primary. */
  marked: boolean;
}

/** A running instance. */
interface Member {
  order: RoleOrder;
  /** Whose confirmation its commits wait for. */
  waitsFor: readonly InstanceId[];
  /** Written, and not acknowledged yet. */
  pending: number[];
}

/** What the world says of processes. */
export interface Bodies {
  /** It runs, and its kill was not ordered. */
  isAlive(instance: InstanceId): boolean;
  /** It is up and answers. */
  isWell(instance: InstanceId): boolean;
}

/** What checkers hear of. */
export interface ReplicaWitness {
  acknowledged(fact: number): void;
  /** It runs as primary from now on: it was promoted, or launched as such. */
  leads(instance: InstanceId, order: RoleOrder, how: 'promoted' | 'launched'): void;
  routed(instance: InstanceId, group: GroupRoute): void;
}

const writeEveryMs = 250;
const copyMs = [500, 2_000, 20_000] as const;

export class Refusal extends Error {}

export class Replicas {
  readonly service: ServiceSpec;
  readonly copies = new Map<InstanceId, Copy>();
  readonly members = new Map<InstanceId, Member>();
  readonly acknowledged = new Set<number>();
  witness: ReplicaWitness | null = null;
  /** When the latest fact was acknowledged. */
  acknowledgedAt = 0;
  readonly #timeline: Timeline;
  readonly #dice: Dice;
  readonly #bodies: Bodies;
  #facts = 0;
  #route: { readonly target: InstanceId; readonly epoch: number } | null = null;
  #routeEpoch = 0;
  #quiet = false;
  /** Until when it tells no position; true time. */
  readonly #silentUntil = new Map<InstanceId, number>();

  constructor(service: ServiceSpec, timeline: Timeline, dice: Dice, bodies: Bodies) {
    this.service = service;
    this.#timeline = timeline;
    this.#dice = dice;
    this.#bodies = bodies;
    this.#every(writeEveryMs, () => this.#write());
    for (const instance of this.instances) {
      this.#every(dice.between(5, 60), () => this.#receive(instance));
    }
  }

  get instances(): InstanceId[] {
    const { name, replicas } = this.service;
    return Array.from({ length: replicas }, (_, index) => instanceId(name, index + 1));
  }

  get isSynchronous(): boolean {
    return this.service.failover?.durability?.kind !== 'asynchronous';
  }

  /** Those that could take writes now: by F1 never more than one. */
  writable(): InstanceId[] {
    return this.instances.filter((one) => this.isWritable(one));
  }

  isWritable(instance: InstanceId): boolean {
    const member = this.members.get(instance);
    return member?.order.role === 'primary' && this.#bodies.isAlive(instance);
  }

  // What is done to them.

  /** How long the preparation of a start takes. */
  prepareMs(instance: InstanceId, order: RoleOrder): number {
    if (order.role === 'primary' || this.#follows(instance, order.primary)) return 20;
    return this.#dice.pick(copyMs);
  }

  /** A process starts by this order. Throws a Refusal. */
  launch(instance: InstanceId, order: RoleOrder): void {
    const copy = this.copies.get(instance);
    this.#refuseOld(copy, order);
    if (order.role === 'primary') this.#launchPrimary(instance, order, copy);
    else this.#launchStandby(instance, order, copy);
  }

  /** Its process ended. */
  ended(instance: InstanceId): void {
    this.members.delete(instance);
    if (this.#route?.target === instance) this.#route = null;
  }

  /** No process of it is left: the mark. */
  fence(instance: InstanceId, order: RoleOrder): void {
    const copy = this.copies.get(instance);
    if (copy === undefined) return;
    this.#refuseOld(copy, order);
    copy.marked = true;
    copy.epoch = order.epoch;
  }

  promote(instance: InstanceId, order: RoleOrder): void {
    const { copy, member } = this.#running(instance, order);
    if (member.order.role !== 'primary') copy.timeline += 1;
    copy.epoch = order.epoch;
    copy.marked = false;
    member.order = order;
    member.waitsFor = order.eligible;
    this.witness?.leads(instance, order, 'promoted');
  }

  follow(instance: InstanceId, order: RoleOrder): void {
    const { copy, member } = this.#running(instance, order);
    if (member.order.role === 'primary') throw new Refusal('it is primary: a restart is needed');
    copy.epoch = order.epoch;
    member.order = order;
  }

  setEligible(instance: InstanceId, order: RoleOrder): void {
    const { member } = this.#running(instance, order);
    if (member.order.role !== 'primary') throw new Refusal('it is no primary');
    member.order = { ...member.order, eligible: order.eligible };
    member.waitsFor = order.eligible;
    this.#acknowledge(instance);
  }

  /** From now on the primary waits for it too; resolves by asking `hasAll` later. */
  beginAdmission(instance: InstanceId, order: RoleOrder): number {
    this.#running(instance, order);
    const primary = this.members.get(order.primary);
    if (primary?.order.role !== 'primary' || !this.#bodies.isWell(order.primary))
      throw new Refusal('there is no primary to be admitted by');
    primary.waitsFor = [...new Set([...primary.waitsFor, instance])];
    return this.copies.get(order.primary)?.log.length ?? 0;
  }

  /** It has everything up to that length, in the history of its primary. */
  hasAll(instance: InstanceId, primary: InstanceId, length: number): boolean {
    const log = this.copies.get(instance)?.log ?? [];
    return log.length >= length && this.#follows(instance, primary);
  }

  route(targets: readonly RouteTarget[], group: GroupRoute): void {
    if (group.epoch < this.#routeEpoch) return;
    if (group.epoch > this.#routeEpoch) this.#quiet = false;
    this.#routeEpoch = group.epoch;
    const serving = targets.find((one) => one.state === 'serving');
    this.#route = serving === undefined ? null : { target: serving.instance, epoch: group.epoch };
    if (serving !== undefined) this.witness?.routed(serving.instance, group);
  }

  quiesce(quiet: boolean): void {
    this.#quiet = quiet;
  }

  position(instance: InstanceId): { readonly position: string; readonly timeline: number } {
    const copy = this.copies.get(instance);
    const isSilent = this.#timeline.now < (this.#silentUntil.get(instance) ?? 0);
    if (copy === undefined || isSilent || !this.#bodies.isWell(instance))
      throw new Refusal('no answer');
    return { position: String(copy.log.length), timeline: copy.timeline };
  }

  /** It does its work, and does not say how far its data reaches. */
  silence(instance: InstanceId, until: number): void {
    this.#silentUntil.set(instance, Math.max(until, this.#silentUntil.get(instance) ?? 0));
  }

  /** Null: it doesn't answer. */
  look(instance: InstanceId): RoleSeen | null {
    const member = this.members.get(instance);
    if (member === undefined || !this.#bodies.isWell(instance)) return null;
    const { role } = member.order;
    const epoch = this.copies.get(instance)?.epoch ?? null;
    const streaming = role === 'standby' && this.#streams(instance, member.order.primary);
    return {
      role,
      epoch,
      streaming,
      standbys: role === 'primary' ? this.#standbysOf(instance) : [],
    };
  }

  // What goes on by itself.

  #every(ms: number, work: () => void): void {
    const again = (): undefined => {
      this.#timeline.after(ms * this.#dice.between(0.8, 1.2), () => {
        work();
        return again();
      });
    };
    again();
  }

  #write(): void {
    const target = this.#route?.target;
    if (target === undefined || this.#quiet || !this.isWritable(target)) return;
    const member = this.members.get(target);
    this.#facts += 1;
    this.copies.get(target)?.log.push(this.#facts);
    member?.pending.push(this.#facts);
    this.#acknowledge(target);
  }

  #receive(instance: InstanceId): void {
    const primary = this.members.get(instance)?.order.primary;
    if (primary === undefined || !this.#streams(instance, primary)) return;
    const [copy, source] = [this.copies.get(instance), this.copies.get(primary)];
    if (copy === undefined || source === undefined) return;
    copy.log.push(...source.log.slice(copy.log.length));
    copy.timeline = source.timeline;
    this.#acknowledge(primary);
  }

  #acknowledge(primary: InstanceId): void {
    const member = this.members.get(primary);
    if (member === undefined || !this.#bodies.isAlive(primary)) return;
    const waited = this.isSynchronous ? member.waitsFor : [];
    const lengths = waited.map((one) =>
      this.#follows(one, primary) ? (this.copies.get(one)?.log.length ?? 0) : 0,
    );
    const log = this.copies.get(primary)?.log ?? [];
    const reached = Math.min(log.length, ...lengths);
    const last = reached === 0 ? 0 : (log[reached - 1] ?? 0);
    while (member.pending[0] !== undefined && member.pending[0] <= last) {
      const fact = member.pending.shift() ?? 0;
      this.acknowledged.add(fact);
      this.acknowledgedAt = this.#timeline.now;
      this.witness?.acknowledged(fact);
    }
  }

  #launchPrimary(instance: InstanceId, order: RoleOrder, known: Copy | undefined): void {
    const copy = known ?? { log: [], epoch: order.epoch, timeline: 1, marked: false };
    copy.epoch = order.epoch;
    copy.marked = false;
    this.copies.set(instance, copy);
    this.members.set(instance, { order, waitsFor: order.eligible, pending: [] });
    this.witness?.leads(instance, order, 'launched');
  }

  #launchStandby(instance: InstanceId, order: RoleOrder, known: Copy | undefined): void {
    const source = this.copies.get(order.primary);
    const isFit = known !== undefined && this.#follows(instance, order.primary);
    if (!isFit && !this.#bodies.isWell(order.primary)) {
      // With data of its own it may start, to be asked how far it reaches.
      if (known === undefined) throw new Refusal('there is no primary to copy from');
    }
    const copied = isFit || !this.#bodies.isWell(order.primary);
    const log = copied ? (known?.log ?? []) : [...(source?.log ?? [])];
    const timeline = copied ? (known?.timeline ?? 1) : (source?.timeline ?? 1);
    this.copies.set(instance, { log, timeline, epoch: order.epoch, marked: true });
    this.members.set(instance, { order, waitsFor: [], pending: [] });
  }

  #running(instance: InstanceId, order: RoleOrder): { copy: Copy; member: Member } {
    const copy = this.copies.get(instance);
    const member = this.members.get(instance);
    if (copy === undefined || member === undefined || !this.#bodies.isWell(instance))
      throw new Refusal('it does not answer');
    this.#refuseOld(copy, order);
    return { copy, member };
  }

  #refuseOld(copy: Copy | undefined, { epoch }: RoleOrder): void {
    if (copy !== undefined && epoch < copy.epoch)
      throw new Refusal(`epoch ${epoch} is older than ${copy.epoch}`);
  }

  /** Its facts are the beginning of the other's. */
  #follows(instance: InstanceId, primary: InstanceId): boolean {
    const log = this.copies.get(instance)?.log;
    const source = this.copies.get(primary)?.log;
    if (log === undefined || source === undefined || log.length > source.length) return false;
    return log.length === 0 || log[log.length - 1] === source[log.length - 1];
  }

  #streams(instance: InstanceId, primary: InstanceId): boolean {
    const lives = this.#bodies.isWell(instance) && this.#bodies.isAlive(primary);
    const isPrimary = this.members.get(primary)?.order.role === 'primary';
    return lives && isPrimary && instance !== primary && this.#follows(instance, primary);
  }

  #standbysOf(primary: InstanceId): RoleSeen['standbys'] {
    const waitsFor = this.members.get(primary)?.waitsFor ?? [];
    const length = this.copies.get(primary)?.log.length ?? 0;
    return this.instances
      .filter((one) => this.members.get(one)?.order.primary === primary)
      .filter((one) => this.#streams(one, primary))
      .map((instance) => ({
        instance,
        synchronous: waitsFor.includes(instance),
        lagBytes: 100 * (length - (this.copies.get(instance)?.log.length ?? 0)),
      }));
  }
}
