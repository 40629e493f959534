/**
 * Instances that somebody else runs. Nobody tells us when one ends or is started again, so we look:
 * at its process, where that is known, and at its status.
 *
 * 1. An end and a beginning are told once each; another process is another run.
 * 2. While we start or stop it ourselves, nothing is told of it.
 * 3. Starting what runs, and stopping what doesn't, does nothing.
 * 4. Its end may be seen before whoever runs it hears of that: the status that still names the
 *    process is no news, and neither is one that was asked for before the last that was taken.
 */
import { DarumaError, errorInfo } from '../model/errors.ts';
import type { Happening } from '../model/event.ts';
import { type InstanceId, instanceId } from '../model/ids.ts';
import type { ServiceSpec } from '../model/stack-spec.ts';
import type { Clock } from '../ports/clock.ts';
import type { Driver, DriverContext, ExternalDriver } from '../ports/driver.ts';
import { identify, isAlive, type ProcessIdentity } from '../ports/process-identity.ts';
import type { InstanceContexts } from './instance-context.ts';
import type { ExternalRun, Watcher } from './watcher.ts';

export interface ExternalsOptions {
  readonly clock: Clock;
  readonly driver: Driver | undefined;
  readonly contexts: InstanceContexts;
  readonly watcher: Watcher;
  readonly push: (happening: Happening) => void;
}

interface Status extends Awaited<ReturnType<ExternalDriver['status']>> {
  /** It names the process of the last run, and that has ended. */
  readonly late: boolean;
}

interface External {
  readonly service: ServiceSpec;
  readonly context: DriverContext;
  readonly instance: InstanceId;
  readonly timeoutMs: number;
  readonly everyMs: number;
  run: ExternalRun | null;
  /** Of the run, or of the last one; null: which process it is, or was, is not known. */
  process: ProcessIdentity | null;
  /** We are starting or stopping it. */
  ours: boolean;
  looking: boolean;
  /** How often its status was asked, and which of these answers was the last to be taken. */
  asked: number;
  taken: number;
  dueAt: number;
}

/** A known process is looked at so often; reading `/proc` costs next to nothing. */
const tickMs = 500;
/** Without a health check its status is asked this often. */
const lookEveryMs = 5_000;
/** What was begun or has ended may take so long to show, such as in a pid file. */
const showsWithinMs = 5_000;
const againMs = 100;

export class Externals {
  readonly #options: ExternalsOptions;
  readonly #all = new Map<InstanceId, External>();
  #cancelTick: (() => void) | null = null;

  constructor(options: ExternalsOptions) {
    this.#options = options;
  }

