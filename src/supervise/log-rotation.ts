/**
 * Rotates the log of an instance by size although the instance itself holds the file open.
 *
 * The oldest bytes of the live file are copied into an archive named by its range, and only when
 * that is durable is a hole punched where they were: the file keeps its length, every offset keeps
 * its meaning, and only the space is given back. Killed anywhere, nothing is lost or doubled: an
 * archive counts once it has its name, and a hole that wasn't punched is punched the next time. One
 * process rotates.
 *
 * Where the file system knows no holes, a file is put away between two runs only.
 */
import { execFile } from 'node:child_process';
import { appendFileSync, closeSync, openSync, rmSync, truncateSync } from 'node:fs';
import { appendFile, mkdir, open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { LoggingSpec } from '../model/stack-spec.ts';
import type { LiveFile, LogFiles } from './log-files.ts';
import {
  archivedUpTo,
  archivePath,
  listLogFiles,
  livePath,
  logEnd,
  readPart,
} from './log-files.ts';
import { unless } from './system-error.ts';

const run = promisify(execFile);
const copyBytes = 1024 * 1024;
/** A live file that has grown to this length, holes included, isn't used for another run. */
const lengthForNewFile = 1024 ** 3;
const newline = 10;

/** Frees the space of the first `length` bytes of a file. */
async function punchHole(path: string, length: number): Promise<void> {
  const range = ['--offset', '0', '--length', String(length)];
  await run('fallocate', ['--punch-hole', ...range, path]);
}

/** Whether files in this directory can have holes punched (and there is a `fallocate`). */
export async function canPunchHoles(directory: string): Promise<boolean> {
  const path = join(directory, `hole-test-${process.pid}.tmp`);
  try {
    await writeFile(path, Buffer.alloc(64 * 1024, 'x'), { mode: 0o600 });
    await punchHole(path, 32 * 1024);
    return true;
  } catch {
    // Whatever stands in the way, the answer is no; what is to be done without is the caller's.
    return false;
  } finally {
    rmSync(path, { force: true });
  }
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Copies [from, to) of the live file into an archive; it has its name when it is durable. */
async function archive(live: LiveFile, from: number, to: number): Promise<void> {
  const path = archivePath(dirname(live.path), from, to);
  const handle = await open(`${path}.tmp`, 'w', 0o600);
  try {
    for (let at = from; at < to; at += copyBytes) {
      const bytes = readPart(live.path, at - live.base, Math.min(copyBytes, to - at));
      if (bytes === null || bytes.length === 0) throw new Error(`${live.path} was cut short`);
      await handle.writeFile(bytes);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(`${path}.tmp`, path);
  await syncDirectory(dirname(path));
}

/** Where to cut: after the last line end in [from, limit), or at the limit when there is none. */
function lineEndBefore(live: LiveFile, from: number, limit: number): number {
  const blockBytes = 64 * 1024;
  for (let to = limit; to > from; to -= blockBytes) {
    const start = Math.max(from, to - blockBytes);
    const index = readPart(live.path, start - live.base, to - start)?.lastIndexOf(newline) ?? -1;
    if (index !== -1) return start + index + 1;
  }
  return limit;
}

/** Where what is kept begins: at the end of what is archived, or, after a flood, at the first line
 * that would not be deleted at once. */
function keptFrom(
  files: LogFiles,
  live: LiveFile,
  { maxSizeBytes, maxFiles }: LoggingSpec,
): number {
  const archived = archivedUpTo(files, live);
  const keepable = live.end - Math.max(1, maxFiles) * maxSizeBytes;
  return keepable > archived ? lineEndBefore(live, archived, keepable) : archived;
}

/** Archives all of a live file that nobody writes to any more, and removes it. */
async function putAway(files: LogFiles, live: LiveFile, logging: LoggingSpec): Promise<void> {
  const { maxSizeBytes } = logging;
  let from = keptFrom(files, live, logging);
  while (from < live.end) {
    const limit = Math.min(live.end, from + maxSizeBytes);
    const to = limit === live.end ? limit : lineEndBefore(live, from, limit);
    await archive(live, from, to);
    from = to;
  }
  await rm(live.path);
}

async function prune(directory: string, maxFiles: number): Promise<void> {
  // One at least: its name tells how far the live file is archived.
  const kept = Math.max(1, maxFiles - 1);
  const { archives } = listLogFiles(directory);
  for (const { path } of archives.slice(0, -kept)) await rm(path, { force: true });
}

async function removeUnfinished(directory: string): Promise<void> {
  const names = await readdir(directory);
  const unfinished = names.filter((name) => name.endsWith('.log.tmp'));
  for (const name of unfinished) await rm(join(directory, name), { force: true });
}

export interface RotationOptions extends LoggingSpec {
  /** Asked for only when something is to be rotated. */
  readonly canPunch: () => Promise<boolean>;
}

/** Whether `rotateLog` would have something to do. */
function needsRotation(files: LogFiles, live: LiveFile, maxSizeBytes: number): boolean {
  return (
    live.end - archivedUpTo(files, live) > maxSizeBytes || live.end < archivedUpTo(files, live)
  );
}

/** Archives until the live file holds no more than `maxSizeBytes` of its own. What a flood wrote
 * beyond all that may be kept is given back unread. To be called again and again while the instance
 * runs; one call at a time. Resolves with the live file when there was nothing to do: while it has
 * this length there won't be. */
export async function rotateLog(
  directory: string,
  options: RotationOptions,
): Promise<LiveFile | null> {
  const files = listLogFiles(directory);
  const live = files.live.at(-1);
  if (live === undefined) return null;
  if (!needsRotation(files, live, options.maxSizeBytes)) return live;
  if (await options.canPunch()) await rotate(directory, options);
  return null;
}

async function rotate(directory: string, options: RotationOptions): Promise<void> {
  await removeUnfinished(directory);
  // A flood may be faster than we are: the next call goes on.
  for (let archives = 0; archives <= options.maxFiles; archives += 1) {
    if (!(await rotateOnce(directory, options))) break;
  }
  await prune(directory, options.maxFiles);
}

/** False: the live file is small enough. */
async function rotateOnce(directory: string, options: RotationOptions): Promise<boolean> {
  const { maxSizeBytes } = options;
  const files = listLogFiles(directory);
  const live = files.live.at(-1);
  if (live === undefined) return false;
  const archived = archivedUpTo(files, live);
  if (live.end < archived) {
    // The program reopened its output by name and cut the file. What it appends from now on must
    // not be taken for what is archived already.
    truncateSync(live.path, archived - live.base);
  }
  if (archived > live.base) await punchHole(live.path, archived - live.base);
  if (live.end - archived <= maxSizeBytes) return false;
  const from = keptFrom(files, live, options);
  await archive(live, from, lineEndBefore(live, from, from + maxSizeBytes));
  return true;
}

/** Whether the next run should write to a new file. */
export function isTooLong({ base, end }: LiveFile, maxSizeBytes: number, punches: boolean) {
  return end - base > (punches ? lengthForNewFile : maxSizeBytes);
}

function needsNewFile({ live }: LogFiles, maxSizeBytes: number, punches: boolean): boolean {
  const current = live.at(-1);
  if (current === undefined || live.length > 1) return true;
  return isTooLong(current, maxSizeBytes, punches);
}

/** Makes sure that a run which is about to begin can append to the log; nobody writes to it now. */
export async function openLog(
  directory: string,
  options: RotationOptions,
): Promise<Pick<LiveFile, 'path' | 'base'>> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  let files = listLogFiles(directory);
  const current = files.live.at(-1);
  const large = current !== undefined && needsNewFile(files, options.maxSizeBytes, false);
  if (large && needsNewFile(files, options.maxSizeBytes, await options.canPunch())) {
    await removeUnfinished(directory);
    const path = livePath(directory, logEnd(files));
    closeSync(openSync(path, 'a', 0o600));
    for (const live of files.live.filter((each) => each.path !== path)) {
      await putAway(listLogFiles(directory), live, options);
    }
    await prune(directory, options.maxFiles);
    files = listLogFiles(directory);
  }
  const base = logEnd(files);
  const live = files.live.at(-1) ?? { path: livePath(directory, base), base };
  // Made by another thread, for many at once.
  await appendFile(live.path, '', { mode: 0o600 });
  return { path: live.path, base: live.base };
}

/** Ends an unfinished last line, so that a new run doesn't go on in the middle of it, and returns
 * the offset where the new run's output begins. */
export function beginRun(live: LiveFile | undefined): number {
  if (live === undefined || live.end === live.base) return live?.base ?? 0;
  const lastByte = readPart(live.path, live.end - live.base - 1, 1)?.[0];
  if (lastByte === newline) return live.end;
  const appended = unless(['ENOSPC', 'EDQUOT', 'EROFS'], () => appendFileSync(live.path, '\n'));
  return appended === null ? live.end : live.end + 1;
}
