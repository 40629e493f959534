/**
 * A copy of a running primary's data directory, by the low-level backup API over the local file
 * system: for binaries without `pg_basebackup`. The log comes by streaming, from the slot that was
 * reserved before.
 */
import { mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DarumaError } from '../../../model/errors.ts';
import { lastLines, runCommand } from '../../run-command.ts';
import { baseFiles, beginBackup, controlFile, endBackup, unlessGone } from '../base-files.ts';
import { type Target, withConnection } from '../connection.ts';
import type { Place } from '../place.ts';
import { controlBytes } from './control-file.ts';
import type { CopyProgress } from './progress.ts';

/** A copy may take long; a server that is gone ends it at once. */
const limitMs = 7 * 24 * 3_600_000;
const chunkBytes = 1024 * 1024;

/** Into `fresh`, a directory that is empty. */
export async function copyByFiles(
  from: Place,
  fresh: string,
  { account }: Place,
  primary: Target,
  major: number,
  progress: CopyProgress,
): Promise<void> {
  await withConnection(primary, limitMs, async (client) => {
    await beginBackup(client, major);
    const items = await baseFiles(from.data);
    progress.total(items.reduce((sum, { bytes }) => sum + bytes, 0));
    for (const { path, kind } of items) {
      if (kind === 'directory') await mkdir(join(fresh, path), { recursive: true, mode: 0o700 });
      else await copyFile(join(from.data, path), join(fresh, path), progress);
    }
    // Last, as `pg_basebackup` does it.
    await writeFile(join(fresh, controlFile), await controlBytes(from.data), { mode: 0o600 });
    const { label, map } = await endBackup(client, major);
    await writeFile(join(fresh, 'backup_label'), label, { mode: 0o600 });
    if (map !== '') await writeFile(join(fresh, 'tablespace_map'), map, { mode: 0o600 });
  });
  if (account !== null) await run(['chown', '-R', `${account.uid}:${account.gid}`, '--', fresh]);
}

/** Resolves when all of it is on disk. */
export async function syncTree(directory: string): Promise<void> {
  await run(['sync', '-f', '--', directory]);
}

async function copyFile(from: string, to: string, progress: CopyProgress): Promise<void> {
  const source = await unlessGone(open(from, 'r'));
  if (source === null) return;
  try {
    await using target = await open(to, 'wx', 0o600);
    const chunk = Buffer.allocUnsafe(chunkBytes);
    for (;;) {
      const { bytesRead } = await source.read(chunk, 0, chunkBytes, null);
      if (bytesRead === 0) return;
      let written = 0;
      while (written < bytesRead) {
        written += (await target.write(chunk, written, bytesRead - written)).bytesWritten;
      }
      progress.copied(bytesRead);
      progress.signal?.throwIfAborted();
    }
  } finally {
    await source.close();
  }
}

async function run(argv: readonly string[]): Promise<void> {
  const { code, stderr } = await runCommand(argv, { timeoutMs: limitMs, workingDir: '/' });
  if (code === 0) return;
  throw new DarumaError('START_FAILED', `${argv[0]} of the copy failed: ${lastLines(stderr)}`);
}
