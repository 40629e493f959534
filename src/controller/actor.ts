/**
 * Carries commands out and reports back as happenings.
 *
 * 1. Every `start`, `stop` and `run` ends in exactly one happening, whatever goes wrong.
 * 2. A launch is prepared (gated) as soon as it is foreseen and let go only by its command, so the
 *    commit and the launcher's own start overlap.
 * 3. Commands of one instance are carried out one after the other.
 * 4. While something is started, the endpoint is told a little later where to lead (without
 *    failover): whoever is started gets the processor. It is told before it is asked anything.
 */
import { setImmediate as turnOver } from 'node:timers/promises';
import type { Command } from '../model/command.ts';
import type { ErrorReport } from '../model/error-record.ts';
import { DarumaError, errorInfo, errorTable } from '../model/errors.ts';
import type { Happening } from '../model/event.ts';
import type { ActionId, InstanceId, ServiceName } from '../model/ids.ts';
import { serviceOf } from '../model/ids.ts';
import type { ServiceSpec } from '../model/stack-spec.ts';
import type { Clock } from '../ports/clock.ts';
import type { Endpoints } from '../ports/endpoints.ts';
import { faultPoint } from '../ports/fault-point.ts';
import type { Notifier } from '../ports/notifier.ts';
import type { Observer } from '../ports/observer.ts';
import type { Processes } from '../ports/processes.ts';
import { ReignLost } from '../ports/reign-lost.ts';
import type { Externals } from './externals.ts';
import type { InstanceContexts } from './instance-context.ts';
import type { Roles } from './roles.ts';
import { runCommand } from './run-command.ts';
import type { Prepared, Starter } from './starter.ts';
import type { Watcher } from './watcher.ts';

export interface ActorOptions {
  readonly clock: Clock;
  readonly processes: Processes;
  readonly endpoints: Endpoints;
  readonly observer: Observer;
  readonly notifier: Notifier;
  readonly starter: Starter;
  readonly contexts: InstanceContexts;
  readonly watcher: Watcher;
  readonly externals: Externals;
  readonly service: (name: ServiceName) => ServiceSpec | null;
  readonly push: (happening: Happening) => void;
  readonly roles: Roles;
  readonly restore: (command: Of<'restore'>) => void;
  /** Rejects when what must come before an action that destroys did not. */
  readonly beforeDestructive: (service: ServiceName) => Promise<void>;
  readonly reply: (command: Extract<Command, { kind: 'reply' }>) => void;
  readonly onError: (report: ErrorReport) => void;
  readonly host: string;
}

type Of<K extends Command['kind']> = Extract<Command, { readonly kind: K }>;

/** Longer than a launcher takes to become the program. */
const routeDelayMs = 3;

export class Actor {
  readonly #options: ActorOptions;
  readonly #prepared = new Map<ActionId, Promise<Prepared>>();
  /** The tail of each instance's queue. */
  readonly #queues = new Map<InstanceId, Promise<void>>();
  /** The endpoint is yet to be told them. */
  readonly #untold = new Map<ServiceName, Of<'route'>>();

  constructor(options: ActorOptions) {
    this.#options = options;
  }

  foresee(command: Command): void {
    if (command.kind !== 'start' || this.#queues.has(command.instance)) return;
    const service = this.#serviceOf(command.instance);
    // With a role more is made ready than a process: that waits for the record (F2).
    if (service === null || service.driver === 'external' || command.order !== undefined) return;
    const prepared = this.#options.starter.prepare(service, command.instance, undefined);
    // Whoever runs the command awaits it and sees the error; until then it isn't unhandled.
    prepared.catch(() => undefined);
    this.#prepared.set(command.action, prepared);
  }

  run(command: Command): void {
    faultPoint('command.before');
    const { observer, notifier, reply, starter } = this.#options;
    if (endsInstance(command)) starter.giveUp(command.instance);
    if (command.kind === 'start') this.#enqueue(command.instance, () => this.#start(command));
    else if (command.kind === 'stop') this.#enqueue(command.instance, () => this.#stop(command));
    else if (command.kind === 'confirm') observer.confirm(command.instances, command.timeoutMs);
    else if (command.kind === 'route') this.#route(command);
    else if (command.kind === 'run') void this.#run(command);
    else if (command.kind === 'notify') notifier.notify(command);
    else if (command.kind === 'reply') reply(command);
    else if (command.kind === 'restore') this.#options.restore(command);
    else this.#options.roles.run(command, (instance, work) => this.#enqueue(instance, work));
  }

  /** Resolves when all starts and stops of this moment were carried out. */
  async idle(): Promise<void> {
    await Promise.all(this.#queues.values());
  }

  #enqueue(instance: InstanceId, work: () => Promise<void>): void {
    const before = this.#queues.get(instance);
    const tail = (before === undefined ? work() : before.then(work)).finally(() => {
      if (this.#queues.get(instance) === tail) this.#queues.delete(instance);
    });
    this.#queues.set(instance, tail);
  }

  async #start(command: Of<'start'>): Promise<void> {
    const { instance, action } = command;
    const service = this.#serviceOf(instance);
    try {
      if (service === null) throw new DarumaError('NOT_FOUND', `no service of ${instance}`);
      if (service.driver === 'external') await this.#startExternal(service, command);
      else await this.#startProcess(service, command);
    } catch (error) {
      // What an order has started is not to run beside a start that failed.
      this.#options.processes.withdrawOrder(instance);
      const info = errorInfo(error);
      this.#report(instance, info.code, info.message);
      const retryable =
        error instanceof DarumaError ? errorTable[error.code].retryable && !isFinal(error) : true;
      const reign = error instanceof ReignLost ? { reign: error.reign } : {};
      const failed = { instance, action, error: info, retryable, ...reign };
      this.#options.push({ kind: 'start-failed', ...failed });
    }
  }

  async #startProcess(
    service: ServiceSpec,
    { instance, action, order }: Of<'start'>,
  ): Promise<void> {
    const { starter, roles, push } = this.#options;
    const already = this.#options.processes.running(instance);
    if (already !== null) {
      await this.#abort(action);
      if (order !== undefined) await starter.runsBy(service, instance, order);
      push({ ...already, kind: 'started', action });
      return;
    }
    const prepared = await (this.#prepared.get(action) ??
      starter.prepare(service, instance, order));
    this.#prepared.delete(action);
    const { pid, port } = await starter.go(service, prepared);
    push({ kind: 'started', instance, action, pid, port });
    roles.started(service, instance);
  }

