/** Puts running instances under observation: gives the observer all that it needs of them. */
import type { InstanceId } from '../model/ids.ts';
import { instanceLogDir } from '../model/layout.ts';
import type { ServiceSpec } from '../model/stack-spec.ts';
import type { Driver, DriverContext, ProcessDriver } from '../ports/driver.ts';
import type { Observer } from '../ports/observer.ts';
import type { Processes, RunningInstance } from '../ports/processes.ts';

export interface WatcherOptions {
  readonly observer: Observer;
  readonly processes: Processes;
  readonly drivers: Readonly<Record<string, Driver>>;
  readonly stateDir: string;
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
    how: { readonly adopted: boolean },
  ): void {
    const { observer, processes, stateDir } = this.#options;
    const driver = this.#options.drivers[service.driver];
    const external = driver?.kind === 'external';
    observer.watch({
      instance: running.instance,
      service,
      pid: running.pid === 0 ? null : running.pid,
      port: running.port,
      startedAt: running.startedAt,
      adopted: how.adopted,
      expand: context.expand,
      environment: context.environment,
      user: service.user,
      members: external
        ? async () => (running.pid === 0 ? [] : [running.pid])
        : () => processes.members(running.instance),
      logDir: external ? null : instanceLogDir(stateDir, running.instance),
      driverCheck: driverCheck(driver, context),
      sqlCheck: sqlCheck(driver, context),
    });
  }

  unwatch(instance: InstanceId): void {
    this.#options.observer.unwatch(instance);
  }
}

function driverCheck(
  driver: Driver | undefined,
  context: DriverContext,
): ((timeoutMs: number) => Promise<void>) | null {
  if (driver === undefined) return null;
  if (driver.kind === 'external') {
    return async (timeoutMs) => {
      const status = await driver.status(context, timeoutMs);
      if (status.running !== true) throw new Error(status.text);
    };
  }
  const check = driver.check?.bind(driver);
  if (check === undefined) return null;
  const settled = settleOnce(driver, context);
  return async (timeoutMs) => {
    await settled();
    await check(context, timeoutMs);
  };
}

function sqlCheck(
  driver: Driver | undefined,
  context: DriverContext,
): ((query: string, timeoutMs: number) => Promise<void>) | null {
  if (driver?.kind !== 'process') return null;
  const sql = driver.sql?.bind(driver);
  if (sql === undefined) return null;
  const settled = settleOnce(driver, context);
  return async (query, timeoutMs) => {
    await settled();
    await sql(context, query, timeoutMs);
  };
}

/** Users and databases are made before the instance counts as healthy; once per run. */
function settleOnce(driver: ProcessDriver, context: DriverContext): () => Promise<void> {
  let done: Promise<void> | null = null;
  return () => {
    done ??= (driver.settle?.(context) ?? Promise.resolve()).catch((error: unknown) => {
      done = null;
      throw error;
    });
    return done;
  };
}
