/** What each running instance of a service with failover was last told to be. */
import type { RoleOrder } from '../model/group.ts';
import type { InstanceId } from '../model/ids.ts';
import type { ServiceSpec } from '../model/stack-spec.ts';
import type { DriverContext } from '../ports/driver.ts';
import type { InstanceContexts } from './instance-context.ts';

export type GivenRole = NonNullable<DriverContext['role']>;

export class RoleBook {
  readonly #contexts: InstanceContexts;
  readonly #given = new Map<InstanceId, GivenRole>();

  constructor(contexts: InstanceContexts) {
    this.#contexts = contexts;
  }

  given(instance: InstanceId): GivenRole | undefined {
    return this.#given.get(instance);
  }

  keep(instance: InstanceId, role: GivenRole): void {
    this.#given.set(instance, role);
  }

  forget(instance: InstanceId): void {
    this.#given.delete(instance);
  }

  /** The context in which a driver carries the order out. */
  async context(
    service: ServiceSpec,
    instance: InstanceId,
    order: RoleOrder,
  ): Promise<DriverContext & { readonly role: GivenRole }> {
    const [port, primaryPort] = await Promise.all([
      this.#contexts.port(service, instance),
      this.#contexts.port(service, order.primary),
    ]);
    const role = { order, primaryPort };
    return { ...this.#contexts.context(service, instance, port, role), role };
  }

  /** The context of an instance as what it was last told to be. */
  asGiven(context: DriverContext): DriverContext {
    const role = this.#given.get(context.instance);
    return role === undefined ? context : { ...context, role };
  }
}
