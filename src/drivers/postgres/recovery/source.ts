/**
 * A base copy of a running cluster, by PostgreSQL's low-level backup API over the file system.
 *
 * 1. A slot that lives as long as the session keeps the log that the copy needs: it belongs to the
 *    copy, so that the copy alone can be restored. A killed job leaves nothing at the server.
 * 2. A standby is read where one is caught up, so that users of the primary don't notice.
 * 3. No corrupt page gets into a point: each page's checksum is computed while it is read, and of
 *    one that was changed meanwhile the log must have another.
 */
import { randomBytes } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { Client } from 'pg';
import { DarumaError } from '../../../model/errors.ts';
import type { OpenSource, PointSource, SourceEntry } from '../../../ports/vault.ts';
import {
  type BackupEnd,
  type BaseFile,
  baseFiles,
  beginBackup,
  controlFile,
  endBackup,
} from '../base-files.ts';
import { ask, type Target } from '../connection.ts';
import { controlBytes } from '../replication/control-file.ts';
import { positionOf, readSegmentName, segmentAt, timelineOfHistory } from './log-names.ts';
import { corruptPage, type DoubtfulPage, openPageFile, type PageRule } from './page-file.ts';
import type { Server, Servers } from './servers.ts';
import { Session } from './session.ts';

const askMs = 10_000;
const checkpointMs = 10 * 60_000;
/** A standby that lacks more is not caught up. */
const lagBytesMax = 64 * 1024 * 1024;
/** A standby begins a copy at its last checkpoint; the log since then belongs to the copy. */
const oldCheckpointBytes = 64 * 1024 * 1024;

type Running = Server & { readonly target: Target };

/** What a server says of itself when a copy begins. */
interface Facts {
  readonly standby: boolean;
  readonly major: number;
  readonly version: string;
  readonly checksums: boolean;
  readonly blockBytes: number;
  readonly segmentBytes: number;
  readonly systemId: string;
}

const factsQuery = `select pg_is_in_recovery() as standby,
  current_setting('server_version_num')::int / 10000 as major,
  current_setting('server_version') as version,
  current_setting('data_checksums') = 'on' as checksums,
  current_setting('block_size')::int as "blockBytes",
  (select setting::int from pg_settings where name = 'wal_segment_size') as "segmentBytes",
  (select system_identifier::text from pg_control_system()) as "systemId"`;

export function clusterSource(servers: Servers): PointSource {
  return {
    kind: 'postgres',
    incremental: false,
    async open(signal) {
      const server = await chosen(servers);
      await refuseTablespaces(server.place.data);
      const session = await Session.open(server.target);
      const copy = new ClusterCopy(server, session);
      // Whoever is told that it was broken off has closed it too.
      signal.addEventListener('abort', () => void copy.abort(), { once: true });
      try {
        signal.throwIfAborted();
        return await copy.begin();
      } catch (error) {
        await copy.abort();
        throw error;
      }
    },
  };
}

/** The first standby that is caught up, else the primary. */
async function chosen(servers: Servers): Promise<Running> {
  const all = (await servers.all()).filter((server): server is Running => server.target !== null);
  const primary = all.find(({ instance }) => instance === servers.scene.primary);
  for (const server of all) {
    if (primary === undefined || server === primary) continue;
    if (await isCaughtUp(server.target, primary.target)) return server;
  }
  if (primary !== undefined) return primary;
  throw new DarumaError('NOT_RUNNING', `${servers.scene.primary}, the primary, does not run`);
}

