/** Finds the members of a service with failover, and gives each primary's changes their turn. */
import type { InstanceId } from '../../../model/ids.ts';
import type { ServiceSpec } from '../../../model/stack-spec.ts';
import type { DriverContext } from '../../../ports/driver.ts';
import { type Place, placeOf } from '../place.ts';
import { portOf } from '../port.ts';
import { postgresSpec } from '../roles.ts';
import type { Secrets } from '../secrets.ts';
import { type Member, roleOf } from './member.ts';

export class Members {
  readonly #sharedDir: string;
  readonly #secrets: (service: ServiceSpec, stateDir: string) => Promise<Secrets>;
  readonly #places = new Map<string, Place>();
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(
    sharedDir: string,
    secrets: (service: ServiceSpec, stateDir: string) => Promise<Secrets>,
  ) {
    this.#sharedDir = sharedDir;
    this.#secrets = secrets;
  }

  async of(context: DriverContext): Promise<Member> {
    const { service, instance, stateDir, progress, signal } = context;
    const { order, primaryPort } = roleOf(context);
    const { superuser: user } = postgresSpec(service);
    const secrets = await this.#secrets(service, stateDir);
    const common = { database: 'postgres', unwaited: true };
    const target = { port: portOf(context), user, password: secrets.superuser, ...common };
    const place = await this.#placeOf(context);
    return { service, instance, place, target, secrets, order, primaryPort, progress, signal };
  }

  /** Of the order. */
  async primaryOf(context: DriverContext): Promise<Member> {
    const { order, primaryPort } = roleOf(context);
    const { primary: instance } = order;
    if (instance === context.instance) return this.of(context);
    const role = { order: { ...order, role: 'primary' as const }, primaryPort };
    return this.of({ ...context, instance, port: primaryPort, role });
  }

  /** Before each start: the user may have moved it. */
  async findPlace(context: DriverContext): Promise<Place> {
    const place = await placeOf(context, this.#sharedDir);
    this.#places.set(keyOf(context), place);
    return place;
  }

  placeOf(context: DriverContext, instance: InstanceId): Promise<Place> {
    return this.#placeOf({ ...context, instance });
  }

  /** Two that change the settings of one server at once would undo each other's. */
  inTurn<T>({ place }: Member, work: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(place.data) ?? Promise.resolve();
    const turn = before.then(work, work);
    this.#turns.set(place.data, turn);
    // Whoever asked for this turn gets its error; the next one starts all the same.
    turn.catch(() => undefined);
    return turn;
  }

  async #placeOf(context: DriverContext): Promise<Place> {
    return this.#places.get(keyOf(context)) ?? this.findPlace(context);
  }
}

function keyOf({ stateDir, instance }: DriverContext): string {
  return `${stateDir}\n${instance}`;
}
