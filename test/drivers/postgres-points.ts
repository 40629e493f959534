/** Recovery points of a PostgreSQL service, kept in plain directories: without the vault. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { chown, mkdir, readdir, readFile, realpath, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { DarumaError } from '../../src/model/errors.ts';
import type { InstanceId } from '../../src/model/ids.ts';
import type { PointSummary, RecoveryPointsSpec } from '../../src/model/recovery-point.ts';
import type {
  DataDriver,
  DataScene,
  LogReport,
  LogStore,
  LogTarget,
  Reach,
  Recovered,
  SearchedLog,
} from '../../src/ports/data-driver.ts';
import type { OpenSource, SourceEntry } from '../../src/ports/vault.ts';
import type { PostgresGroup } from './postgres-group.ts';

export const recoveryPoints: RecoveryPointsSpec = {
  source: { kind: 'postgres', archiveTimeoutMs: 60_000 },
  ...{ schedule: null, on: [], to: [], spread: 'all', encryptTo: [] },
  keep: { last: 1, hourly: 0, daily: 0, weekly: 0, monthly: 0, withinMs: 0, minAgeMs: 0 },
  ...{ bytesPerSecondMax: null, lateAfterMs: null, drill: null },
};

export type Point = Pick<PointSummary, 'at' | 'postgres' | 'versions'> & {
  readonly directory: string;
};

/** A log store that can be told to be gone. */
class LogDirectory implements LogStore {
  readonly #root: string;
  gone = false;

  constructor(root: string) {
    this.#root = root;
  }

  async list(prefix: string): Promise<string[]> {
    this.#refuse();
    const names = await readdir(this.#root).catch(() => []);
    const keys = names.map((name) => name.replaceAll('~', '/'));
    return keys.filter((key) => key.startsWith(prefix)).sort();
  }

  async store(key: string, content: Readable): Promise<void> {
    this.#refuse();
    await mkdir(this.#root, { recursive: true });
    await pipeline(content, createWriteStream(this.#path(key)));
  }

  async read(key: string): Promise<Readable> {
    this.#refuse();
    return Readable.from([await readFile(this.#path(key))], { objectMode: false });
  }

  async remove(key: string): Promise<void> {
    await rm(this.#path(key), { force: true });
  }

  #path(key: string): string {
    return join(this.#root, key.replaceAll('/', '~'));
  }

  #refuse(): void {
    if (this.gone) throw new DarumaError('PLACE_UNREACHABLE', 'the place is gone');
  }
}

export class Points {
  readonly group: PostgresGroup;
  readonly data: DataDriver;
  readonly log: LogDirectory;
  readonly signal = new AbortController().signal;
  #count = 0;

  constructor(group: PostgresGroup) {
    assert.ok(group.driver.data);
    this.group = group;
    this.data = group.driver.data;
    this.log = new LogDirectory(join(group.scene.root, 'log'));
  }

  scene(primary: InstanceId = 'db/1'): DataScene {
    const { service, scene, running, told } = this.group;
    return {
      ...{ service, stateDir: scene.stateDir, primary },
      running: running.map((instance) => ({ instance, port: this.group.port(instance) })),
      progress: (text) => told.push(text),
    };
  }

  async open(primary: InstanceId = 'db/1'): Promise<OpenSource> {
    return this.data.source(this.scene(primary)).open(this.signal);
  }

  /** A base copy in a directory of its own. */
  async make(primary: InstanceId = 'db/1'): Promise<Point> {
    const directory = await this.newDirectory();
    const open = await this.open(primary);
    try {
      for await (const entry of open.entries) await write(directory, entry);
      const { entries, summary } = await open.end();
      for (const entry of entries) await write(directory, entry);
      return { ...summary, directory };
    } finally {
      await open.abort();
    }
  }

  /** Where whoever runs PostgreSQL may come. */
  async newDirectory(): Promise<string> {
    this.#count += 1;
    const home = dirname(await this.group.dataOf('db/1'));
    return join(home, `point-${this.#count}`);
  }

  /** What is there already is replaced. */
  async copyOf(point: Point, directory: string): Promise<void> {
    await rm(directory, { recursive: true, force: true });
    await promisify(execFile)('cp', ['-a', '--', point.directory, directory]);
  }

  reach(point: Point, keys: readonly string[]): Reach {
    return this.data.reach(point, keys);
  }

  async keepLog(primary: InstanceId = 'db/1'): Promise<LogReport> {
    return this.data.keepLog(this.scene(primary), this.log, this.signal);
  }

  /** In the point's own directory. */
  async recover(
    point: Point,
    target: LogTarget,
    { withLocalLog = true, primary = 'db/1' as InstanceId, log = true } = {},
  ): Promise<Recovered> {
    const { directory } = point;
    return this.data.recover(this.scene(primary), {
      ...{ directory, point, target, withLocalLog, signal: this.signal },
      log: log ? this.log : null,
      onProgress: () => undefined,
    });
  }

  searchLog(point: Point): Promise<SearchedLog> {
    const how = { point, log: this.log, signal: this.signal, onProgress: () => undefined };
    return this.data.searchLog(this.scene(), how);
  }

  /** As the swap of a restore does: no instance runs. */
  async putInPlace(point: Point, instance: InstanceId): Promise<void> {
    const data = await realpath(await this.group.dataOf(instance));
    await rename(data, `${data}.before-${this.#count}`);
    this.#count += 1;
    await rename(point.directory, data);
  }
}

async function write(root: string, entry: SourceEntry): Promise<void> {
  const path = join(root, entry.path);
  if (entry.type === 'directory') {
    await mkdir(path, { recursive: true, mode: 0o700 });
  } else {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const content = await entry.open?.();
    assert.ok(content);
    await pipeline(content, createWriteStream(path, { mode: entry.mode }));
  }
  for (const made of [root, dirname(path), path]) await chown(made, entry.uid, entry.gid);
}
