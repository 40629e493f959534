/**
 * A copy of a running primary's data directory, by the low-level backup API over the local file
 * system: for binaries without `pg_basebackup`. What it leaves out is what PostgreSQL's manual says
 * («Making a Base Backup Using the Low Level API»); the log comes by streaming, from the slot that
 * was reserved before.
 */
import { mkdir, open, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from 'pg';
import { DarumaError } from '../../../model/errors.ts';
import { lastLines, runCommand } from '../../run-command.ts';
import { type Target, withConnection } from '../connection.ts';
import type { Place } from '../place.ts';
import { controlBytes } from './control-file.ts';
import type { CopyProgress } from './progress.ts';

/** A copy may take long; a server that is gone ends it at once. */
const limitMs = 7 * 24 * 3_600_000;
const chunkBytes = 1024 * 1024;

/** Directories whose contents belong to a running server. */
const emptied = new Set([
  'pg_wal',
  'pg_replslot',
  'pg_dynshmem',
  'pg_notify',
  'pg_serial',
  'pg_snapshots',
  'pg_stat_tmp',
  'pg_subtrans',
]);
const leftOut = /^(postmaster\.(pid|opts)|pg_internal\.init.*|pgsql_tmp.*|backup_label.*)$/;
const leftOutAtTop =
  /^(tablespace_map.*|backup_manifest.*|current_logfiles.*|(standby|recovery)\.signal)$/;
const controlFile = 'global/pg_control';

interface Item {
  readonly path: string;
  readonly kind: 'directory' | 'file';
  readonly bytes: number;
}

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
    await begin(client, major);
    const items = await listed(from.data);
    progress.total(items.reduce((sum, { bytes }) => sum + bytes, 0));
    for (const { path, kind } of items) {
      if (kind === 'directory') await mkdir(join(fresh, path), { recursive: true, mode: 0o700 });
      else await copyFile(join(from.data, path), join(fresh, path), progress);
    }
    // Last, as `pg_basebackup` does it.
    await writeFile(join(fresh, controlFile), await controlBytes(from.data), { mode: 0o600 });
    const { label, map } = await end(client, major);
    await writeFile(join(fresh, 'backup_label'), label, { mode: 0o600 });
    if (map !== '') await writeFile(join(fresh, 'tablespace_map'), map, { mode: 0o600 });
  });
  if (account !== null) await run(['chown', '-R', `${account.uid}:${account.gid}`, '--', fresh]);
}

/** Resolves when all of it is on disk. */
export async function syncTree(directory: string): Promise<void> {
  await run(['sync', '-f', '--', directory]);
}

async function begin(client: Client, major: number): Promise<void> {
  const call = major < 15 ? 'pg_start_backup($1, true, false)' : 'pg_backup_start($1, true)';
  await client.query(`select ${call}`, ['daruma']);
}

async function end(client: Client, major: number): Promise<{ label: string; map: string }> {
  const call = major < 15 ? 'pg_stop_backup(false, false)' : 'pg_backup_stop(false)';
  const { rows } = await client.query<{ label: string; map: string }>(
    `select labelfile as label, spcmapfile as map from ${call}`,
  );
  if (rows[0] !== undefined) return rows[0];
  throw new DarumaError('START_FAILED', 'PostgreSQL told no end of the copy');
}

/** Directories before what is in them. */
async function listed(root: string, directory = ''): Promise<Item[]> {
  const found: Item[] = [];
  for (const entry of await readdir(join(root, directory), { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (leftOut.test(entry.name) || path === controlFile) continue;
    if (directory === '' && leftOutAtTop.test(entry.name)) continue;
    const bytes = entry.isFile() ? await sizeOf(join(root, path)) : 0;
    // `pg_wal` may be a link.
    if (directory === '' && emptied.has(entry.name)) {
      found.push({ path, kind: 'directory', bytes });
      if (entry.name === 'pg_wal') found.push({ ...emptyStatus(path), bytes });
    } else if (entry.isDirectory()) {
      found.push({ path, kind: 'directory', bytes }, ...(await listed(root, path)));
    } else if (entry.isFile()) found.push({ path, kind: 'file', bytes });
  }
  return found;
}

function emptyStatus(wal: string): Omit<Item, 'bytes'> {
  return { path: join(wal, 'archive_status'), kind: 'directory' };
}

/** A running server may have removed it since it was listed. */
async function sizeOf(path: string): Promise<number> {
  return (await unlessGone(stat(path)))?.size ?? 0;
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
    }
  } finally {
    await source.close();
  }
}

async function unlessGone<T>(looked: Promise<T>): Promise<T | null> {
  try {
    return await looked;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

async function run(argv: readonly string[]): Promise<void> {
  const { code, stderr } = await runCommand(argv, { timeoutMs: limitMs, workingDir: '/' });
  if (code === 0) return;
  throw new DarumaError('START_FAILED', `${argv[0]} of the copy failed: ${lastLines(stderr)}`);
}
