/** The mark in the data of an instance that is dead (F1, F2). */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DarumaError } from '../../../model/errors.ts';
import { textOf } from '../cluster.ts';
import { layMark } from './mark.ts';
import type { Member } from './member.ts';
import { readSeen, refuseOlder } from './seen-order.ts';

/** Resolves when the mark is on disk; at once when there is no data to keep from writing. Rejects
 * with STOP_FAILED when something still works in the data directory. */
export async function fence({ instance, order, place }: Member): Promise<void> {
  refuseOlder(instance, await readSeen(place.seen), order);
  if ((await textOf(join(place.data, 'PG_VERSION'))) === null) return;
  await layMark(place.data, place.account);
  // After the mark: nobody who comes later gets by it.
  const alive = await workingIn(place.data);
  if (alive.length === 0) return;
  const text = `F1: processes of ${instance} still work in ${place.data}: ${alive.join(', ')}`;
  throw new DarumaError('STOP_FAILED', text);
}

/** Processes of a server work in its data directory, whatever became of their parent. */
async function workingIn(data: string): Promise<number[]> {
  const { ino, dev } = await stat(data);
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = pids.map(async (pid) => {
    // It may have ended, or be another user's.
    const there = await stat(`/proc/${pid}/cwd`).catch(() => null);
    return there?.ino === ino && there.dev === dev ? [Number(pid)] : [];
  });
  return (await Promise.all(found)).flat();
}
