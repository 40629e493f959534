/**
 * What an instance has been told last: the epoch and its primary (F6). The file lies beside the
 * data, so that a copy of another instance's data doesn't bring that one's along, and is kept
 * before anything is done by the order.
 */
import { readFile } from 'node:fs/promises';
import { DarumaError } from '../../../model/errors.ts';
import type { RoleOrder } from '../../../model/group.ts';
import type { InstanceId } from '../../../model/ids.ts';
import { replaceFile } from '../../durable-file.ts';

export interface SeenOrder {
  readonly epoch: number;
  readonly primary: InstanceId;
}

export async function readSeen(file: string): Promise<SeenOrder | null> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw new Error(`${file} can't be read`, { cause: error });
  }
}

/** Rejects an order that is older than one seen before, or names another primary of its epoch. */
export function refuseOlder(instance: InstanceId, seen: SeenOrder | null, order: RoleOrder): void {
  if (seen === null || order.epoch > seen.epoch) return;
  if (order.epoch === seen.epoch && order.primary === seen.primary) return;
  const text =
    `F6: ${instance} has seen epoch ${seen.epoch} of ${seen.primary}; ` +
    `an order of epoch ${order.epoch} of ${order.primary} comes too late`;
  throw new DarumaError('REFUSED', text);
}

/** Refuses as `refuseOlder`, and keeps the order; what was seen before. */
export async function takeOrder(
  file: string,
  instance: InstanceId,
  order: RoleOrder,
): Promise<SeenOrder | null> {
  const seen = await readSeen(file);
  refuseOlder(instance, seen, order);
  const { epoch, primary } = order;
  if (seen?.epoch !== epoch) await replaceFile(file, JSON.stringify({ epoch, primary }));
  return seen;
}
