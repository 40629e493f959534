/**
 * Standing orders: an instance that would be started again at once, however it ended, is ordered to
 * be, beforehand. Its waiting launcher then needs nobody to tell it when the time has come.
 *
 *     works ─▶ a foregone conclusion ─▶ on record ─▶ given ─▶ it ended: carried out, once
 *                                           │          │
 *                                           └──────────┴─▶ withdrawn
 *
 * 1. It is the engine that allows an order, and that decides once the instance has ended, as ever.
 *    If it decides otherwise then, what was started by the order is ended before anything else.
 * 2. An order is on record before it is given.
 * 3. What speaks plainly against an order withdraws it in the same step; whatever else happens to
 *    the instance, or to what it depends on, lets the engine be asked again a moment later.
 * 4. Where nothing happens, nothing is done. Nobody waits for more than a slice of this.
 */
import type { EngineState } from '../engine/index.ts';
import { errorInfo } from '../model/errors.ts';
import type { EngineEvent } from '../model/event.ts';
import { type InstanceId, type ServiceName, serviceOf } from '../model/ids.ts';
import type { LogRecord, RecordBody, StoredRecord } from '../model/record.ts';
import type { Clock } from '../ports/clock.ts';
import { faultPoint } from '../ports/fault-point.ts';
import type { Processes } from '../ports/processes.ts';
import { isForegone, mayBeForegone } from './foregone.ts';

export interface StandingOrdersOptions {
  readonly clock: Clock;
  readonly processes: Processes;
  readonly state: () => EngineState;
  readonly note: (body: RecordBody) => void;
  readonly log: (text: string) => void;
}

const lookDelayMs = 250;
const sliceMs = 3;
const pauseMs = 25;
/** It counts as having lasted from then on. */
const lastedSlackMs = 10;

const contradicting: ReadonlySet<LogRecord['kind']> = new Set<LogRecord['kind']>([
  'configured',
  'maintenance-began',
  'instance-stopping',
  'instance-held',
]);

/** What has no bearing on what would be done about an exit. */
const irrelevant: ReadonlySet<LogRecord['kind']> = new Set<LogRecord['kind']>([
  'timer-set',
  'timer-cleared',
  'requested',
  'replied',
  'slept',
]);

export class StandingOrders {
  readonly #options: StandingOrdersOptions;
  /** Their orders are yet to be on record. */
  readonly #asked = new Set<InstanceId>();
  /** The engine is to be asked about them. */
  readonly #due = new Set<InstanceId>();
  /** Those that have not lasted long enough yet: how to forget it. */
  readonly #later = new Map<InstanceId, () => void>();
  #cancel: (() => void) | null = null;
  #closed = false;

