/** One instance of a service with failover, with all that the steps need to know of it. */
import { DarumaError } from '../../../model/errors.ts';
import type { RoleOrder } from '../../../model/group.ts';
import type { InstanceId } from '../../../model/ids.ts';
import type { ServiceSpec } from '../../../model/stack-spec.ts';
import type { DriverContext } from '../../../ports/driver.ts';
import { replaceFile } from '../../durable-file.ts';
import type { Target } from '../connection.ts';
import type { Place } from '../place.ts';
import { archiving } from '../recovery/archiving.ts';
import { postgresSpec } from '../roles.ts';
import type { Secrets } from '../secrets.ts';
import { configText } from '../settings.ts';
import { slotName, standbyName } from './names.ts';
import { changeable, primarySettings, type Settings, standbySettings } from './role-settings.ts';

/** As whom standbys connect to their primary. */
export const replicationUser = 'daruma_replication';

export interface Member {
  readonly service: ServiceSpec;
  readonly instance: InstanceId;
  readonly place: Place;
  /** The superuser at this instance; commits don't wait. */
  readonly target: Target;
  readonly secrets: Secrets;
  readonly order: RoleOrder;
  /** Of the primary that the order names, where that is another one. */
  readonly primaryPort: number | null;
  readonly progress: (text: string) => void;
  /** What is made ready for its start is not wanted any more. */
  readonly signal: AbortSignal | undefined;
}

export function roleOf({ service, role }: DriverContext): NonNullable<DriverContext['role']> {
  if (role !== undefined) return role;
  throw new DarumaError('INTERNAL', `${service.name} has failover, but no role was given`);
}

/** The superuser at the primary that the order names. */
export function primaryTarget(member: Member): Target {
  const { instance, order, target, primaryPort } = member;
  if (order.primary === instance) return target;
  if (primaryPort !== null) return { ...target, port: primaryPort };
  throw new DarumaError('START_FAILED', `where ${order.primary} is reached is not known yet`);
}

/** `names`: of the standbys that it waits for. */
export async function configurePrimary(
  member: Pick<Member, 'service' | 'instance' | 'place' | 'order'>,
  names: readonly string[],
  more: Settings = {},
): Promise<void> {
  const { service, order } = member;
  await configure(member, { ...primarySettings(service, order, names), ...more });
}

export async function configureStandby(member: Member, more: Settings = {}): Promise<void> {
  const { service, instance, order, secrets } = member;
  const settings = standbySettings(service, order, {
    port: primaryTarget(member).port,
    user: replicationUser,
    password: secrets.users[replicationUser] ?? '',
    name: standbyName(instance, order.epoch),
    slot: slotName(instance),
  });
  await configure(member, { ...settings, ...more });
}

async function configure(
  { service, instance, place }: Pick<Member, 'service' | 'instance' | 'place'>,
  fixed: Settings,
): Promise<void> {
  const { settings } = postgresSpec(service);
  const all = { ...fixed, ...(await archiving(service, place)) };
  const text = configText(place.data, instance, settings, { changeable, fixed: all });
  await replaceFile(place.config, text, place.account);
}
