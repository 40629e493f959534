/**
 * Gives a recovering server the log that it asks for, in a directory beside its data.
 *
 * 1. What is on this machine is put there at once; what is stored is fetched ahead of the server,
 *    but no more than a few files, so that a long log needs little room.
 * 2. A name that is not known is answered at once with «there is none». One that is known and can't
 *    be had ends the recovery: it must never look like the end of the log.
 */
import { createWriteStream } from 'node:fs';
import {
  chmod,
  chown,
  copyFile,
  link,
  mkdir,
  readdir,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { DarumaError } from '../../../model/errors.ts';
import type { PostgresPointFacts } from '../../../model/recovery-point.ts';
import type { LogStore } from '../../../ports/data-driver.ts';
import type { Account } from '../../run-command.ts';
import { unlessGone } from '../base-files.ts';
import type { LocalFile } from './local-log.ts';
import { type LogFile, readSegmentName, timelineOfHistory } from './log-names.ts';
import { segmentBytesOf, startOf, wayTo } from './reach.ts';

const aheadFiles = 16;
/** The server may ask for the last ones again. */
const behindFiles = 2;
const fetchersMax = 3;
const everyMs = 10;

export interface FeedWork {
  readonly directory: string;
  readonly account: Account | null;
  readonly facts: PostgresPointFacts;
  /** On which the recovery is to end. */
  readonly timeline: number;
  readonly local: ReadonlyMap<string, LocalFile>;
  readonly stored: readonly LogFile[];
  readonly store: LogStore | null;
  /** Only what tells of timelines, so that a new one gets a number of its own. */
  readonly historiesOnly: boolean;
  readonly signal: AbortSignal;
}

export class Feed {
  readonly #work: FeedWork;
  readonly #stored: ReadonlyMap<string, LogFile>;
  /** Not fetched yet, by name, in the order of the log. */
  readonly #ahead: Map<string, LogFile>;
  readonly #underWay = new Set<string>();
  readonly #segmentBytes: number;
  readonly #done: Promise<void>;
  readonly totalBytes: number;
  #asked = 0n;
  #restoredFiles = 0;
  #closed = false;
  #error: unknown = null;

  private constructor(work: FeedWork, stored: Map<string, LogFile>, segments: number) {
    this.#work = work;
    this.#stored = stored;
    this.#ahead = new Map(stored);
    this.#segmentBytes = segmentBytesOf(work.facts);
    this.totalBytes = segments * this.#segmentBytes;
    this.#asked = startOf(work.facts);
    const fetchers = Array.from({ length: fetchersMax }, () => this.#fetch());
    this.#done = Promise.all(fetchers).then(() => undefined);
  }

  /** Null: something has gone since it was listed, to the store perhaps. */
  static async open(work: FeedWork): Promise<Feed | null> {
    const { directory, account, local, stored } = work;
    await rm(directory, { recursive: true, force: true });
    await mkdir(directory, { mode: 0o700 });
    if (account !== null) await chown(directory, account.uid, account.gid);
    const wanted = wantedBy(work);
    const names = new Set<string>();
    for (const [name, { path, final }] of local) {
      // What is stored was checked, what is being written wasn't.
      const isStored = stored.some((file) => file.name === name);
      if (!wanted(name) || (isStored && !final)) continue;
      if (!(await put(path, join(directory, name), final, account))) return null;
      names.add(name);
    }
    const onlyStored = storedOnly(stored, (name) => wanted(name) && !names.has(name));
    for (const name of onlyStored.keys()) names.add(name);
    const list = join(directory, '.names');
    await writeFile(list, [...names, ''].join('\n'));
    // Whatever our umask: what the server may not read would be the end of the log to it.
    await chmod(list, 0o644);
    const segments = [...names].filter((name) => timelineOfHistory(name) === null);
    return new Feed(work, onlyStored, segments.length);
  }

  /** For `sh`, as PostgreSQL's `restore_command`. */
  get command(): string {
    const place = `'${this.#work.directory.replaceAll("'", "'\\''")}'`.replaceAll('%', '%%');
    return [
      `d=${place}`,
      'until test -e "$d/%f"; do test ! -e "$d/.failed" || exit 200; ' +
        // The server waits for this command, even when everybody else is dead.
        `test -d /proc/${process.pid} || exit 200; ` +
        'grep -qxF %f "$d/.names"; case $? in 0) ;; 1) exit 1;; *) exit 200;; esac; ' +
        ': >"$d/.wanted-%f"; sleep 0.02; done',
      'cp "$d/%f" "%p" || exit 200',
    ].join('; ');
  }

  get error(): unknown {
    return this.#error;
  }

  get restoredBytes(): number {
    return this.#restoredFiles * this.#segmentBytes;
  }

  /** The server has got it. */
  restored(name: string): void {
    const segment = readSegmentName(name, this.#segmentBytes);
    if (segment === null) return;
    this.#restoredFiles += 1;
    if (segment.number > this.#asked) this.#asked = segment.number;
    void this.#forget(this.#asked - BigInt(behindFiles));
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#done;
    await rm(this.#work.directory, { recursive: true, force: true });
  }

  async #fetch(): Promise<void> {
    const { directory, signal } = this.#work;
    while (!this.#closed && this.#error === null && this.#stored.size > 0) {
      const file = await this.#next();
      if (file === null) {
        await delay(everyMs);
        continue;
      }
      this.#underWay.add(file.name);
      this.#ahead.delete(file.name);
      try {
        signal.throwIfAborted();
        await this.#fetchOne(file);
        this.#underWay.delete(file.name);
      } catch (error) {
        this.#error ??= error;
        await writeFile(join(directory, '.failed'), '');
      }
    }
  }

  /** What the server waits for, which may be one that it had already; else the next. */
  async #next(): Promise<LogFile | null> {
    const names = await readdir(this.#work.directory);
    const waited = names.flatMap((name) => /^\.wanted-(.*)$/.exec(name)?.[1] ?? []);
    for (const name of waited) {
      const wanted = this.#stored.get(name);
      const comes = names.includes(name) || this.#underWay.has(name);
      if (wanted !== undefined && !comes) return wanted;
    }
    const [first] = this.#ahead.values();
    if (first === undefined) return null;
    const number = readSegmentName(first.name, this.#segmentBytes)?.number ?? 0n;
    return number <= this.#asked + BigInt(aheadFiles) ? first : null;
  }

  async #fetchOne({ key, name }: LogFile): Promise<void> {
    const { directory, store, account } = this.#work;
    if (store === null) throw new DarumaError('INTERNAL', `nobody has ${name}`);
    const fresh = join(directory, `.${name}`);
    await pipeline(await store.read(key), createWriteStream(fresh, { mode: 0o600 }));
    const isSegment = timelineOfHistory(name) === null;
    if (isSegment && (await stat(fresh)).size !== this.#segmentBytes) {
      throw new DarumaError('POINT_DAMAGED', `${key} has not the size of a segment`);
    }
    if (account !== null) await chown(fresh, account.uid, account.gid);
    await rename(fresh, join(directory, name));
    await rm(join(directory, `.wanted-${name}`), { force: true });
  }

  async #forget(before: bigint): Promise<void> {
    const { directory } = this.#work;
    for (const name of (await unlessGone(readdir(directory))) ?? []) {
      const number = readSegmentName(name, this.#segmentBytes)?.number;
      if (number === undefined || number >= before || !this.#stored.has(name)) continue;
      await rm(join(directory, name), { force: true });
    }
  }
}

/** Of the timelines on the way only. */
function wantedBy(work: FeedWork): (name: string) => boolean {
  const { facts, stored, local, timeline, historiesOnly } = work;
  const files = [...stored, ...[...local.values()].map(({ file }) => file)];
  const way = wayTo(facts, files, timeline);
  const bytes = segmentBytesOf(facts);
  return (name) => {
    if (timelineOfHistory(name) !== null) return true;
    const segment = readSegmentName(name, bytes);
    if (segment === null || historiesOnly || segment.number < startOf(facts)) return false;
    return segment.timeline === way(segment.number);
  };
}

/** Rejects when one name stands for two contents. */
function storedOnly(
  stored: readonly LogFile[],
  wanted: (name: string) => boolean,
): Map<string, LogFile> {
  const found = new Map<string, LogFile>();
  // Histories are asked for first; then the number counts, not the timeline.
  const order = ({ name }: LogFile) =>
    timelineOfHistory(name) === null ? `1${name.slice(8)}${name.slice(0, 8)}` : `0${name}`;
  for (const file of stored.toSorted((a, b) => (order(a) < order(b) ? -1 : 1))) {
    if (!wanted(file.name)) continue;
    const other = found.get(file.name);
    if (other !== undefined && other.digest !== file.digest) {
      const text = `there are two different files of the log called ${file.name}: ${other.key} and ${file.key}`;
      throw new DarumaError('REFUSED', text);
    }
    found.set(file.name, file);
  }
  return found;
}

/** A link to what nobody writes into any more, else a copy; false: it is gone. */
async function put(
  from: string,
  to: string,
  final: boolean,
  account: Account | null,
): Promise<boolean> {
  if (final && (await linked(from, to))) return true;
  if ((await unlessGone(copyFile(from, to).then(() => true))) === null) return false;
  if (account !== null) await chown(to, account.uid, account.gid);
  return true;
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch {
    // Of another file system, or gone: a copy tells.
    return false;
  }
}