  constructor(options: StandingOrdersOptions) {
    this.#options = options;
    options.processes.onSpare((instance) => this.#lookAt([instance]));
  }

  /** To be told of each step, before its commands are run. */
  heed(event: EngineEvent, records: readonly LogRecord[]): void {
    if (this.#closed || records.length === 0) return;
    if (event.kind === 'exited') this.#heedExit(event.instance, records);
    for (const record of records) {
      if (irrelevant.has(record.kind)) continue;
      const instances = this.#concerned(record);
      if (contradicts(record))
        for (const id of instances) this.#withdraw(id, 'what was decided now speaks against it');
      this.#lookAt(instances);
    }
  }

  #heedExit(id: InstanceId, records: readonly LogRecord[]): void {
    const starts = records.some((one) => one.kind === 'instance-starting' && one.instance === id);
    // Carried out, it is over.
    if (!starts || this.#asked.has(id)) this.#withdraw(id, 'it is not to be started now');
  }

  /** To be told of what is on record. */
  hear(records: readonly StoredRecord[]): void {
    for (const { record } of records) {
      if (record.kind !== 'order-given') continue;
      faultPoint('order.recorded');
      for (const id of record.instances) this.#give(id);
    }
  }

  #give(id: InstanceId): void {
    if (this.#closed || !this.#asked.delete(id)) return;
    if (!this.#options.processes.giveOrder(id)) this.#noteWithdrawn(id, 'nobody waits for it');
  }

  #withdraw(id: InstanceId, reason: string): void {
    const asked = this.#asked.delete(id);
    if (this.#options.processes.withdrawOrder(id) || asked) this.#noteWithdrawn(id, reason);
  }

  /** After the records of the step that is under way. */
  #noteWithdrawn(id: InstanceId, reason: string): void {
    const { clock, note } = this.#options;
    clock.after(0, () => note({ kind: 'order-withdrawn', instances: [id], reason }));
  }

  /** Instances whose exit may be judged differently now. */
  #concerned(record: LogRecord): readonly InstanceId[] {
    const { services, instances } = this.#options.state();
    const about = servicesOf(record, this.#options.state());
    if (about === null) return Object.values(instances).map(({ id }) => id);
    const found = new Set<ServiceName>(about);
    // A set goes on with what is added to it meanwhile.
    for (const name of found) for (const one of services[name]?.dependents ?? []) found.add(one);
    return [...found].flatMap((name) => services[name]?.instances ?? []);
  }

  #lookAt(instances: readonly InstanceId[]): void {
    for (const id of instances) this.#due.add(id);
    if (this.#closed || this.#due.size === 0) return;
    this.#cancel ??= this.#options.clock.after(lookDelayMs, () => this.#look());
  }

  #look(): void {
    const { clock, log } = this.#options;
    this.#cancel = null;
    try {
      this.#judgeDue(clock.now() + sliceMs);
    } catch (error) {
      log(`no more standing orders: ${errorInfo(error).message}`);
      this.#giveUp();
    }
    if (this.#closed || this.#due.size === 0) return;
    this.#cancel = clock.after(pauseMs, () => this.#look());
  }

  #judgeDue(until: number): void {
    const { clock, note } = this.#options;
    const allowed: InstanceId[] = [];
    for (const id of this.#due) {
      this.#due.delete(id);
      if (this.#judge(id)) allowed.push(id);
      if (clock.now() >= until) break;
    }
    if (allowed.length === 0) return;
    for (const id of allowed) this.#asked.add(id);
    note({ kind: 'order-given', instances: allowed });
  }

  /** True: it is to be given an order that it doesn't have yet. */
  #judge(id: InstanceId): boolean {
    const { clock, processes, state } = this.#options;
    const order = processes.order(id);
    this.#later.get(id)?.();
    this.#later.delete(id);
    if (order === 'none' || this.#asked.has(id)) return false;
    // It is being carried out: the start under way has the launcher, and ends it if need be.
    if (state().instances[id]?.phase === 'starting') return false;
    if (isForegone(state(), id, clock.now())) return order === 'possible';
    this.#withdraw(id, 'it might not be started again at once');
    this.#lookWhenLasted(id);
    return false;
  }

  /** Where nothing else keeps it from being started at once than how short a while ago that was. */
  #lookWhenLasted(id: InstanceId): void {
    const { clock, state } = this.#options;
    const { instances, services } = state();
    const { startedAt = null, service = '' } = instances[id] ?? {};
    const resetAfterMs = services[service]?.spec.restart.resetAfterMs;
    if (startedAt === null || resetAfterMs === undefined || !mayBeForegone(state(), id)) return;
    const leftMs = startedAt + resetAfterMs + lastedSlackMs - clock.now();
    if (leftMs > 0)
      this.#later.set(
        id,
        clock.after(leftMs, () => this.#lookAt([id])),
      );
  }

  /** None is left in force of which nobody heeds what speaks against it. */
  #giveUp(): void {
    this.close();
    const all = Object.values(this.#options.state().instances);
    for (const { id } of all) this.#withdraw(id, 'orders are given up');
  }

  /** Those that are given go with the launchers. */
  close(): void {
    this.#closed = true;
    this.#cancel?.();
    for (const cancel of this.#later.values()) cancel();
  }
}

/** Whether it withdraws the orders of the services that it is about. */
function contradicts(record: LogRecord): boolean {
  return record.kind === 'wanted' ? record.wanted === 'down' : contradicting.has(record.kind);
}

/** Which services a record is about; null: all. */
function servicesOf(record: LogRecord, state: EngineState): readonly ServiceName[] | null {
  if ('instance' in record) return [serviceOf(record.instance) ?? ''];
  if ('service' in record) return [record.service];
  if ('target' in record) return record.target === null ? null : nameOf(record.target);
  if (record.kind === 'symptom-began') return nameOf(record.symptom.component);
  if (record.kind === 'symptom-ended') return nameOf(record.id.split('#', 1)[0] ?? '');
  if (!('incident' in record) || record.incident === null) return null;
  const symptoms = state.incidents[record.incident]?.symptoms ?? [];
  return symptoms.flatMap(({ symptom }) => nameOf(symptom.component) ?? []);
}

/** Of an instance or a service; null: of a host. */
function nameOf(component: string): readonly ServiceName[] | null {
  const name = serviceOf(component);
  return name === null ? null : [name];
}