async function isCaughtUp(standby: Target, primary: Target): Promise<boolean> {
  try {
    const [row] = await ask<{ at: string; redo: string; streaming: boolean }>(
      standby,
      askMs,
      `select (pg_last_wal_replay_lsn() - '0/0')::text as at,
        (select redo_lsn - '0/0' from pg_control_checkpoint())::text as redo,
        exists (select from pg_stat_wal_receiver where status = 'streaming') as streaming`,
    );
    if (row === undefined || !row.streaming) return false;
    const [there] = await ask<{ at: string }>(
      primary,
      askMs,
      "select (pg_current_wal_lsn() - '0/0')::text as at",
    );
    if (Number(there?.at ?? 0) - Number(row.at) > lagBytesMax) return false;
    // It can begin its own only where the primary has made one.
    if (Number(row.at) - Number(row.redo) > oldCheckpointBytes) {
      await ask(primary, checkpointMs, 'checkpoint');
    }
    return true;
  } catch {
    // Whatever is wrong with it: the primary is there too.
    return false;
  }
}

async function refuseTablespaces(data: string): Promise<void> {
  const entries = await readdir(join(data, 'pg_tblspc'), { withFileTypes: true });
  if (!entries.some((entry) => entry.isSymbolicLink())) return;
  const text = `${data} has tablespaces outside of it, which recovery points don't know how to copy`;
  throw new DarumaError('REQUIREMENT_UNMET', text);
}

class ClusterCopy implements OpenSource {
  readonly #server: Running;
  readonly #session: Session;
  readonly #doubtful: DoubtfulPage[] = [];
  #facts: Facts | null = null;
  #files: readonly BaseFile[] = [];
  #since = 0n;

  constructor(server: Running, session: Session) {
    this.#server = server;
    this.#session = session;
  }

  async begin(): Promise<this> {
    const { client } = this.#session;
    const [facts] = (await client.query<Facts>(factsQuery)).rows;
    if (facts === undefined)
      throw new DarumaError('INTERNAL', 'PostgreSQL tells nothing of itself');
    this.#facts = facts;
    const slot = `daruma_point_${randomBytes(6).toString('hex')}`;
    await client.query('select pg_create_physical_replication_slot($1, true, true)', [slot]);
    this.#since = positionOf(await beginBackup(client, facts.major));
    this.#files = await baseFiles(this.#server.place.data);
    return this;
  }

  get entries(): AsyncIterable<SourceEntry> {
    return this.#entries();
  }

