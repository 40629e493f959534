/**
 * The durable mark in a data directory that keeps a server from writing (F2): `standby.signal`,
 * which PostgreSQL itself obeys, also when somebody starts it by hand.
 *
 * A primary keeps an empty file in reserve, which becomes the mark by a rename: that takes no space
 * of a disk that is full.
 */
import { open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { syncDirectory } from '../../durable-file.ts';
import type { Account } from '../../run-command.ts';

const signal = 'standby.signal';
const reserve = 'daruma.fence';
/** Recover to the end of the log, then begin a timeline of its own. */
const recovery = 'recovery.signal';

export async function isMarked(data: string): Promise<boolean> {
  return exists(join(data, signal));
}

/** Resolves when the mark is on disk. */
export async function layMark(data: string, account: Account | null): Promise<void> {
  if (!(await isMarked(data))) {
    await rename(join(data, reserve), join(data, signal)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      return makeEmpty(join(data, signal), account);
    });
  }
  await rm(join(data, recovery), { force: true });
  await syncDirectory(data);
}

/** `newTimeline`: what it was before was not a primary, or not of this epoch. */
export async function liftMark(
  data: string,
  account: Account | null,
  newTimeline: boolean,
): Promise<void> {
  // First, so that there is no moment without either of them.
  if (newTimeline) await makeEmpty(join(data, recovery), account);
  if (await isMarked(data)) await rename(join(data, signal), join(data, reserve));
  else await keepReserve(data, account);
  await syncDirectory(data);
}

/** A promotion removes the mark: the next one is kept ready. */
export async function keepReserve(data: string, account: Account | null): Promise<void> {
  if (!(await exists(join(data, reserve)))) await makeEmpty(join(data, reserve), account);
}

async function makeEmpty(path: string, account: Account | null): Promise<void> {
  await using file = await open(path, 'a', 0o600);
  if (account !== null) await file.chown(account.uid, account.gid);
  await file.sync();
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
}
