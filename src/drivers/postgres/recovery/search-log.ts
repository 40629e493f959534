/** Reads all of the log since a point, of the store and of this machine, for what was dropped. */
import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { DarumaError } from '../../../model/errors.ts';
import type { PostgresPointFacts } from '../../../model/recovery-point.ts';
import type { SearchedLog, SearchWork } from '../../../ports/data-driver.ts';
import { unlessGone } from '../base-files.ts';
import { ask } from '../connection.ts';
import { type DroppedByNumber, DroppedFiles } from './dropped.ts';
import { type LocalFile, localLog } from './local-log.ts';
import { type LogFile, logPrefix, nameOfSegment, readSegmentName } from './log-names.ts';
import { LogRecords } from './log-records.ts';
import { filesOf, segmentBytesOf, startOf, timelineFor, wayTo } from './reach.ts';
import type { Servers } from './servers.ts';

const askMs = 10_000;

export async function searchLog(servers: Servers, work: SearchWork): Promise<SearchedLog> {
  const facts = work.point.postgres;
  if (facts === undefined) throw new DarumaError('POINT_FOREIGN', 'it is no point of PostgreSQL');
  const log = await KeptLog.of(servers, facts, work);
  const [records, dropped] = [new LogRecords(), new DroppedFiles(facts.version)];
  const found: DroppedByNumber[] = [];
  const missing: string[] = [];
  for (const { name, place, ...progress } of log.segments()) {
    work.signal.throwIfAborted();
    const content = await log.contentOf(name);
    if (content === null) missing.push(name);
    for (const record of content === null ? [] : records.of(content, place)) {
      const one = dropped.hear(record);
      if (one !== null) found.push(one);
    }
    work.onProgress(progress);
  }
  const names = found.length === 0 ? new Map() : await databaseNames(servers);
  const named = found.map(({ database, ...rest }) => ({
    ...rest,
    database: names.get(database) ?? `number ${database}`,
  }));
  return { dropped: named, missing };
}

/** On the way from a point to the end. */
class KeptLog {
  readonly #local: ReadonlyMap<string, LocalFile>;
  readonly #stored: readonly LogFile[];
  readonly #facts: PostgresPointFacts;
  readonly #list: () => Promise<readonly LogFile[]>;
  readonly #store: SearchWork['log'];

  private constructor(
    known: { readonly local: ReadonlyMap<string, LocalFile>; readonly stored: readonly LogFile[] },
    facts: PostgresPointFacts,
    list: () => Promise<readonly LogFile[]>,
    store: SearchWork['log'],
  ) {
    this.#local = known.local;
    this.#stored = known.stored;
    this.#facts = facts;
    this.#list = list;
    this.#store = store;
  }

  static async of(servers: Servers, facts: PostgresPointFacts, { log }: SearchWork) {
    const prefix = logPrefix(servers.scene.service.name);
    const list = async () => filesOf(facts, await log.list(prefix));
    // A job may move what is here to the store meanwhile: in this order nothing is missed.
    const local = await localLog(servers, facts);
    return new KeptLog({ local, stored: await list() }, facts, list, log);
  }

  *segments() {
    const facts = this.#facts;
    const files = [...this.#stored, ...[...this.#local.values()].map(({ file }) => file)];
    const bytes = segmentBytesOf(facts);
    const way = wayTo(facts, files, timelineFor(facts, files, { kind: 'latest' }));
    const numbers = files.map(({ name }) => readSegmentName(name, bytes)?.number ?? 0n);
    const first = startOf(facts);
    const last = numbers.sort((a, b) => (a < b ? -1 : 1)).at(-1) ?? first;
    const total = Number(last - first + 1n) * bytes;
    for (let number = first; number <= last; number += 1n) {
      const name = nameOfSegment({ timeline: way(number), number }, bytes);
      const place = number * BigInt(bytes);
      yield { name, place, bytes: Number(number - first + 1n) * bytes, total };
    }
  }

  /** Null: nobody has it. */
  async contentOf(name: string): Promise<Buffer | null> {
    const here = this.#local.get(name);
    const found = here === undefined ? null : await unlessGone(readFile(here.path));
    if (found !== null) return found;
    const isIt = (file: LogFile) => file.name === name;
    const file = this.#stored.find(isIt) ?? (await this.#list()).find(isIt);
    return file === undefined ? null : buffer(await this.#store.read(file.key));
  }
}

/** None while it doesn't run. */
async function databaseNames(servers: Servers): Promise<ReadonlyMap<number, string>> {
  const { target } = await servers.primary();
  if (target === null) return new Map();
  const query = 'select oid::int8::text as number, datname as name from pg_database';
  const rows = await ask<{ number: string; name: string }>(target, askMs, query).catch(() => []);
  return new Map(rows.map(({ number, name }) => [Number(number), name]));
}