  async #startExternal(
    service: ServiceSpec,
    { instance, action, order }: Of<'start'>,
  ): Promise<void> {
    const { externals, roles, push } = this.#options;
    if (order !== undefined) await roles.beforeExternal(service, instance, order);
    const { pid, port } = await externals.start(instance);
    push({ kind: 'started', instance, action, pid, port });
  }

  async #abort(action: ActionId): Promise<void> {
    const prepared = this.#prepared.get(action);
    this.#prepared.delete(action);
    if (prepared !== undefined) (await prepared).launch.abort();
  }

  async #stop({ instance, action, hurry }: Of<'stop'>): Promise<void> {
    const service = this.#serviceOf(instance);
    this.#options.observer.unwatch(instance);
    try {
      if (service?.driver === 'external') await this.#options.externals.stop(instance);
      else await this.#stopProcess(service, instance, hurry);
      this.#options.push({ kind: 'stopped', instance, action });
    } catch (error) {
      const info = errorInfo(error);
      this.#report(instance, info.code, info.message);
      this.#options.push({ kind: 'stop-failed', instance, action, error: info });
      if (service !== null) await this.#watchAgain(service, instance);
    }
  }

  /** It could not be ended: what goes on running is watched. */
  async #watchAgain(service: ServiceSpec, instance: InstanceId): Promise<void> {
    const { processes, contexts, watcher } = this.#options;
    const running = processes.running(instance);
    if (service.driver === 'external' || running === null) return;
    const context = contexts.context(service, instance, running.port);
    watcher.watch(service, running, context, { adopted: true });
  }

  async #stopProcess(
    service: ServiceSpec | null,
    instance: InstanceId,
    hurry: boolean,
  ): Promise<void> {
    if (!hurry && service?.endpoint) {
      // The route away from it comes with this command.
      await turnOver();
      this.#tellRoutes();
      await this.#options.endpoints.drained(service.name, instance);
    }
    faultPoint('stop.drained');
    const graceMs = hurry ? 0 : (service?.stopGracePeriodMs ?? 10_000);
    await this.#options.starter.end(service, instance, graceMs);
    faultPoint('stop.stopped');
  }

  #route(command: Of<'route'>): void {
    this.#untold.set(command.service, command);
    if (command.group !== undefined || this.#queues.size === 0) this.#tellRoutes();
    else this.#options.clock.after(routeDelayMs, () => this.#tellRoutes());
  }

  #tellRoutes(): void {
    const routes = [...this.#untold.values()];
    this.#untold.clear();
    for (const route of routes) this.#tellRoute(route);
  }

  #tellRoute({ service, targets, group }: Of<'route'>): void {
    this.#options.endpoints.route(service, targets, group).catch((error: unknown) => {
      const info = errorInfo(error);
      this.#report(null, info.code, `routes of ${service}: ${info.message}`);
    });
  }

  async #run({ action, service, instance, name, command, timeoutMs }: Of<'run'>): Promise<void> {
    const spec = this.#options.service(service);
    let error = null;
    try {
      const known = spec?.actions.find((one) => one.name === name);
      if (known?.destructive === true) await this.#options.beforeDestructive(service);
      if (spec === null) throw new DarumaError('NOT_FOUND', `no service ${service}`);
      const target = instance ?? (`${service}/1` as const);
      const port = await this.#options.contexts.port(spec, target);
      const context = this.#options.contexts.context(spec, target, port);
      await runCommand({
        argv: command.argv.map(context.expand),
        environment: { ...context.environment, DARUMA_TARGET: instance ?? service },
        workingDir: spec.workingDir,
        timeoutMs,
      });
    } catch (thrown) {
      error = errorInfo(thrown);
      this.#report(instance, error.code, `action ${name}: ${error.message}`);
    }
    this.#options.push({ kind: 'action-finished', action, ok: error === null, error });
  }

  #serviceOf(instance: InstanceId): ServiceSpec | null {
    const name = serviceOf(instance);
    return name === null ? null : this.#options.service(name);
  }

  #report(instance: InstanceId | null, code: string, message: string): void {
    this.#options.onError({
      at: this.#options.clock.now(),
      code,
      message,
      origin: {
        service: instance === null ? null : serviceOf(instance),
        instance,
        host: this.#options.host,
      },
      source: 'action',
    });
  }
}

function endsInstance(command: Command): command is Of<'stop' | 'role'> {
  return command.kind === 'stop' || (command.kind === 'role' && command.step === 'fence');
}

/** Trying again can't help: the program, its directory or its user isn't there. */
function isFinal(error: DarumaError): boolean {
  const cause = error.cause;
  const code = cause instanceof Error && 'code' in cause ? cause.code : null;
  return error.code === 'USER_UNKNOWN' || code === 'ENOENT' || code === 'EACCES';
}
