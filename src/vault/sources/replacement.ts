/**
 * Puts restored files in the place of those that are there, by renames, and back again.
 *
 *     TARGET.restored-ID/ROOT   what was restored, until it takes its place
 *     TARGET                    the data
 *     TARGET.before-ID          what was there before, until it is discarded
 *
 * 1. The names are the journal: each function looks at what is there and does what is missing, so
 *    that it can be killed anywhere and called again, or undone.
 * 2. Nothing that was there is removed but by `discardOld`.
 * 3. No process uses the data meanwhile: that is for the caller to see to.
 * 4. What belongs to a SQLite database (`-wal`, `-shm`, `-journal`) goes where the database goes:
 *    beside another database it would destroy it.
 */
import { execFile } from 'node:child_process';
import { existsSync, lstatSync } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { DarumaError } from '../../model/errors.ts';
import type { PointSourceSpec } from '../../model/recovery-point.ts';
import { faultPoint } from '../../ports/fault-point.ts';
import { rootsOf } from './roots.ts';

const run = promisify(execFile);

/** What of a point belongs where. */
export interface Landing {
  /** First part of its paths in the point. */
  readonly root: string;
  /** Absolute. */
  readonly target: string;
  /** What goes along with it, by what is behind its name. */
  readonly companions: readonly string[];
}

const databaseCompanions = ['-wal', '-shm', '-journal'];

/** Empty: such points are not put in place by renames. */
export function landings(source: PointSourceSpec): readonly Landing[] {
  if (source.kind === 'directory') return landingsOf(source.paths, []);
  if (source.kind === 'sqlite') return landingsOf(source.files, databaseCompanions);
  return [];
}

function landingsOf(paths: readonly string[], companions: readonly string[]): readonly Landing[] {
  return rootsOf(paths).map(({ name, path }) => ({ root: name, target: path, companions }));
}

/** Restores beside each target; what an earlier try has left there is removed first. `restore` puts
 * the named roots of the point into a new directory. */
export async function stage(
  all: readonly Landing[],
  id: string,
  restore: (into: string, only: readonly string[]) => Promise<void>,
): Promise<void> {
  for (const landing of all) {
    const directory = stagedIn(landing, id);
    await rm(directory, { recursive: true, force: true });
    await mkdir(dirname(directory), { recursive: true });
    await restore(directory, [landing.root]);
    if (!isThere(staged(landing, id))) {
      throw new DarumaError('NOT_FOUND', `the point holds nothing for ${landing.target}`);
    }
    // The renames are durable; so must be what they bring.
    await run('sync', ['--file-system', directory]);
  }
}

/** What is there goes aside, what was staged takes its place. */
export async function putInPlace(all: readonly Landing[], id: string): Promise<void> {
  for (const landing of all) {
    const { target, companions } = landing;
    if (!isThere(staged(landing, id))) continue;
    // The database last: until then it is known that its companions belong to it.
    for (const name of [...companions.map((end) => target + end), target]) {
      if (isThere(name) && !isThere(aside(landing, name, id))) {
        await move(name, aside(landing, name, id));
      }
    }
    await move(staged(landing, id), target);
    await rm(stagedIn(landing, id), { recursive: true, force: true });
  }
}

/** What was put aside takes its place again; what had taken it is removed. */
export async function putBack(all: readonly Landing[], id: string): Promise<void> {
  for (const landing of all) {
    const { target, companions } = landing;
    const before = aside(landing, target, id);
    const ends = companions.map((end) => target + end);
    if (isThere(before)) {
      // As long as the old one lies aside, whatever is in its place is the new one.
      for (const name of [...ends, target]) await rm(name, { recursive: true, force: true });
    }
    // The database first: called again, what then lies beside it is its own.
    for (const name of [target, ...ends]) {
      if (isThere(aside(landing, name, id))) await move(aside(landing, name, id), name);
    }
    await rm(stagedIn(landing, id), { recursive: true, force: true });
  }
}

/** What was put aside is removed for good. */
export async function discardOld(all: readonly Landing[], id: string): Promise<void> {
  for (const landing of all) {
    const { target, companions } = landing;
    for (const name of [target, ...companions.map((end) => target + end)]) {
      await rm(aside(landing, name, id), { recursive: true, force: true });
    }
    await rm(stagedIn(landing, id), { recursive: true, force: true });
  }
}

function stagedIn({ target }: Landing, id: string): string {
  return `${target}.restored-${id}`;
}

function staged(landing: Landing, id: string): string {
  return `${stagedIn(landing, id)}/${landing.root}`;
}

/** `name`: the target's, or a companion's. */
function aside({ target }: Landing, name: string, id: string): string {
  return `${target}.before-${id}${name.slice(target.length)}`;
}

function isThere(path: string): boolean {
  // Also a link that leads nowhere.
  return existsSync(path) || lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** On disk when it resolves. */
async function move(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (cause) {
    throw new DarumaError('ACTION_FAILED', `${from} can't be renamed to ${to}`, { cause });
  }
  faultPoint('restore.between-renames');
  await syncDirectory(dirname(to));
  if (dirname(from) !== dirname(to)) await syncDirectory(dirname(from));
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
