/** Stores what servers have put aside of their log, and tells when the log is not kept. */
import { createHash } from 'node:crypto';
import { readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { DarumaError, type ErrorInfo, errorInfo } from '../../../model/errors.ts';
import type { LogReport, LogStore } from '../../../ports/data-driver.ts';
import { unlessGone } from '../base-files.ts';
import { ask, type Target } from '../connection.ts';
import { archivesBelow, droppedFile } from './archiving.ts';
import {
  beginOf,
  isLogName,
  logKey,
  logPrefix,
  readLogKey,
  timelineOfHistory,
} from './log-names.ts';
import type { Server, Servers } from './servers.ts';

const askMs = 5_000;
const mib = 1024 * 1024;

/** One spool: of one instance, for one cluster. */
export interface Spool {
  readonly directory: string;
  readonly systemId: string;
}

interface Waiting {
  readonly spool: Spool;
  readonly name: string;
  readonly bytes: number;
  readonly writtenAt: number;
}

export async function keepLog(
  servers: Servers,
  store: LogStore,
  signal: AbortSignal,
): Promise<LogReport> {
  const all = await servers.all();
  const spools = await spoolsOf(all);
  const waiting = (await Promise.all(spools.map(waitingIn))).flat();
  const done = await drain(servers, waiting, store, signal);
  const names = new Set(waiting.map(({ name }) => name));
  const thrownAway = (await Promise.all(spools.map(takeDropped))).flat();
  // Another instance may have put it aside too.
  const dropped = [...new Set(thrownAway)].filter((name) => !names.has(name));
  const left = waiting.slice(done.count);
  const waitingBytes = left.reduce((sum, { bytes }) => sum + bytes, 0);
  const trouble =
    droppedTrouble(dropped) ??
    storeTrouble(done.error, left.length, waitingBytes) ??
    (await serverTrouble(all));
  const { storedFiles, storedBytes } = done;
  return { storedFiles, storedBytes, waitingBytes, dropped, trouble };
}

/** Also of clusters that were there before. */
export async function spoolsOf(servers: readonly Server[]): Promise<Spool[]> {
  const found = servers.map(async ({ place }) => {
    const names = (await unlessGone(readdir(place.spool))) ?? [];
    return names
      .filter((name) => /^\d+$/.test(name))
      .map((systemId) => ({ directory: join(place.spool, systemId), systemId }));
  });
  return (await Promise.all(found)).flat();
}

/** Histories first: a segment of a timeline that nobody knows can't be used. */
async function waitingIn(spool: Spool): Promise<Waiting[]> {
  const names = (await readdir(spool.directory)).filter(isLogName);
  const order = (name: string) => (timelineOfHistory(name) === null ? `1${name}` : `0${name}`);
  names.sort((a, b) => (order(a) < order(b) ? -1 : 1));
  const found = names.map(async (name) => {
    const about = await unlessGone(stat(join(spool.directory, name)));
    if (about === null) return [];
    return [{ spool, name, bytes: about.size, writtenAt: Math.floor(about.mtimeMs) }];
  });
  return (await Promise.all(found)).flat();
}

interface Drained {
  /** How many of those that waited are done with. */
  readonly count: number;
  readonly storedFiles: number;
  readonly storedBytes: number;
  readonly error: unknown;
}

async function drain(
  servers: Servers,
  waiting: readonly Waiting[],
  store: LogStore,
  signal: AbortSignal,
): Promise<Drained> {
  let [count, storedFiles, storedBytes] = [0, 0, 0];
  try {
    const known = waiting.length === 0 ? new Set<string>() : await storedIn(servers, store);
    for (const one of waiting) {
      signal.throwIfAborted();
      const { path, content, key, identity } = await readWaiting(servers, one);
      // A standby puts aside the same.
      if (!known.has(identity)) {
        await store.store(key, Readable.from([content], { objectMode: false }));
        known.add(identity);
        storedFiles += 1;
        storedBytes += content.length;
      }
      await rm(path, { force: true });
      count += 1;
    }
    return { count, storedFiles, storedBytes, error: null };
  } catch (error) {
    return { count, storedFiles, storedBytes, error };
  }
}

async function readWaiting(servers: Servers, { spool, name, writtenAt }: Waiting) {
  const path = join(spool.directory, name);
  const content = await readFile(path);
  const digest = createHash('sha256').update(content).digest('hex').slice(0, 16);
  const { systemId } = spool;
  const began = timelineOfHistory(name) === null ? null : beginOf(content.toString('utf8'));
  const key = logKey(servers.scene.service.name, { systemId, name, writtenAt, digest, began });
  return { path, content, key, identity: `${systemId}/${name}/${digest}` };
}

async function storedIn(servers: Servers, store: LogStore): Promise<Set<string>> {
  const keys = await store.list(logPrefix(servers.scene.service.name));
  const files = keys.map(readLogKey).filter((file) => file !== null);
  return new Set(files.map(({ systemId, name, digest }) => `${systemId}/${name}/${digest}`));
}

/** Told once. */
async function takeDropped({ directory }: Spool): Promise<string[]> {
  const taken = join(directory, `${droppedFile}.told`);
  if ((await unlessGone(rename(join(directory, droppedFile), taken))) === null) return [];
  const text = await readFile(taken, 'utf8');
  await rm(taken);
  return text.split('\n').filter((name) => name !== '');
}

function droppedTrouble(dropped: readonly string[]): ErrorInfo | null {
  const [first] = dropped;
  if (first === undefined) return null;
  const text =
    `${dropped.length} files of the write-ahead log were thrown away from ${first} on, since too ` +
    'much waited to be stored: moments after it can be restored from the next point on only';
  return errorInfo(new DarumaError('PLACE_UNREACHABLE', text));
}

function storeTrouble(error: unknown, files: number, bytes: number): ErrorInfo | null {
  if (error === null) return null;
  const { code, message } = errorInfo(error);
  const text =
    `${files} files of the write-ahead log (${Math.ceil(bytes / mib)} MiB) wait on this machine, ` +
    `since they can't be stored: ${message}`;
  return { code, message: text };
}

interface Archiver {
  readonly mode: string;
  readonly command: string;
  readonly library: string | null;
  readonly failing: boolean;
  readonly failed: string | null;
}

/** Whether all that run put their log aside as they were told: one that can't keeps all of it. */
async function serverTrouble(servers: readonly Server[]): Promise<ErrorInfo | null> {
  for (const server of servers) {
    const archiver = server.target === null ? null : await archiverOf(server.target);
    const text = archiver === null ? null : whatIsWrong(archiver, server);
    if (text === null) continue;
    return errorInfo(new DarumaError('ACTION_FAILED', `${server.instance}: ${text}`));
  }
  return null;
}

async function archiverOf(target: Target): Promise<Archiver | null> {
  const query = `select current_setting('archive_mode') as mode,
    current_setting('archive_command') as command,
    nullif(current_setting('archive_library', true), '') as library,
    coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false) as failing,
    last_failed_wal as failed from pg_stat_archiver`;
  try {
    return (await ask<Archiver>(target, askMs, query))[0] ?? null;
  } catch {
    // A server that doesn't answer is told of by its health check.
    return null;
  }
}

function whatIsWrong(archiver: Archiver, { place }: Server): string | null {
  if (archiver.mode === 'off') {
    return 'keeps no log for recovery points since it was started without them: restart it once';
  }
  if (archiver.library !== null || !archivesBelow(archiver.command, place.spool)) {
    return 'keeps its log elsewhere: take archive_command and archive_library out of ALTER SYSTEM';
  }
  if (!archiver.failing) return null;
  return `can't put ${archiver.failed} of its log aside in ${place.spool}: see its log`;
}
