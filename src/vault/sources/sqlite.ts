/**
 * SQLite databases, each of one moment, while other processes write to them.
 *
 * 1. A read transaction is held while a database is copied by SQLite's online backup: in WAL mode
 *    writers go on, and what they write is not in the copy. Without WAL they wait meanwhile.
 * 2. The copy is one file (no `-wal` beside it) and has passed `PRAGMA integrity_check`.
 * 3. Two databases are not of the same moment.
 */
import { createReadStream } from 'node:fs';
import { mkdir, rm, stat } from 'node:fs/promises';
import { backup, DatabaseSync } from 'node:sqlite';
import { DarumaError, errorInfo } from '../../model/errors.ts';
import type { PointSourceSpec } from '../../model/recovery-point.ts';
import type { OpenSource, PointSource, SourceEntry } from '../../ports/vault.ts';
import type { SourceContext } from './context.ts';
import { type Root, rootsOf } from './roots.ts';

type SqliteSpec = Extract<PointSourceSpec, { readonly kind: 'sqlite' }>;

/** How long to wait for a writer that has the database to itself. */
const busyMs = 60_000;
/** At a time; in between an abort is noticed. 16 MiB with the usual pages. */
const pagesPerStep = 4_096;
const complaintsMax = 3;
const copiesDir = 'sqlite';

export function sqliteSource(spec: SqliteSpec, context: SourceContext): PointSource {
  return {
    kind: 'sqlite',
    incremental: false,
    open: async (signal) => openCopies(rootsOf(spec.files), context, signal),
  };
}

async function openCopies(
  roots: readonly Root[],
  context: SourceContext,
  signal: AbortSignal,
): Promise<OpenSource> {
  const at = context.now();
  const directory = `${context.scratchDir}/${copiesDir}`;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  return {
    entries: copies(roots, directory, signal),
    end: async () => {
      const versions = { sqlite: process.versions['sqlite'] ?? 'unknown' };
      return { entries: [], summary: { at, versions } };
    },
    abort: () => rm(directory, { recursive: true, force: true }),
  };
}

async function* copies(
  roots: readonly Root[],
  directory: string,
  signal: AbortSignal,
): AsyncGenerator<SourceEntry> {
  for (const root of roots) yield await databaseEntry(root, directory, signal);
}

/** A database as an entry of a copy, under its root's name. `directory`: where the bytes lie until
 * they are in the archive. Rejects with NOT_FOUND, DATA_DAMAGED. */
export async function databaseEntry(
  { name, path }: Root,
  directory: string,
  signal: AbortSignal,
): Promise<SourceEntry> {
  const copy = `${directory}/${name}`;
  await rm(copy, { force: true });
  const { mode, uid, gid, mtimeMs } = await stat(path).catch((cause: unknown) => {
    throw new DarumaError('NOT_FOUND', `there is no ${path}`, { cause });
  });
  await copyDatabase(path, copy, signal);
  const complaints = integrityComplaints(copy);
  if (complaints.length > 0) {
    throw new DarumaError('DATA_DAMAGED', `${path}: ${complaints.join('; ')}`);
  }
  const { size } = await stat(copy);
  return {
    ...{ path: name, type: 'file', bytes: size, mode: mode & 0o7777, uid, gid, mtimeMs },
    open: async () => createReadStream(copy),
  };
}

async function copyDatabase(path: string, copy: string, signal: AbortSignal): Promise<void> {
  const database = new DatabaseSync(path, { readOnly: true, timeout: busyMs });
  try {
    // The transaction begins with the first read.
    database.exec('BEGIN; SELECT count(*) FROM sqlite_schema');
    const progress = () => signal.throwIfAborted();
    await backup(database, copy, { rate: pagesPerStep, progress });
    signal.throwIfAborted();
  } catch (error) {
    if (signal.aborted) throw error;
    throw damaged(path, error);
  } finally {
    database.close();
  }
}

/** What a whole and undamaged database says nothing about. */
export function integrityComplaints(path: string): readonly string[] {
  let database: DatabaseSync | null = null;
  try {
    database = new DatabaseSync(path, { readOnly: true });
    const rows = database.prepare(`PRAGMA integrity_check(${complaintsMax})`).all();
    return rows.map((row) => String(row['integrity_check'])).filter((text) => text !== 'ok');
  } catch (error) {
    return [errorInfo(error).message];
  } finally {
    database?.close();
  }
}

/** SQLITE_CORRUPT, SQLITE_NOTADB. */
const damagedCodes = [11, 26];

function damaged(path: string, error: unknown): unknown {
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 0;
  const kind = damagedCodes.includes(code) ? 'DATA_DAMAGED' : 'ACTION_FAILED';
  return new DarumaError(kind, `${path} can't be copied`, { cause: error });
}
