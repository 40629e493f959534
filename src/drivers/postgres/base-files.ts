/**
 * Which files of a running server make a base copy, and the calls between which they are copied:
 * the low-level backup API. What is left out is what PostgreSQL's manual says («Making a Base
 * Backup Using the Low Level API»). `global/pg_control` is left to the caller: it comes last.
 */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from 'pg';
import { DarumaError } from '../../model/errors.ts';

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
const temporary = /^t\d+_\d+(_(fsm|vm|init))?(\.\d+)?$/;
export const controlFile = 'global/pg_control';

export interface BaseFile {
  /** Relative to the data. */
  readonly path: string;
  readonly kind: 'directory' | 'file';
  readonly bytes: number;
}

/** Directories before what is in them. */
export async function baseFiles(root: string, directory = ''): Promise<BaseFile[]> {
  const found: BaseFile[] = [];
  const reading = readdir(join(root, directory), { withFileTypes: true });
  // A database may be dropped meanwhile.
  const entries = (await (directory === '' ? reading : unlessGone(reading))) ?? [];
  const unlogged = unloggedIn(entries.map(({ name }) => name));
  for (const entry of entries) {
    const path = join(directory, entry.name);
    if (leftOut.test(entry.name) || path === controlFile) continue;
    if (temporary.test(entry.name) || unlogged(entry.name)) continue;
    if (directory === '' && leftOutAtTop.test(entry.name)) continue;
    // `pg_wal` may be a link.
    if (directory === '' && emptied.has(entry.name)) {
      found.push({ path, kind: 'directory', bytes: 0 });
      if (entry.name === 'pg_wal') {
        found.push({ path: join(path, 'archive_status'), kind: 'directory', bytes: 0 });
      }
    } else if (entry.isDirectory()) {
      found.push({ path, kind: 'directory', bytes: 0 }, ...(await baseFiles(root, path)));
    } else if (entry.isFile()) {
      found.push({ path, kind: 'file', bytes: await sizeOf(join(root, path)) });
    }
  }
  return found;
}

/** A table without log is empty after a recovery: only what it begins with is copied. */
function unloggedIn(names: readonly string[]): (name: string) => boolean {
  const tables = new Set(names.flatMap((name) => /^(\d+)_init$/.exec(name)?.[1] ?? []));
  return (name) => {
    const [, table, fork] = /^(\d+)(?:_(fsm|vm|init))?(?:\.\d+)?$/.exec(name) ?? [];
    return table !== undefined && fork !== 'init' && tables.has(table);
  };
}

/** Where the log begins that belongs to the copy. */
export async function beginBackup(client: Client, major: number): Promise<string> {
  const call = major < 15 ? 'pg_start_backup($1, true, false)' : 'pg_backup_start($1, true)';
  const { rows } = await client.query<{ lsn: string }>(`select ${call}::text as lsn`, ['daruma']);
  if (rows[0] !== undefined) return rows[0].lsn;
  throw new DarumaError('START_FAILED', 'PostgreSQL told no beginning of the copy');
}

export interface BackupEnd {
  readonly label: string;
  readonly map: string;
  readonly lsn: string;
}

export async function endBackup(client: Client, major: number): Promise<BackupEnd> {
  const call = major < 15 ? 'pg_stop_backup(false, false)' : 'pg_backup_stop(false)';
  const { rows } = await client.query<BackupEnd>(
    `select labelfile as label, spcmapfile as map, lsn::text as lsn from ${call}`,
  );
  if (rows[0] !== undefined) return rows[0];
  throw new DarumaError('START_FAILED', 'PostgreSQL told no end of the copy');
}

/** A running server may have removed it since it was listed. */
async function sizeOf(path: string): Promise<number> {
  return (await unlessGone(stat(path)))?.size ?? 0;
}

/** Null: it is not there, or no longer. */
export async function unlessGone<T>(looked: Promise<T>): Promise<T | null> {
  try {
    return await looked;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
