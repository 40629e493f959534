/**
 * The files below directories, while they are used.
 *
 * 1. A file that changes while it is read is read again after all others, up to five times, by
 *    itself; one that never holds still is kept as it was read last, and this is noted.
 * 2. Each file is of one moment; that two files agree with each other is not promised.
 * 3. What is neither file, directory nor link (sockets, pipes, devices) is left out, and noted, as
 *    it is that files with several names are kept as several.
 * 4. What can't be read fails the copy: nothing is left out in silence.
 */
import { type BigIntStats, createReadStream, readlinkSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import type { PointSourceSpec } from '../../model/recovery-point.ts';
import type { OpenSource, PointSource, SourceEntry } from '../../ports/vault.ts';
import type { SourceContext } from './context.ts';
import { rootsOf } from './roots.ts';
import { copySteadily, readSteadily, stampOf } from './steady.ts';
import { type Found, present, walk } from './walk.ts';

type DirectorySpec = Extract<PointSourceSpec, { readonly kind: 'directory' }>;

export function directorySource(spec: DirectorySpec, context: SourceContext): PointSource {
  return {
    kind: 'directory',
    incremental: true,
    open: async (signal) => new DirectoryCopy(spec, context, signal),
  };
}

/** Where the copies of files that changed lie until they are in the archive. */
const againDir = 'read-again';

class DirectoryCopy implements OpenSource {
  readonly entries: AsyncIterable<SourceEntry>;
  readonly #context: SourceContext;
  readonly #signal: AbortSignal;
  readonly #beganAt: number;
  readonly #changed = new Map<string, Found>();
  readonly #leftOut = new Map<string, number>();
  #unsteady = 0;
  #severalNames = 0;

  constructor(spec: DirectorySpec, context: SourceContext, signal: AbortSignal) {
    this.#context = context;
    this.#signal = signal;
    this.#beganAt = context.now();
    this.entries = this.#walkAll(spec);
  }

  async *#walkAll({ paths, exclude = [] }: DirectorySpec): AsyncGenerator<SourceEntry> {
    const leaveOut = new Set(this.#context.leaveOut);
    for (const root of rootsOf(paths)) {
      for await (const found of walk(root, { exclude, leaveOut, signal: this.#signal })) {
        const entry = this.#entry(found);
        if (entry !== null) yield entry;
      }
    }
  }

  #entry(found: Found): SourceEntry | null {
    const { path, absolute, stats } = found;
    const facts = factsOf(path, stats);
    if (stats.isDirectory()) return { ...facts, type: 'directory', bytes: 0 };
    if (stats.isSymbolicLink()) {
      const link = present(() => readlinkSync(absolute));
      return link === null ? null : { ...facts, type: 'link', bytes: 0, link };
    }
    if (!stats.isFile()) {
      const kind = specialKind(stats);
      this.#leftOut.set(kind, (this.#leftOut.get(kind) ?? 0) + 1);
      return null;
    }
    if (stats.nlink > 1n) this.#severalNames += 1;
    const onChange = () => void this.#changed.set(path, found);
    const open = () => readSteadily(absolute, stats, this.#context.now, onChange);
    return { ...facts, type: 'file', bytes: Number(stats.size), stamp: stampOf(stats), open };
  }

  async end() {
    const entries: SourceEntry[] = [];
    for (const found of this.#changed.values()) {
      this.#signal.throwIfAborted();
      const entry = await this.#readAgain(found, entries.length);
      if (entry !== null) entries.push(entry);
    }
    const notes = this.#notes();
    const summary = { at: this.#beganAt, versions: {} };
    return { entries, summary: notes.length === 0 ? summary : { ...summary, notes } };
  }

  /** Null: it is gone, and stays in the copy as it was. */
  async #readAgain({ path, absolute }: Found, number: number): Promise<SourceEntry | null> {
    const { scratchDir, now } = this.#context;
    await mkdir(`${scratchDir}/${againDir}`, { recursive: true, mode: 0o700 });
    const copy = `${scratchDir}/${againDir}/${number}`;
    const copied = await copySteadily(absolute, copy, now);
    if (copied === null) return null;
    if (!copied.steady) this.#unsteady += 1;
    const { stats, bytes, steady } = copied;
    return {
      ...factsOf(path, stats),
      type: 'file',
      bytes,
      ...(steady ? { stamp: stampOf(stats) } : {}),
      open: async () => createReadStream(copy),
    };
  }

  #notes(): readonly string[] {
    const left = [...this.#leftOut].map(
      ([kind, count]) => `${plural(count, kind)} ${count === 1 ? 'was' : 'were'} left out`,
    );
    const kept = [
      [this.#unsteady, 'changed each time when read'],
      [this.#severalNames, 'with hard links: each name is a file of its own'],
    ] as const;
    const odd = kept.filter(([count]) => count > 0);
    return [...left, ...odd.map(([count, what]) => `${plural(count, 'file')} ${what}`)];
  }

  async abort(): Promise<void> {
    await rm(`${this.#context.scratchDir}/${againDir}`, { recursive: true, force: true });
  }
}

function factsOf(path: string, stats: BigIntStats) {
  return {
    path,
    mode: Number(stats.mode) & 0o7777,
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    mtimeMs: Number(stats.mtimeMs),
  };
}

function specialKind(stats: BigIntStats): string {
  if (stats.isSocket()) return 'socket';
  return stats.isFIFO() ? 'named pipe' : 'device';
}

function plural(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
