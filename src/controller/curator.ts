/**
 * Sees to it that recovery points are made, by time and by event, that they are tried, and that
 * somebody is told when they are not as they should be. It decides nothing about instances: what it
 * finds becomes points' records and symptoms.
 *
 * 1. What was due while nobody was there is made up for once.
 * 2. Points are made of what serves; what is stopped on purpose is neither due nor late.
 * 3. A stack without recovery points costs nothing.
 */
import type { EngineState } from '../engine/index.ts';
import type { ErrorReport } from '../model/error-record.ts';
import { DarumaError, type ErrorInfo, errorInfo } from '../model/errors.ts';
import type { Happening } from '../model/event.ts';
import { type InstanceId, type ServiceName, serviceOf } from '../model/ids.ts';
import type { LogRecord, StoredRecord } from '../model/record.ts';
import {
  damagedPage,
  type PointHappening,
  type PointId,
  type RecoveryPointsSpec,
  shutdownLimitMs,
  stateService,
} from '../model/recovery-point.ts';
import type { Symptom } from '../model/symptom.ts';
import type { Clock } from '../ports/clock.ts';
import type { MadePoint } from '../ports/vault.ts';
import type { JobResults } from '../ports/vault-job.ts';
import type { PointJobs } from './point-jobs.ts';
import { lateAfter, nextAfter, retryMs } from './point-schedule.ts';

export interface CuratorOptions {
  readonly clock: Clock;
  readonly jobs: PointJobs;
  readonly state: () => EngineState;
  /** A cheap look whether any of a service's log waits to be stored. */
  readonly logWaits: (service: ServiceName) => Promise<boolean>;
  readonly push: (happening: Happening) => void;
  readonly onError: (report: ErrorReport) => void;
  readonly host: string;
}

const lookEveryMs = 5_000;
const logEveryMs = 2_000;
/** Data is checked so long after it was checked last, or this controller began. */
const checkEveryMs = 86_400_000;
/** Of records that come in numbers, one point is made for all within this time. */
const eventEveryMs = 60_000;
/** From so many failures in a row on somebody is told. */
const failuresTold = 2;

interface Noted {
  /** What is wrong with places, and with the log. */
  places: string | null;
  log: string | null;
  checkedAt: number;
  keepsLog: boolean;
}

export class Curator {
  readonly #options: CuratorOptions;
  readonly #noted = new Map<ServiceName, Noted>();
  readonly #raised = new Set<string>();
  readonly #waiting = new Set<ServiceName>();
  #begunAt = 0;
  #looking = false;
  #cancel: (() => void)[] = [];

  constructor(options: CuratorOptions) {
    this.#options = options;
  }

  begin(): void {
    const { clock, jobs } = this.#options;
    this.#begunAt = clock.now();
    const all = jobs.services();
    if (all.length > 0) this.#every(0, lookEveryMs, () => this.#look());
    if (all.some(({ points }) => points.source.kind === 'postgres'))
      this.#every(1, logEveryMs, () => this.#keepLogs());
  }

