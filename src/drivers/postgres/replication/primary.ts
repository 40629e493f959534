/** Makes an instance's data that of a primary, before its server is started. */
import { DarumaError } from '../../../model/errors.ts';
import type { Place } from '../place.ts';
import { readControl } from './control-file.ts';
import { isMarked, liftMark } from './mark.ts';
import { configurePrimary, type Member } from './member.ts';
import { clearSystemSettings, letStandbysIn } from './own-files.ts';
import { awaited, type Settings } from './role-settings.ts';
import type { SeenOrder } from './seen-order.ts';

/** Rejects with REQUIREMENT_UNMET when its data is gone: an empty database in its place would be
 * taken for the primary. `known`: the cluster that the service has. */
export function refuseToBeginAnew(member: Member, known: string | null): void {
  const { instance, order, place } = member;
  if (order.epoch === 1 && known === null) return;
  const text = `${place.data} holds no data any more; ${instance} can't be primary with nothing`;
  throw new DarumaError('REQUIREMENT_UNMET', text);
}

/** `seen`: the order that the instance had before this one. */
export async function preparePrimary(member: Member, seen: SeenOrder | null): Promise<void> {
  const { service, order, place, progress } = member;
  await letStandbysIn(place);
  await clearSystemSettings(place, progress);
  const newTimeline = await needsTimeline(place, order.epoch, seen);
  await liftMark(place.data, place.account, newTimeline);
  await configurePrimary(member, awaited(service, order), newTimeline ? { ...toTheEnd } : {});
}

/** Recovery that ends in a timeline of its own asks for log from an archive: there is none. */
const toTheEnd: Settings = { restore_command: 'false' };

/** What was a standby, or was fenced in an earlier epoch, begins a timeline of its own: on the old
 * one somebody else may have written on. */
async function needsTimeline(
  { data }: Place,
  epoch: number,
  seen: SeenOrder | null,
): Promise<boolean> {
  const control = await readControl(data);
  if (control?.inRecovery === true) return true;
  return (await isMarked(data)) && seen?.epoch !== epoch;
}
