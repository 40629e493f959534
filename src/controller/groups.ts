/** What the controller has for services of which one instance is primary. */
import type { GroupView, RoleOrder } from '../model/group.ts';
import type { InstanceId } from '../model/ids.ts';
import type { ServiceSpec } from '../model/stack-spec.ts';
import type { RoleBook } from './role-book.ts';
import { RoleWatch } from './role-watch.ts';
import { Roles, type RolesOptions } from './roles.ts';
import { Starter, type StarterOptions } from './starter.ts';

export interface GroupsOptions
  extends Omit<RolesOptions, 'book' | 'starter' | 'onChanged'>,
    Omit<StarterOptions, 'roles'> {
  readonly book: RoleBook;
  readonly services: () => Iterable<ServiceSpec>;
}

export class Groups {
  readonly starter: Starter;
  readonly roles: Roles;
  readonly watch: RoleWatch;
  readonly #book: RoleBook;

  constructor(options: GroupsOptions) {
    const { clock, book, processes, externals, observer, push, services } = options;
    this.#book = book;
    this.starter = new Starter({ ...options, roles: book });
    this.roles = new Roles({
      ...options,
      starter: this.starter,
      onChanged: (service) => this.watch.soon(service),
    });
    this.watch = new RoleWatch({
      clock,
      services,
      runOf: ({ driver }, instance) =>
        (driver === 'external' ? externals : processes).running(instance)?.startedAt ?? null,
      look: (service, instance) => this.roles.look(service, instance),
      push,
      add: (samples) => observer.add(samples),
    });
  }

  /** An instance that runs already is what its group's record says. */
  async adopt(
    service: ServiceSpec,
    instance: InstanceId,
    recorded: Recorded | undefined,
  ): Promise<void> {
    const order = orderBy(instance, recorded);
    if (order === null) return;
    this.#book.keep(instance, (await this.#book.context(service, instance, order)).role);
  }
}

type Recorded = Pick<GroupView, 'epoch' | 'primary' | 'eligible'>;

/** Null: nobody has been made primary yet. */
function orderBy(instance: InstanceId, recorded: Recorded | undefined): RoleOrder | null {
  if (recorded === undefined || recorded.primary === null) return null;
  const { epoch, primary, eligible } = recorded;
  return { role: instance === primary ? 'primary' : 'standby', epoch, primary, eligible };
}
