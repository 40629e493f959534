/**
 * Carries out what the engine wants of the roles in services with failover.
 *
 * 1. Every command but `release` ends in exactly one event (a survey in one for each instance),
 *    whatever goes wrong and however long a driver takes.
 * 2. A fence has the instance's turn among its starts and stops. It is done when no process of the
 *    tree is left and the driver's mark is durable (F1, F2).
 * 3. Other steps at one instance are carried out one after the other, but a start, stop or fence
 *    waits for none of them: their connections end with the process.
 */
import type { ErrorReport } from '../model/error-record.ts';
import { DarumaError, errorInfo } from '../model/errors.ts';
import type { Happening } from '../model/event.ts';
import type { RoleCommand, RoleOrder, RoleSeen, RoleStep } from '../model/group.ts';
import { type InstanceId, type ServiceName, serviceOf } from '../model/ids.ts';
import type { ServiceSpec } from '../model/stack-spec.ts';
import type { Clock } from '../ports/clock.ts';
import type { Driver, DriverContext, RoleDriver } from '../ports/driver.ts';
import type { Endpoints } from '../ports/endpoints.ts';
import { faultPoint } from '../ports/fault-point.ts';
import type { Observer } from '../ports/observer.ts';
import type { Processes } from '../ports/processes.ts';
import type { Externals } from './externals.ts';
import type { RoleBook } from './role-book.ts';
import type { Starter } from './starter.ts';

export interface RolesOptions {
  readonly clock: Clock;
  readonly host: string;
  readonly processes: Processes;
  readonly endpoints: Endpoints;
  readonly observer: Observer;
  readonly drivers: Readonly<Record<string, Driver>>;
  readonly externals: Externals;
  readonly book: RoleBook;
  readonly starter: Starter;
  readonly service: (name: ServiceName) => ServiceSpec | null;
  readonly push: (happening: Happening) => void;
  readonly onError: (report: ErrorReport) => void;
  /** Something was done to the roles of a service. */
  readonly onChanged: (service: ServiceSpec) => void;
}

type Of<K extends RoleCommand['kind']> = Extract<RoleCommand, { readonly kind: K }>;
type Step = Of<'role'>;
/** Gives the work the instance's turn among its starts and stops. */
type Alone = (instance: InstanceId, work: () => Promise<void>) => void;

/** What a step may take. A fence has in addition the grace period, if it is orderly. */
const limitsMs: Readonly<Record<RoleStep, number>> = {
  fence: 30_000,
  promote: 30_000,
  follow: 15_000,
  'set-eligible': 5_000,
  admit: 30_000,
};
const lookMs = 1_000;
/** How much later than its limit a driver that doesn't keep it is given up. */
const guardMs = 1_000;
/** An instance that has just started is told its role again and again for so long. */
const tellLimitMs = 60_000;
const tellAgainMs = 100;

export class Roles {
  readonly #options: RolesOptions;
  readonly #turns = new Map<InstanceId, Promise<void>>();

  constructor(options: RolesOptions) {
    this.#options = options;
  }

  run(command: RoleCommand, alone: Alone): void {
    if (command.kind === 'role') this.#role(command, alone);
    else if (command.kind === 'survey') {
      for (const instance of command.instances) void this.#survey(command, instance);
    } else if (command.kind === 'quiesce') void this.#quiesce(command);
    else void this.#release(command.service);
  }

  /** It runs by this order now: what it must be told besides its environment. */
  started(service: ServiceSpec, instance: InstanceId): void {
    const { book, onChanged } = this.#options;
    const role = book.given(instance);
    if (role === undefined) return;
    onChanged(service);
    if (isToldAtStart(service, role.order)) void this.#tell(service, instance, role.order);
    if (role.order.role === 'primary') this.#primaryIsAt(service, instance);
  }

  /** What was primary is made a standby before it runs again. That a primary is one is a step of
   * its own, when it is ready. */
  async beforeExternal(
    service: ServiceSpec,
    instance: InstanceId,
    order: RoleOrder,
  ): Promise<void> {
    const { driver, context } = await this.#at(service, instance, order);
    if (order.role === 'standby') await driver.follow(context, limitsMs.follow);
    this.#options.book.keep(instance, context.role);
    this.#options.onChanged(service);
  }

  /** Rejects when it can't be seen. */
  async look(service: ServiceSpec, instance: InstanceId): Promise<RoleSeen> {
    const given = this.#options.book.given(instance);
    if (given === undefined) throw new DarumaError('NOT_FOUND', `${instance} has no role yet`);
    const { driver, context } = await this.#at(service, instance, given.order);
    return this.#within(lookMs + guardMs, driver.look(context, lookMs));
  }

