/** Files that are there whole or not at all, also after a power cut. */
import { randomBytes } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Account } from './run-command.ts';

/** Replaces the file; it is readable by its owner only, who is `account` (null: ourselves). */
export async function replaceFile(
  path: string,
  text: string,
  account: Account | null = null,
): Promise<void> {
  const fresh = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await using file = await open(fresh, 'wx', 0o600);
    await file.writeFile(text);
    if (account !== null) await file.chown(account.uid, account.gid);
    await file.sync();
    await rename(fresh, path);
  } catch (error) {
    await rm(fresh, { force: true });
    throw error;
  }
  await syncDirectory(dirname(path));
}

/** Makes the names in a directory durable. */
export async function syncDirectory(path: string): Promise<void> {
  const directory: FileHandle = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
