/** Puts running instances under observation: gives the observer all that it needs of them. */
import type { InstanceId } from '../model/ids.ts';
import { instanceLogDir } from '../model/layout.ts';
import type { ServiceSpec } from '../model/stack-spec.ts';
import type { Driver, DriverContext, ProcessDriver } from '../ports/driver.ts';
import type { Observer, WatchedInstance } from '../ports/observer.ts';
import type { Processes, RunningInstance } from '../ports/processes.ts';

export interface WatcherOptions {
  readonly observer: Observer;
  readonly processes: Processes;
  readonly drivers: Readonly<Record<string, Driver>>;
  readonly stateDir: string;
  /** Adds what the instance was last told to be. */
  readonly asGiven?: (context: DriverContext) => DriverContext;
}

/** A run of an external service; its process may not be known. */
export interface ExternalRun extends Omit<RunningInstance, 'pid'> {
  readonly pid: number | null;
}

export interface ExternalWatch {
  readonly adopted: boolean;
  readonly check: (timeoutMs: number) => Promise<void>;
  /** Prints its log; null: nothing does. */
  readonly logs: readonly string[] | null;
}

export class Watcher {
  readonly #options: WatcherOptions;

  constructor(options: WatcherOptions) {
    this.#options = options;
  }

  watch(
    service: ServiceSpec,
    running: RunningInstance,
    context: DriverContext,
    how: Pick<WatchedInstance, 'adopted' | 'wasReady'>,
  ): void {
    const { observer, processes, stateDir, asGiven = (given) => given } = this.#options;
    const driver = this.#options.drivers[service.driver];
    const now = () => asGiven(context);
    observer.watch({
      ...common(service, running, context),
      ...how,
      pid: running.pid,
      members: () => processes.members(running.instance),
      logDir: instanceLogDir(stateDir, running.instance),
      ...(running.logOffset === undefined ? {} : { logOffset: running.logOffset }),
      driverCheck: driverCheck(driver, now),
      sqlCheck: sqlCheck(driver, now),
    });
  }

  watchExternal(
    service: ServiceSpec,
    running: ExternalRun,
    context: DriverContext,
    how: ExternalWatch,
  ): void {
    const { pid } = running;
    const { observer, processes } = this.#options;
    observer.watch({
      ...common(service, running, context),
      pid,
      adopted: how.adopted,
      members: async () => (pid === null ? [] : processes.foreignMembers(running.instance, pid)),
      logDir: null,
      ...(how.logs === null ? {} : { logCommand: how.logs }),
      driverCheck: how.check,
      sqlCheck: null,
    });
  }

  unwatch(instance: InstanceId): void {
    this.#options.observer.unwatch(instance);
  }
}

function common(
  service: ServiceSpec,
  { instance, port, startedAt }: Omit<RunningInstance, 'pid'>,
  { expand, environment }: DriverContext,
) {
  return { instance, service, port, startedAt, expand, environment, user: service.user };
}

function driverCheck(
  driver: Driver | undefined,
  now: () => DriverContext,
): ((timeoutMs: number) => Promise<void>) | null {
  if (driver?.kind !== 'process') return null;
  const check = driver.check?.bind(driver);
  if (check === undefined) return null;
  const settled = settleOnce(driver, now);
  return async (timeoutMs) => {
    await settled();
    await check(now(), timeoutMs);
  };
}

function sqlCheck(
  driver: Driver | undefined,
  now: () => DriverContext,
): ((query: string, timeoutMs: number) => Promise<void>) | null {
  if (driver?.kind !== 'process') return null;
  const sql = driver.sql?.bind(driver);
  if (sql === undefined) return null;
  const settled = settleOnce(driver, now);
  return async (query, timeoutMs) => {
    await settled();
    await sql(now(), query, timeoutMs);
  };
}

/** Users and databases are made before the instance counts as healthy; once per run and role. */
function settleOnce(driver: ProcessDriver, now: () => DriverContext): () => Promise<void> {
  let done: Promise<void> | null = null;
  let doneAs: string | undefined;
  return () => {
    const context = now();
    const role = context.role?.order.role;
    if (role !== doneAs) done = null;
    doneAs = role;
    done ??= (driver.settle?.(context) ?? Promise.resolve()).catch((error: unknown) => {
      done = null;
      throw error;
    });
    return done;
  };
}