  /** Tells of each instance whether it runs now, and from now on when that changes. */
  async follow(service: ServiceSpec, how: { readonly observed: boolean }): Promise<void> {
    const numbers = Array.from({ length: service.replicas }, (_, index) => index + 1);
    await Promise.all(numbers.map((number) => this.#follow(service, number, how)));
  }

  async #follow(
    service: ServiceSpec,
    number: number,
    how: { readonly observed: boolean },
  ): Promise<void> {
    const { clock, contexts, push } = this.#options;
    const instance = instanceId(service.name, number);
    const port = await contexts.port(service, instance);
    const external: External = {
      service,
      instance,
      context: contexts.context(service, instance, port),
      timeoutMs: service.external?.timeoutMs ?? lookEveryMs,
      everyMs: service.healthcheck?.intervalMs ?? lookEveryMs,
      run: null,
      process: null,
      ours: false,
      looking: false,
      asked: 0,
      taken: 0,
      dueAt: clock.now(),
    };
    const status = await this.#status(external, external.timeoutMs);
    this.#all.set(instance, external);
    this.#cancelTick ??= this.#arm();
    // What is only observed and can't be asked is taken to run: its health check tells.
    if (status.running === true || (how.observed && !canBeAsked(service))) {
      this.#begin(external, status.pid, { adopted: true });
      return;
    }
    const found = { running: false, pid: null, port: null, startedAt: null, exit: null };
    push({ kind: 'found', instance, ...found });
  }

  /** Rejects when it doesn't run after its start command. */
  start(instance: InstanceId): Promise<ExternalRun> {
    return this.#alone(instance, async (external) => {
      // Who has not heard of its end yet would take it to be started already.
      const before = await this.#shown(external, ({ late }) => !late);
      if (before.running !== true) await this.#driver().start(external.context);
      const shows = ({ running, late }: Status) => running !== false && !late;
      const status = await this.#shown(external, shows);
      if (!shows(status)) {
        throw new DarumaError('START_FAILED', `it was started and does not run: ${status.text}`);
      }
      return this.#watch(external, status.pid, { adopted: false });
    });
  }

  /** Rejects when it still runs after its stop command. */
  stop(instance: InstanceId): Promise<void> {
    return this.#alone(instance, async (external) => {
      this.#options.watcher.unwatch(instance);
      try {
        await this.#end(external);
      } catch (error) {
        // What goes on running is watched.
        if (external.run !== null) this.#watch(external, external.run.pid, { adopted: true });
        throw error;
      }
      external.run = null;
    });
  }

  async #end(external: External): Promise<void> {
    const { context, timeoutMs } = external;
    const before = await this.#shown(external, ({ late }) => !late);
    if (before.running !== false) await this.#driver().stop(context);
    const status = await this.#until(external, timeoutMs, ({ running }) => running !== true);
    if (status.running === true) {
      throw new DarumaError('STOP_FAILED', `it was stopped and still runs: ${status.text}`);
    }
  }

  close(): void {
    this.#cancelTick?.();
  }

  /** Null: it doesn't run, as far as known. */
  running(instance: InstanceId): ExternalRun | null {
    return this.#all.get(instance)?.run ?? null;
  }

  /** `work` ends it for sure. */
  fence(instance: InstanceId, work: () => Promise<void>): Promise<void> {
    return this.#alone(instance, async (external) => {
      this.#options.watcher.unwatch(instance);
      try {
        await work();
      } catch (error) {
        if (external.run !== null) this.#watch(external, external.run.pid, { adopted: true });
        throw error;
      }
      external.run = null;
    });
  }

  #driver(): ExternalDriver {
    const { driver } = this.#options;
    if (driver?.kind === 'external') return driver;
    throw new DarumaError('INTERNAL', 'not an external driver');
  }

  async #status({ context, process }: External, timeoutMs: number): Promise<Status> {
    try {
      const status = await this.#driver().status(context, timeoutMs);
      const { running, pid } = status;
      if (pid === null || identify(pid) !== null) return { ...status, late: false };
      if (running !== true || process?.pid !== pid) return { ...status, pid: null, late: false };
      const text = `its status names process ${pid}, which has ended`;
      return { running: null, pid, text, late: true };
    } catch (error) {
      return { running: null, pid: null, text: errorInfo(error).message, late: false };
    }
  }

  async #alone<T>(instance: InstanceId, work: (external: External) => Promise<T>): Promise<T> {
    const external = this.#all.get(instance);
    if (external === undefined) throw new DarumaError('NOT_FOUND', `${instance} is not known`);
    external.ours = true;
    try {
      return await work(external);
    } finally {
      external.ours = false;
      external.taken = external.asked;
      this.#soon(external);
    }
  }

  #shown(external: External, holds: (status: Status) => boolean): Promise<Status> {
    return this.#until(external, Math.min(external.timeoutMs, showsWithinMs), holds);
  }

  /** The first status that is as wanted, or the last within the time. */
  async #until(
    external: External,
    withinMs: number,
    holds: (status: Status) => boolean,
  ): Promise<Status> {
    const { clock } = this.#options;
    const endsAt = clock.now() + withinMs;
    for (;;) {
      const status = await this.#status(external, external.timeoutMs);
      if (holds(status) || clock.now() > endsAt) return status;
      await new Promise<void>((resolve) => clock.after(againMs, resolve));
    }
  }

  #arm(): () => void {
    return this.#options.clock.after(tickMs, () => {
      for (const external of this.#all.values()) this.#tick(external);
      this.#cancelTick = this.#arm();
    });
  }

  #tick(external: External): void {
    const { run, process, ours, looking, dueAt } = external;
    if (ours || looking) return;
    const gone = run !== null && process !== null && !isAlive(process);
    if (!gone && this.#options.clock.now() < dueAt) return;
    external.looking = true;
    void this.#look(external, external.timeoutMs).then(() => {
      external.looking = false;
    });
  }

  #soon(external: External): void {
    external.dueAt = this.#options.clock.now() + external.everyMs;
  }

  /** Its own health check, where that is its status. */
  async #check(external: External, timeoutMs: number): Promise<void> {
    const status = await this.#look(external, timeoutMs);
    if (status.running !== true) throw new Error(status.text);
  }

  async #look(external: External, timeoutMs: number): Promise<Status> {
    external.asked += 1;
    const number = external.asked;
    const status = await this.#status(external, timeoutMs);
    if (number > external.taken && !external.ours) {
      external.taken = number;
      this.#take(external, status);
    }
    return status;
  }

  #take(external: External, status: Status): void {
    this.#soon(external);
    const { run, process } = external;
    const ended =
      status.running === false ||
      (process !== null && !isAlive(process)) ||
      (process !== null && status.pid !== null && status.pid !== process.pid);
    if (run !== null && ended) this.#ended(external, status.text);
    const known = external.run !== null && (external.process !== null || status.pid === null);
    if (status.running === true && !known) this.#begin(external, status.pid, { adopted: false });
  }

  #ended(external: External, text: string): void {
    const { instance } = external;
    external.run = null;
    this.#options.watcher.unwatch(instance);
    const exit = { code: null, signal: null, known: false, oom: false, lastLines: [text] };
    this.#options.push({ kind: 'exited', instance, exit });
  }

  #begin(external: External, found: number | null, how: { readonly adopted: boolean }): void {
    const run = this.#watch(external, found, how);
    this.#options.push({ kind: 'found', ...run, running: true, exit: null });
  }

  #watch(external: External, pid: number | null, how: { readonly adopted: boolean }): ExternalRun {
    const { service, instance, context } = external;
    const { clock, watcher } = this.#options;
    const run = { instance, pid, port: context.port, startedAt: clock.now() };
    external.run = run;
    external.process = pid === null ? null : identify(pid);
    watcher.watchExternal(service, run, context, {
      ...how,
      check: (timeoutMs) => this.#check(external, timeoutMs),
      logs: this.#driver().logs(context)?.argv ?? null,
    });
    return run;
  }
}

function canBeAsked({ external }: ServiceSpec): boolean {
  return external !== null && (external.status !== null || external.pidFile !== null);
}