  close(): void {
    for (const cancel of this.#cancel) cancel();
  }

  /** Makes a point, and tells of it. Rejects with why there is none. */
  async make(
    service: ServiceName,
    name: string | null,
    why: string,
    signal?: AbortSignal,
  ): Promise<MadePoint> {
    const { clock, jobs } = this.#options;
    const begun = clock.now();
    jobs.pointsOf(service);
    try {
      const made = await jobs.run(service, { kind: 'make', name, why }, signal);
      const { summary, pruned, damage, ...rest } = made;
      const ms = clock.now() - begun;
      this.#tell(service, 'made', { point: summary.id, why, bytes: summary.archive.bytes, ms });
      for (const point of pruned.removed) this.#tell(service, 'removed', { point, why: 'kept' });
      this.#notePlaces(service, [...rest.failed, ...rest.foreseen]);
      if (damage !== null) this.#hearDamaged(service, damage);
      return { summary, ...rest };
    } catch (error) {
      const info = errorInfo(error);
      this.#tell(service, 'failed', { why, error: info, ms: clock.now() - begun });
      if (info.code === 'DATA_DAMAGED') this.#hearDamaged(service, info);
      else this.#report(service, info);
      throw error;
    }
  }

  /** Rejects when it can't be tried, which proves nothing. A person sees why; else it is told. */
  async drill(
    service: ServiceName,
    point: PointId | null,
    identity: string | null,
    by: 'person' | 'schedule' = 'person',
  ): Promise<JobResults['drill']> {
    const { jobs } = this.#options;
    jobs.pointsOf(service);
    try {
      const drilled = await jobs.run(service, { kind: 'drill', point, identity });
      const { ok, error, restoreMs: ms } = drilled.proof;
      const about = { point: drilled.point, why: 'drill', ms, error };
      this.#tell(service, ok ? 'proven' : 'disproven', about);
      return drilled;
    } catch (error) {
      const told = { why: 'drill', error: errorInfo(error) };
      if (by === 'schedule') this.#tell(service, 'disproven', told);
      throw error;
    }
  }

  /** Rejects when the point that must come before can't be made. */
  async beforeDestructive(service: ServiceName): Promise<void> {
    const points = this.#pointsOf(service);
    if (points?.on.includes('before-destructive') !== true) return;
    await this.make(service, null, 'before-destructive');
  }

  /** A point of each that asks for one. A failure keeps nobody from a shutdown, nor does one that
   * takes longer than it may: resolves with what went wrong, for whoever asked. */
  async beforeShutdown(services: readonly ServiceName[]): Promise<readonly string[]> {
    const asking = services.flatMap((name) => {
      const points = this.#pointsOf(name);
      const asks = points?.on.includes('shutdown') === true && this.#serves(name);
      return asks ? [{ name, limitMs: points.shutdownLimitMs ?? shutdownLimitMs }] : [];
    });
    const told = await Promise.all(
      asking.map(({ name, limitMs }) => this.#makeWithin(name, limitMs)),
    );
    return told.filter((text) => text !== null);
  }

  /** Null: it was made. */
  async #makeWithin(service: ServiceName, limitMs: number): Promise<string | null> {
    const limit = new AbortController();
    const late = Promise.withResolvers<never>();
    const cancel = this.#options.clock.after(limitMs, () => {
      const text = `it was not made within ${Math.round(limitMs / 1_000)} s`;
      limit.abort(new DarumaError('TIMED_OUT', text));
      // Also when the job can't be ended at once.
      late.reject(limit.signal.reason);
    });
    try {
      await Promise.race([this.make(service, null, 'shutdown', limit.signal), late.promise]);
      return null;
    } catch (error) {
      return `no recovery point of ${service}: ${errorInfo(error).message}`;
    } finally {
      cancel();
    }
  }

  hear(records: readonly StoredRecord[]): void {
    const all = this.#options.jobs.services();
    if (all.length === 0) return;
    for (const { record } of records) {
      if (record.kind === 'symptom-began') this.#hearDamage(record.symptom);
      for (const { name, points } of all) {
        const event = points.on.find((one) => isMeant(one, record));
        if (event === undefined || !concerns(record, name) || this.#isRecent(name, event)) continue;
        this.#makeSoon(name, event);
      }
    }
  }

  /** It read a page that is damaged: how much is, is looked for at once. */
  #hearDamage({ name, component }: Symptom): void {
    const service = serviceOf(component);
    if (name !== damagedPage || service === null) return;
    if (this.#pointsOf(service) !== undefined) void this.#check(service);
  }

  /** How much is, and of which instance, becomes symptoms. */
  #hearDamaged(service: ServiceName, damage: ErrorInfo): void {
    this.#report(service, damage);
    void this.#check(service);
  }

  #pointsOf(service: ServiceName): RecoveryPointsSpec | undefined {
    return this.#options.jobs.services().find(({ name }) => name === service)?.points;
  }

  #every(slot: number, ms: number, work: () => Promise<void>): void {
    const again = () => {
      this.#cancel[slot] = this.#options.clock.after(ms, () => void work().finally(again));
    };
    again();
  }

  /** By the schedule, by what failed, by what was never tried. */
  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      for (const { name, points } of this.#options.jobs.services()) {
        if (this.#isIdle(name)) {
          if (await this.#isDue(name, points)) this.#makeSoon(name, 'schedule');
          else if (await this.#isDrillDue(name, points)) this.#drillSoon(name);
          else if (this.#isCheckDue(name, points)) void this.#check(name);
        }
        await this.#judge(name, points);
      }
    } finally {
      this.#looking = false;
    }
  }

  #makeSoon(service: ServiceName, why: string): void {
    if (this.#waiting.has(service)) return;
    this.#waiting.add(service);
    this.make(service, null, why)
      // It was told, and is told to people when it goes on.
      .catch(() => undefined)
      .finally(() => this.#waiting.delete(service));
  }

  #drillSoon(service: ServiceName): void {
    this.drill(service, null, null, 'schedule').catch(() => undefined);
  }

  #isIdle(service: ServiceName): boolean {
    return this.#serves(service) && !this.#options.jobs.isBusy(service);
  }

  #serves(service: ServiceName): boolean {
    if (service === stateService) return true;
    const known = this.#options.state().services[service];
    if (known === undefined || known.wanted === 'down' || known.restore !== undefined) return false;
    const { instances } = this.#options.state();
    return known.instances.some((id) => instances[id]?.phase === 'ready');
  }

  #isRecent(service: ServiceName, event: string): boolean {
    if (event === 'switchover') return false;
    const made = this.#options.state().points[service]?.made ?? null;
    return made !== null && this.#options.clock.now() - made.at < eventEveryMs;
  }

  async #isDue(service: ServiceName, { schedule }: RecoveryPointsSpec): Promise<boolean> {
    if (schedule === null) return false;
    const now = this.#options.clock.now();
    const { made, failures, failedAt } = this.#options.state().points[service] ?? none;
    if (failures > 0 && now < (failedAt ?? 0) + retryMs(failures)) return false;
    if (made === null) return true;
    const due = await nextAfter(schedule, made.at);
    return due !== null && due <= now;
  }

  async #isDrillDue(service: ServiceName, { drill }: RecoveryPointsSpec): Promise<boolean> {
    const { made, proof } = this.#options.state().points[service] ?? none;
    if (drill?.schedule == null || made === null) return false;
    const due = await nextAfter(drill.schedule, proof?.at ?? made.at);
    return due !== null && due <= this.#options.clock.now();
  }

  #isCheckDue(service: ServiceName, { source }: RecoveryPointsSpec): boolean {
    if (source.kind !== 'postgres' && source.kind !== 'sqlite') return false;
    return this.#options.clock.now() >= this.#note(service).checkedAt + checkEveryMs;
  }

  /** What is wrong, in words, becomes a symptom of the service as a whole. */
  async #judge(service: ServiceName, points: RecoveryPointsSpec): Promise<void> {
    const wrong = this.#serves(service) ? await this.#troubles(service, points) : [];
    const id = `${service}#points`;
    if (wrong.length > 0) {
      this.#raise({
        ...{ id, component: service, kind: 'recovery-point', name: 'points' },
        ...{ began: this.#options.clock.now(), evidence: wrong.join('; '), faults: [] },
      });
    } else this.#end(id);
  }

  async #troubles(service: ServiceName, points: RecoveryPointsSpec): Promise<string[]> {
    const { failures, error, proof } = this.#options.state().points[service] ?? none;
    const { places, log } = this.#note(service);
    const late = await this.#lateText(service, points);
    return [
      failures >= failuresTold ? `${failures} in a row failed: ${error ?? ''}` : null,
      late,
      proof?.ok === false ? `the newest does not restore: ${proof.error ?? ''}` : null,
      places,
      log,
    ].filter((text) => text !== null);
  }

  async #lateText(
    service: ServiceName,
    { schedule, lateAfterMs }: RecoveryPointsSpec,
  ): Promise<string | null> {
    const now = this.#options.clock.now();
    const made = this.#options.state().points[service]?.made ?? null;
    const since = made?.at ?? this.#begunAt;
    const due = lateAfterMs === null ? null : since + lateAfterMs;
    const late = due ?? (schedule === null ? null : await lateAfter(schedule, since));
    // What was due while nobody was there is being made up for.
    if (late === null || now < late || now < this.#begunAt + eventEveryMs) return null;
    const minutes = Math.round((now - since) / 60_000);
    return made === null ? 'there is none yet' : `the newest is ${minutes} min old`;
  }

  /** What a check finds is a symptom of the instance whose data it is; what it finds sound ends. */
  async #check(service: ServiceName): Promise<void> {
    this.#note(service).checkedAt = this.#options.clock.now();
    try {
      const damages = await this.#options.jobs.runBeside(service, { kind: 'check' });
      const found = new Map<InstanceId, string>();
      for (const { instance, error } of damages) {
        if (instance !== null && !found.has(instance)) found.set(instance, error.message);
      }
      for (const [instance, evidence] of found) this.#raiseDamage(instance, evidence);
      for (const id of this.#options.state().services[service]?.instances ?? [])
        if (!found.has(id)) this.#end(`${id}#integrity`);
    } catch (error) {
      this.#report(service, errorInfo(error));
    }
  }

  #raiseDamage(instance: InstanceId, evidence: string): void {
    this.#raise({
      ...{ id: `${instance}#integrity`, component: instance, kind: 'integrity' },
      ...{ name: 'integrity', began: this.#options.clock.now(), evidence, faults: [] },
    });
  }

  async #keepLogs(): Promise<void> {
    for (const { name, points } of this.#options.jobs.services()) {
      const note = this.#note(name);
      if (points.source.kind !== 'postgres' || note.keepsLog || !this.#serves(name)) continue;
      if (!(await this.#options.logWaits(name))) continue;
      note.keepsLog = true;
      this.#options.jobs
        .runBeside(name, { kind: 'keep-log' })
        .then(({ trouble }) => trouble?.message ?? null)
        .catch((error: unknown) => errorInfo(error).message)
        .then((text) => Object.assign(note, { log: text, keepsLog: false }));
    }
  }

  #notePlaces(service: ServiceName, wrong: MadePoint['failed']): void {
    const texts = wrong.map(({ place, error }) => `${place}: ${error.message}`);
    this.#note(service).places = texts.length === 0 ? null : texts.join('; ');
  }

  #note(service: ServiceName): Noted {
    const known = this.#noted.get(service);
    if (known !== undefined) return known;
    const fresh = { places: null, log: null, checkedAt: this.#begunAt, keepsLog: false };
    this.#noted.set(service, fresh);
    return fresh;
  }

  #raise(symptom: Symptom): void {
    if (this.#raised.has(symptom.id)) return;
    this.#raised.add(symptom.id);
    this.#options.push({ kind: 'symptom-began', symptom });
  }

  #end(id: string): void {
    if (!this.#raised.delete(id)) return;
    this.#options.push({ kind: 'symptom-ended', id });
  }

  #tell(
    service: ServiceName,
    what: PointHappening['what'],
    about: Partial<PointHappening> & { readonly why: string },
  ): void {
    const rest = { point: null, bytes: null, ms: null, error: null, ...about };
    this.#options.push({ kind: 'point', service, what, ...rest });
  }

  #report(service: ServiceName, { code, message }: ErrorInfo): void {
    const { clock, host, onError } = this.#options;
    const origin = { service, instance: null, host };
    onError({ at: clock.now(), code, message, origin, source: 'daruma' });
  }
}

const none = { made: null, failures: 0, failedAt: null, error: null, proof: null };

function isMeant(event: string, record: LogRecord): boolean {
  if (event === 'switchover') return record.kind === 'primary-serves' && record.epoch > 1;
  return event === record.kind;
}

/** It is about the service, or about none in particular. */
function concerns(record: LogRecord, service: ServiceName): boolean {
  if ('service' in record) return record.service === service;
  if ('instance' in record) return serviceOf(record.instance) === service;
  if (record.kind === 'symptom-began') return serviceOf(record.symptom.component) === service;
  return true;
}
