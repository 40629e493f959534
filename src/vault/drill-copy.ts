/** A point of files (directories, SQLite, a dump, Daruma's own state) as the subject of a drill. */
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, rename, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { DarumaError } from '../model/errors.ts';
import type { PointSourceSpec } from '../model/recovery-point.ts';
import type { DrillSubject, RunningCopy } from './drill.ts';
import { makeDrillDirectory } from './drill-place.ts';
import { type BesideService, obstacle, startBeside } from './drill-service.ts';
import { countAttributed } from './sources/attributes.ts';
import { type Landing, landings } from './sources/replacement.ts';
import { integrityComplaints } from './sources/sqlite.ts';
import { verifyByCommand } from './sources/tied-job.ts';

export interface CopyOfFiles {
  readonly source: Exclude<PointSourceSpec, { readonly kind: 'postgres' }>;
  /** Wall-clock milliseconds: the moment of the point. */
  readonly at: number;
  /** The whole point into a new directory, every file checked. */
  readonly restoreInto: (directory: string, signal: AbortSignal) => Promise<void>;
  readonly beside: BesideService;
}

export function fileSubject(copy: CopyOfFiles): DrillSubject {
  let lacking: Promise<readonly string[]> = Promise.resolve([]);
  return {
    restorableUntil: copy.at,
    restore: async (directory, signal) => {
      lacking = lackingOf(copy.source, signal);
      await makeDrillDirectory(directory, landings(copy.source)[0]?.target ?? null);
      await copy.restoreInto(filesIn(directory), signal);
      // The directory around it is its owner's alone.
      await chmod(filesIn(directory), 0o755);
    },
    check: async (directory) => checkDatabases(databasesOf(copy.source, filesIn(directory))),
    start: async (directory, signal) => {
      const running = await start(copy, directory, signal);
      return { ...running, notes: [...running.notes, ...(await lacking)] };
    },
  };
}

/** What the real data have and no point has. */
async function lackingOf(
  source: CopyOfFiles['source'],
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (source.kind !== 'directory') return [];
  const count = (await countAttributed(source.paths, signal)) ?? 0;
  if (count === 0) return [];
  const whose = count === 1 ? '1 file has' : `${count} files have`;
  return [`${whose} extended attributes or ACLs, which points do not keep`];
}

function filesIn(directory: string): string {
  return join(directory, 'files');
}

function databasesOf(source: PointSourceSpec, files: string): readonly string[] {
  if (source.kind === 'state') return [join(files, 'state.db')];
  if (source.kind !== 'sqlite') return [];
  return landings(source).map(({ root }) => join(files, root));
}

function checkDatabases(databases: readonly string[]): void {
  for (const database of databases) {
    const complaints = integrityComplaints(database);
    if (complaints.length === 0) continue;
    throw new DarumaError('DATA_DAMAGED', `${database}: ${complaints.join('; ')}`);
  }
}

async function start(
  { source, beside }: CopyOfFiles,
  directory: string,
  signal: AbortSignal,
): Promise<RunningCopy> {
  const { dataDir = null } = beside.service;
  const laidOut = dataDir === null ? null : layOut(landings(source), dataDir, directory);
  for (const { from, to } of laidOut?.moves ?? []) {
    await makeParents(directory, dirname(to), dataDir ?? '');
    await rename(join(directory, from), join(directory, to));
  }
  const place = laidOut === null ? filesIn(directory) : join(directory, laidOut.dataDir);
  const why = whyNot(source) ?? obstacle(beside.service) ?? outside(laidOut, dataDir);
  const copy =
    why === null
      ? await startBeside(beside, directory, place, signal)
      : notStarted(beside, place, why);
  const moved = laidOut?.moves[0]?.to;
  const [database = null] = moved === undefined ? databasesOf(source, place) : [moved];
  const isAsked = source.kind === 'sqlite' && database !== null;
  return isAsked ? { ...copy, ...asking(resolve(directory, database)) } : copy;
}

function whyNot(source: PointSourceSpec): string | null {
  if (source.kind === 'state') return 'it is the state of Daruma itself';
  if (source.kind !== 'command') return null;
  return 'a dump can only be loaded into the service itself: its archive was checked';
}

function outside(laidOut: Layout | null, dataDir: string | null): string | null {
  if (laidOut !== null) return null;
  if (dataDir === null) return 'it has no `data_dir`';
  return `it would write to the real data that lie outside its \`data_dir\` ${dataDir}`;
}

interface Layout {
  /** Relative to the drill's directory, as are all. */
  readonly dataDir: string;
  readonly moves: readonly { readonly from: string; readonly to: string }[];
}

/**
 * How what was restored must lie so that the service finds it from its data directory on. Null: it
 * can't, for not all of it is in that directory, nor is the directory in it.
 */
function layOut(all: readonly Landing[], dataDir: string, directory: string): Layout | null {
  const [only] = all;
  const files = relative(directory, filesIn(directory));
  if (all.length === 1 && only !== undefined && isBelow(dataDir, only.target)) {
    return { dataDir: join(files, only.root, relative(only.target, dataDir)), moves: [] };
  }
  if (!all.every(({ target }) => isBelow(target, dataDir))) return null;
  const moves = all.map(({ root, target }) => ({
    from: join(files, root),
    to: join('data', relative(dataDir, target)),
  }));
  return { dataDir: 'data', moves };
}

/** Those of the data directory: of the owners of the real ones, since the service writes there. */
async function makeParents(directory: string, path: string, dataDir: string): Promise<void> {
  const [first = '', ...more] = path.split('/');
  let own = join(directory, first);
  let real = dataDir;
  await makeLike(own, real);
  for (const name of more) {
    own = join(own, name);
    real = join(real, name);
    await makeLike(own, real);
  }
}

async function makeLike(path: string, real: string): Promise<void> {
  await mkdir(path, { recursive: true });
  if (process.geteuid?.() !== 0 || !existsSync(real)) return;
  const { uid, gid, mode } = await stat(real);
  await chown(path, uid, gid);
  await chmod(path, mode & 0o7777);
}

/** Or the same. */
function isBelow(path: string, directory: string): boolean {
  return `${path}/`.startsWith(`${directory}/`);
}

function notStarted({ runOf }: BesideService, dataDir: string, why: string): RunningCopy {
  return {
    ...{ port: null, dataDir },
    notes: [`the service was not started on the copy: ${why}`],
    run: (command, timeoutMs, signal) =>
      verifyByCommand(command, timeoutMs, runOf(null, dataDir), signal),
    stop: async () => undefined,
  };
}

/** Questions to an SQLite database. */
function asking(path: string): Pick<Required<RunningCopy>, 'firstValue'> {
  return {
    firstValue: async (query, timeoutMs) => {
      const database = new DatabaseSync(path, { readOnly: true, timeout: timeoutMs });
      try {
        return Object.values(database.prepare(query).get() ?? {})[0];
      } finally {
        database.close();
      }
    },
  };
}
