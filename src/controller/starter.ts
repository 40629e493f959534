/** Starts and ends processes of instances, for whoever has the turn at an instance. */
import { DarumaError } from '../model/errors.ts';
import type { RoleOrder } from '../model/group.ts';
import type { InstanceId } from '../model/ids.ts';
import type { ServiceSpec } from '../model/stack-spec.ts';
import type { Driver, DriverContext, Launch, ProcessDriver } from '../ports/driver.ts';
import { faultPoint } from '../ports/fault-point.ts';
import type { PreparedLaunch, Processes, RunningInstance } from '../ports/processes.ts';
import type { InstanceContexts } from './instance-context.ts';
import type { RoleBook } from './role-book.ts';
import type { Watcher } from './watcher.ts';

export interface StarterOptions {
  readonly processes: Processes;
  readonly drivers: Readonly<Record<string, Driver>>;
  readonly contexts: InstanceContexts;
  readonly roles: RoleBook;
  readonly watcher: Watcher;
}

export interface Prepared {
  readonly launch: PreparedLaunch;
  readonly context: DriverContext;
}

export class Starter {
  readonly #options: StarterOptions;
  readonly #making = new Map<InstanceId, AbortController>();

  constructor(options: StarterOptions) {
    this.#options = options;
  }

  async prepare(
    service: ServiceSpec,
    instance: InstanceId,
    order: RoleOrder | undefined,
  ): Promise<Prepared> {
    const { drivers, processes } = this.#options;
    const driver = drivers[service.driver];
    if (driver?.kind !== 'process') throw new DarumaError('INTERNAL', 'not a process driver');
    const context = await this.#context(service, instance, order);
    // A driver may write over the data of a standby: nothing of an earlier run may use it.
    if (order !== undefined) await processes.stop(instance, { signal: 'SIGKILL', graceMs: 0 });
    const launch = await processes.prepare({
      ...(await this.#made(driver, context)),
      instance,
      port: context.port,
      limits: service.limits,
      logging: service.logging,
    });
    return { launch, context };
  }

  /** It is to be stopped: what is made ready for its start, such as a copy that may take hours, is
   * not wanted any more. */
  giveUp(instance: InstanceId): void {
    const why = new DarumaError('START_FAILED', `${instance} is not to be started any more`);
    this.#making.get(instance)?.abort(why);
  }

  async #made(driver: ProcessDriver, context: DriverContext): Promise<Launch> {
    const { instance } = context;
    const making = new AbortController();
    this.#making.set(instance, making);
    try {
      return await driver.launch({ ...context, signal: making.signal });
    } finally {
      if (this.#making.get(instance) === making) this.#making.delete(instance);
    }
  }

  /** It runs already: the command was given before. */
  async runsBy(service: ServiceSpec, instance: InstanceId, order: RoleOrder): Promise<void> {
    const { roles } = this.#options;
    roles.keep(instance, (await roles.context(service, instance, order)).role);
  }

  async go(service: ServiceSpec, { launch, context }: Prepared): Promise<RunningInstance> {
    faultPoint('start.prepared');
    const running = await launch.go();
    faultPoint('start.gone');
    const { roles, watcher } = this.#options;
    if (context.role !== undefined) roles.keep(context.instance, context.role);
    watcher.watch(service, running, context, { adopted: false });
    return running;
  }

  /** Ends the whole tree. `graceMs` 0: at once. */
  async end(service: ServiceSpec | null, instance: InstanceId, graceMs: number): Promise<void> {
    const signal = service?.stopSignal ?? 'SIGTERM';
    await this.#options.processes.stop(instance, { signal, graceMs });
    this.#options.roles.forget(instance);
  }

  async #context(
    service: ServiceSpec,
    instance: InstanceId,
    order: RoleOrder | undefined,
  ): Promise<DriverContext> {
    const { contexts, roles } = this.#options;
    if (order !== undefined) return roles.context(service, instance, order);
    return contexts.context(service, instance, await contexts.port(service, instance));
  }
}