  async *#entries(): AsyncGenerator<SourceEntry> {
    const { data } = this.#server.place;
    for (const { path, kind } of this.#files) {
      const found = await entryAt(data, path);
      if (found === null) continue;
      if (kind === 'directory') yield { ...found, type: 'directory', bytes: 0 };
      else {
        const rule = this.#rule();
        yield { ...found, open: () => openPageFile(data, path, found.bytes, rule) };
      }
    }
  }

  async end(): ReturnType<OpenSource['end']> {
    const { client } = this.#session;
    const { data } = this.#server.place;
    const facts = this.#knownFacts();
    // Last of the files, as `pg_basebackup` does it.
    const control = await controlBytes(data);
    const ended = await endBackup(client, facts.major);
    const { at, last } = await logEnd(client, ended, facts.standby);
    this.#judge(last);
    const { startLsn, timeline } = readLabel(ended.label);
    const log = await this.#log(positionOf(startLsn), last, facts.segmentBytes);
    return {
      entries: [
        await this.#made(controlFile, control),
        await this.#made('backup_label', Buffer.from(ended.label)),
        ...log,
      ],
      summary: {
        at,
        versions: { postgres: facts.version },
        postgres: {
          ...{ version: facts.major, systemId: facts.systemId, timeline, startLsn },
          ...{ stopLsn: ended.lsn, segmentBytes: facts.segmentBytes },
          ...(facts.standby ? { standby: true as const } : {}),
        },
        ...(this.#checksPages() ? {} : { notes: ['its pages have no checksums to be checked by'] }),
      },
    };
  }

  async abort(): Promise<void> {
    // A server that is gone has closed it itself.
    await this.#session.close().catch(() => undefined);
  }

  #knownFacts(): Facts {
    if (this.#facts !== null) return this.#facts;
    throw new DarumaError('INTERNAL', 'the copy was not begun');
  }

  #checksPages(): boolean {
    const { checksums, blockBytes } = this.#knownFacts();
    return checksums && blockBytes === 8192;
  }

  #rule(): PageRule | null {
    if (!this.#checksPages()) return null;
    return {
      since: this.#since,
      onDoubt: (page) => this.#doubtful.push(page),
      onCorrupt: (path, block) => {
        throw corruptPage(path, block);
      },
    };
  }

  /** What no log can have written is no newer page, but garbage. */
  #judge(last: bigint): void {
    const garbage = this.#doubtful.find(({ position }) => position > last);
    if (garbage !== undefined) throw corruptPage(garbage.path, garbage.block);
  }

  /** A file that is not in the data, or not so. */
  async #made(path: string, content: Buffer): Promise<SourceEntry> {
    const like = await stat(join(this.#server.place.data, 'PG_VERSION'));
    return {
      ...{ path, type: 'file', mode: 0o600, uid: like.uid, gid: like.gid },
      ...{ mtimeMs: Date.now(), bytes: content.length },
      open: () => Promise.resolve(Readable.from([content], { objectMode: false })),
    };
  }

  /** All segments between, and what tells of their timelines. */
  async #log(from: bigint, to: bigint, segmentBytes: number): Promise<SourceEntry[]> {
    const { data } = this.#server.place;
    const [first, last] = [segmentAt(from, segmentBytes), segmentAt(to - 1n, segmentBytes)];
    const numbers = new Set<bigint>();
    const entries: SourceEntry[] = [];
    for (const name of (await readdir(join(data, 'pg_wal'))).sort()) {
      const segment = readSegmentName(name, segmentBytes);
      const inside = segment !== null && segment.number >= first && segment.number <= last;
      if (!inside && timelineOfHistory(name) === null) continue;
      const path = join('pg_wal', name);
      const found = await entryAt(data, path);
      if (found === null) continue;
      if (segment !== null) numbers.add(segment.number);
      entries.push({ ...found, open: () => openPageFile(data, path, found.bytes, null) });
    }
    if (numbers.size === Number(last - first + 1n)) return entries;
    const text =
      'the server did not keep the log that its copy needs: raise `max_slot_wal_keep_size`';
    throw new DarumaError('ACTION_FAILED', text);
  }
}

async function entryAt(root: string, path: string): Promise<SourceEntry | null> {
  try {
    const { mode, uid, gid, mtimeMs, size } = await stat(join(root, path));
    return { path, type: 'file', mode: mode & 0o7777, uid, gid, mtimeMs, bytes: size };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

/** Where the log of the copy ends, and of which moment that is. */
async function logEnd(
  client: Client,
  { lsn }: BackupEnd,
  standby: boolean,
): Promise<{ at: number; last: bigint }> {
  const now = 'extract(epoch from clock_timestamp())';
  const query = standby
    ? `select (greatest(pg_last_wal_replay_lsn(), pg_last_wal_receive_lsn()) - '0/0')::text as last,
         1000 * case when pg_last_wal_replay_lsn() >= pg_last_wal_receive_lsn() then ${now}
           else coalesce(extract(epoch from pg_last_xact_replay_timestamp()), ${now}) end as at`
    : `select ($1::pg_lsn - '0/0')::text as last, 1000 * ${now} as at`;
  const { rows } = await client.query<{ last: string; at: string }>(query, standby ? [] : [lsn]);
  const [row] = rows;
  if (row === undefined) throw new DarumaError('INTERNAL', 'PostgreSQL tells no end of its log');
  const stop = positionOf(lsn);
  const last = BigInt(row.last);
  return { at: Math.floor(Number(row.at)), last: last > stop ? last : stop };
}

function readLabel(label: string): { startLsn: string; timeline: number } {
  const startLsn = /^START WAL LOCATION: ([0-9A-F]+\/[0-9A-F]+)/m.exec(label)?.[1];
  const timeline = Number(/^START TIMELINE: (\d+)/m.exec(label)?.[1]);
  if (startLsn !== undefined && timeline > 0) return { startLsn, timeline };
  throw new DarumaError('INTERNAL', `the label of the copy can't be read: ${label}`);
}
