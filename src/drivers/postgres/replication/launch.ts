/** Makes the data of an instance ready for the role that it is to have. */
import { DarumaError } from '../../../model/errors.ts';
import type { DriverContext } from '../../../ports/driver.ts';
import type { Binaries } from '../binaries.ts';
import { hasCluster } from '../cluster.ts';
import type { Members } from './members.ts';
import { preparePrimary, refuseToBeginAnew } from './primary.ts';
import { refuseOtherReign } from './reign.ts';
import { refuseContradictions } from './role-settings.ts';
import { takeOrder } from './seen-order.ts';
import { prepareStandby } from './standby.ts';

/** The oldest that takes a new primary's address without a restart. */
const oldestMajor = 13;

export interface RoleLaunch {
  readonly context: DriverContext;
  readonly members: Members;
  readonly binaries: Binaries;
  /** The origin of the service's data as it is known; null: there is none yet. */
  readonly known: string | null;
  /** Makes a new cluster, or checks the one that is there. */
  readonly ensureCluster: () => Promise<void>;
}

/** Rejects with REFUSED when the order is older than one that the instance has seen. */
export async function launchInRole(work: RoleLaunch): Promise<void> {
  const { context, members, binaries, known } = work;
  refuseContradictions(context.service);
  if (binaries.major < oldestMajor) {
    const text = `failover needs PostgreSQL ${oldestMajor} or later, not ${binaries.major}`;
    throw new DarumaError('REQUIREMENT_UNMET', text);
  }
  const member = await members.of(context);
  const { instance, order, place } = member;
  if (order.primary === instance && order.epoch === 1) await refuseOtherReign(context, members);
  const seen = await takeOrder(place.seen, instance, order);
  if (order.primary !== instance) {
    const primaryPlace = await members.placeOf(context, order.primary);
    const hasData = await hasCluster(place, binaries);
    await prepareStandby({ member, binaries, primaryPlace, hasData });
    return;
  }
  if (!(await hasCluster(place, binaries))) refuseToBeginAnew(member, known);
  await work.ensureCluster();
  await preparePrimary(member, seen);
}