  #role(command: Step, alone: Alone): void {
    const { step, instance } = command;
    const service = this.#serviceOf(instance);
    const inPlace = step === 'promote' && service !== null && !isTold(service);
    const work = () => this.#step(command, service, inPlace);
    if (step === 'fence' || inPlace) alone(instance, work);
    else if (step === 'admit') void work();
    else this.#inTurn(instance, work);
  }

  #inTurn(instance: InstanceId, work: () => Promise<void>): void {
    const before = this.#turns.get(instance);
    const tail = (before === undefined ? work() : before.then(work)).finally(() => {
      if (this.#turns.get(instance) === tail) this.#turns.delete(instance);
    });
    this.#turns.set(instance, tail);
  }

  async #step(command: Step, service: ServiceSpec | null, inPlace: boolean): Promise<void> {
    const { step, instance, action, order } = command;
    let error = null;
    try {
      if (service === null) throw new DarumaError('NOT_FOUND', `no service of ${instance}`);
      const graceMs = step === 'fence' && command.orderly ? service.stopGracePeriodMs : 0;
      const work = inPlace
        ? this.#startAs(service, instance, order)
        : this.#carryOut(service, command, graceMs);
      await this.#within(limitsMs[step] + graceMs + guardMs, work);
    } catch (thrown) {
      error = errorInfo(thrown);
      this.#report(instance, error.code, `${step}: ${error.message}`);
    }
    this.#options.push({
      ...{ kind: 'role-done', step, instance, action },
      ...{ epoch: order.epoch, error },
    });
    if (service !== null) this.#options.onChanged(service);
  }

  async #carryOut(service: ServiceSpec, command: Step, graceMs: number): Promise<void> {
    const { step, instance, order } = command;
    const { book } = this.#options;
    const { driver, context } = await this.#at(service, instance, order);
    const limitMs = limitsMs[step];
    if (step === 'fence') await this.#fence(service, driver, context, graceMs);
    else if (step === 'promote') {
      faultPoint('promote.before');
      await driver.promote(context, limitMs);
      faultPoint('promote.after');
    } else if (step === 'follow') {
      await driver.follow(context, limitMs);
      faultPoint('follow.after');
    } else if (step === 'set-eligible') {
      await driver.setEligible(context, limitMs);
      faultPoint('set-eligible.after');
    } else {
      await driver.admit(context, limitMs);
      faultPoint('admit.after');
    }
    if (step !== 'fence' && step !== 'admit') book.keep(instance, context.role);
  }

  async #fence(
    service: ServiceSpec,
    driver: RoleDriver,
    context: DriverContext,
    graceMs: number,
  ): Promise<void> {
    const { observer, externals, starter } = this.#options;
    const { instance } = context;
    faultPoint('fence.begun');
    if (service.driver === 'external') {
      await externals.fence(instance, () => driver.fence(context));
    } else {
      observer.unwatch(instance);
      await starter.end(service, instance, graceMs);
      faultPoint('fence.after-stop');
      await driver.fence(context);
    }
    faultPoint('fence.after-mark');
  }

  /** What knows its role by its environment alone is started anew. */
  async #startAs(service: ServiceSpec, instance: InstanceId, order: RoleOrder): Promise<void> {
    const { observer, processes, starter, push } = this.#options;
    faultPoint('promote.before-start');
    if (processes.running(instance) !== null) {
      const { driver, context } = await this.#at(service, instance, order);
      const { role, epoch } = await driver.look(context, lookMs);
      if (role === 'primary' && epoch === order.epoch) return;
    }
    observer.unwatch(instance);
    try {
      await starter.end(service, instance, service.stopGracePeriodMs);
      const prepared = await starter.prepare(service, instance, order);
      const running = await starter.go(service, prepared);
      push({ kind: 'found', ...running, running: true, exit: null });
    } catch (error) {
      if (processes.running(instance) === null) {
        const lastLines = [errorInfo(error).message];
        const exit = { code: null, signal: null, known: false, oom: false, lastLines };
        push({ kind: 'exited', instance, exit });
      }
      throw error;
    }
    faultPoint('promote.after-start');
  }

  async #survey(command: Of<'survey'>, instance: InstanceId): Promise<void> {
    const { action, epoch, timeoutMs } = command;
    const told = { kind: 'position' as const, instance, action, epoch };
    try {
      const service = this.#serviceOf(instance);
      const given = this.#options.book.given(instance);
      if (service === null || given === undefined) {
        throw new DarumaError('NOT_FOUND', `${instance} does not run`);
      }
      const { driver, context } = await this.#at(service, instance, given.order);
      const position = await this.#within(timeoutMs, driver.position(context, timeoutMs));
      faultPoint('survey.after');
      this.#options.push({ ...told, position, error: null });
    } catch (error) {
      this.#options.push({ ...told, position: null, error: errorInfo(error) });
    }
  }

  async #quiesce({ service, action, limitMs }: Of<'quiesce'>): Promise<void> {
    // Whoever can't say that all have ended says that one hasn't.
    let busy = 1;
    try {
      const hasEndpoint = this.#options.service(service)?.endpoint != null;
      const ended = hasEndpoint ? this.#options.endpoints.quiesce(service, limitMs) : 0;
      busy = await this.#within(limitMs + guardMs, Promise.resolve(ended));
      faultPoint('quiesce.after');
    } catch (error) {
      const { code, message } = errorInfo(error);
      this.#report(null, code, `connections of ${service}: ${message}`);
    }
    this.#options.push({ kind: 'quiesced', service, action, busy });
  }

  async #release(service: ServiceName): Promise<void> {
    try {
      await this.#options.endpoints.release(service);
    } catch (error) {
      const { code, message } = errorInfo(error);
      this.#report(null, code, `connections of ${service}: ${message}`);
    }
  }

  /** Until it has heard it, or is not what it was any more. */
  async #tell(service: ServiceSpec, instance: InstanceId, order: RoleOrder): Promise<void> {
    const { clock, book } = this.#options;
    const endsAt = clock.now() + tellLimitMs;
    const same = () => book.given(instance)?.order === order;
    let last: unknown = null;
    while (same() && clock.now() < endsAt) {
      try {
        const { driver, context } = await this.#at(service, instance, order);
        const limitMs = limitsMs.follow;
        await (order.role === 'primary'
          ? driver.promote(context, limitMs)
          : driver.follow(context, limitMs));
        return;
      } catch (error) {
        last = error;
      }
      await new Promise<void>((resolve) => clock.after(tellAgainMs, resolve));
    }
    if (!same() || last === null) return;
    const { code, message } = errorInfo(last);
    this.#report(instance, code, `told to be ${order.role}: ${message}`);
  }

  /** A primary may be back at another port than its standbys know. */
  #primaryIsAt(service: ServiceSpec, primary: InstanceId): void {
    const { book, processes } = this.#options;
    const port = processes.running(primary)?.port ?? null;
    for (let number = 1; number <= service.replicas; number += 1) {
      const instance: InstanceId = `${service.name}/${number}`;
      const given = book.given(instance);
      if (given?.order.primary !== primary || instance === primary) continue;
      if (given.primaryPort === port || port === null) continue;
      this.#inTurn(instance, () => this.#followAgain(service, instance, given.order));
    }
  }

  async #followAgain(service: ServiceSpec, instance: InstanceId, order: RoleOrder): Promise<void> {
    try {
      const { driver, context } = await this.#at(service, instance, order);
      await this.#within(limitsMs.follow + guardMs, driver.follow(context, limitsMs.follow));
      this.#options.book.keep(instance, context.role);
    } catch (error) {
      const { code, message } = errorInfo(error);
      this.#report(instance, code, `follow: ${message}`);
    }
  }

  async #at(service: ServiceSpec, instance: InstanceId, order: RoleOrder) {
    const driver = this.#options.drivers[service.driver]?.roles;
    if (driver === undefined) {
      throw new DarumaError('INTERNAL', `driver ${service.driver} knows no roles`);
    }
    return { driver, context: await this.#options.book.context(service, instance, order) };
  }

  async #within<T>(limitMs: number, work: Promise<T>): Promise<T> {
    const { promise, reject } = Promise.withResolvers<never>();
    const cancel = this.#options.clock.after(limitMs, () => {
      reject(new DarumaError('TIMED_OUT', `not done within ${limitMs / 1000} s`));
    });
    try {
      return await Promise.race([work, promise]);
    } finally {
      cancel();
    }
  }

  #serviceOf(instance: InstanceId): ServiceSpec | null {
    const name = serviceOf(instance);
    return name === null ? null : this.#options.service(name);
  }

  #report(instance: InstanceId | null, code: string, message: string): void {
    const { clock, host, onError } = this.#options;
    const service = instance === null ? null : serviceOf(instance);
    onError({
      ...{ at: clock.now(), code, message, source: 'action' },
      origin: { service, instance, host },
    });
  }
}

/** A running instance can be told that it is primary. */
function isTold({ driver, failover }: ServiceSpec): boolean {
  return driver !== 'process' || failover?.become !== undefined;
}

function isToldAtStart({ driver, failover }: ServiceSpec, { role }: RoleOrder): boolean {
  if (driver !== 'process' || failover === undefined) return false;
  if (role === 'primary') return failover.become !== undefined;
  return failover.standby === 'warm' && failover.cease !== undefined;
}
