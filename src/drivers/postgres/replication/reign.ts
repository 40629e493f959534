/**
 * What the data itself tells of who was primary, for a first order: the record of earlier reigns
 * may have been lost with the state directory. Data that was led under a later epoch, or by
 * another instance, is not led by a first order (F3, F6); a person may let it be taken over.
 */
import { DarumaError } from '../../../model/errors.ts';
import { type InstanceId, instanceId } from '../../../model/ids.ts';
import type { DriverContext } from '../../../ports/driver.ts';
import { ReignLost } from '../../../ports/reign-lost.ts';
import { textOf } from '../cluster.ts';
import { isMarked } from './mark.ts';
import type { Members } from './members.ts';
import { readSeen, type SeenOrder } from './seen-order.ts';

interface Found {
  readonly instance: InstanceId;
  /** Told last; null: what it was told is not known. */
  readonly seen: SeenOrder | null;
  /** It may not be primary: a standby, or one that was fenced. */
  readonly marked: boolean;
}

/** Rejects with `ReignLost` when the data tells of another primary than this first order names. */
export async function refuseOtherReign(context: DriverContext, members: Members): Promise<void> {
  const { instance, service } = context;
  const numbers = Array.from({ length: service.replicas }, (_, index) => index + 1);
  const all = numbers.map((number) => look(context, members, instanceId(service.name, number)));
  const last = lastReign((await Promise.all(all)).flatMap((found) => found ?? []));
  if (last === null) return;
  if (last.epoch === 1 && last.primary === instance) return;
  const text =
    `F6: by its data ${service.name} was led by ${last.primary} last, in epoch ${last.epoch}, of ` +
    'which nothing is recorded: was the state directory lost? Bring it back, or `daruma approve` ' +
    'goes on as the data says';
  throw new ReignLost(text, last);
}

async function look(
  context: DriverContext,
  members: Members,
  instance: InstanceId,
): Promise<Found | null> {
  const { data, seen } = await members.placeOf(context, instance);
  if ((await textOf(`${data}/PG_VERSION`)) === null) return null;
  return { instance, seen: await readSeen(seen), marked: await isMarked(data) };
}

/** The latest order that is known; else whoever has data without the mark of a standby. Null: there
 * is no data, or it tells nothing. Exported for its test. */
export function lastReign(all: readonly Found[]): SeenOrder | null {
  const orders = all.flatMap(({ seen }) => seen ?? []);
  const [latest] = orders.sort((a, b) => b.epoch - a.epoch);
  if (latest !== undefined) return latest;
  const open = all.filter(({ marked }) => !marked);
  const [only, second] = open;
  if (second !== undefined) {
    const names = open.map(({ instance }) => instance).join(', ');
    const text = `F3: ${names} have data of which none is a standby's; remove what is not wanted`;
    throw new DarumaError('REQUIREMENT_UNMET', text);
  }
  const led = only ?? all[0];
  if (led === undefined) return null;
  return { epoch: only === undefined ? 2 : 1, primary: led.instance };
}
