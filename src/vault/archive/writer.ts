/**
 * Makes the content of an archive, as tar, of what a source gives: `data/…` the files that changed,
 * `from/POINT` for each point that holds others, `manifest.json`.
 *
 * 1. A file of which the index knows the stamp is not opened.
 * 2. Files are opened a few ahead, so that small ones don't wait for the disk one by one; all that
 *    were opened are read or closed.
 * 3. What the manifest says of a file is what was written of it.
 */
import type { Readable } from 'node:stream';
import { DarumaError } from '../../model/errors.ts';
import type { ManifestFile, PointId, PointSummary } from '../../model/recovery-point.ts';
import type { OpenSource, SourceEntry } from '../../ports/vault.ts';
import type { IndexedFile } from '../local-index.ts';
import { inOrder, Tally } from './flow.ts';
import { dataMember, fromMember, isSafePath, manifestName, manifestText } from './member-path.ts';
import { tarEnd, tarHeader, tarPadding } from './tar.ts';

const filesAhead = 16;

export interface ArchiveWork {
  readonly id: PointId;
  readonly source: OpenSource;
  /** What earlier points hold, by path. */
  readonly known: ReadonlyMap<string, IndexedFile>;
  /** The summary, of which the source tells a part at its end. */
  readonly summarize: (
    told: Awaited<ReturnType<OpenSource['end']>>['summary'],
    found: { readonly dataBytes: number; readonly needs: readonly PointId[] },
  ) => Omit<PointSummary, 'archive'>;
  readonly onBytes: (bytes: number) => void;
}

/** An entry with what is already known of it, or the stream that it is to be read from. */
type Prepared =
  | { readonly entry: SourceEntry; readonly known: IndexedFile }
  | { readonly entry: SourceEntry; readonly content: Readable | null };

export class ArchiveWriter {
  readonly #work: ArchiveWork;
  readonly #files = new Map<string, ManifestFile>();
  readonly #indexed = new Map<string, IndexedFile>();
  readonly #opened = new Set<Readable>();
  #summary: Omit<PointSummary, 'archive'> | null = null;

  constructor(work: ArchiveWork) {
    this.#work = work;
  }

  /** Once all of `content` was read. */
  get summary(): Omit<PointSummary, 'archive'> {
    if (this.#summary === null) throw new Error('the archive is not complete');
    return this.#summary;
  }

  /** Once all of `content` was read. */
  get indexed(): ReadonlyMap<string, IndexedFile> {
    return this.#indexed;
  }

  async *content(): AsyncGenerator<Buffer> {
    const { source } = this.#work;
    try {
      yield* this.#members(source.entries);
      const end = await source.end();
      yield* this.#members(iterated(end.entries));
      yield* this.#lastMembers(end.summary);
      yield tarEnd;
    } finally {
      for (const content of this.#opened) content.destroy();
    }
  }

  async *#members(entries: AsyncIterable<SourceEntry>): AsyncGenerator<Buffer> {
    for await (const prepared of inOrder(entries, filesAhead, (entry) => this.#prepare(entry))) {
      if (prepared === null) continue;
      if ('known' in prepared) this.#take(prepared.entry, prepared.known);
      else yield* this.#member(prepared.entry, prepared.content);
    }
  }

  /** Null: it is gone. */
  async #prepare(entry: SourceEntry): Promise<Prepared | null> {
    if (!isSafePath(entry.path)) {
      throw new DarumaError('INTERNAL', `a source gave the path ${JSON.stringify(entry.path)}`);
    }
    const known = this.#work.known.get(entry.path);
    const isKnown = known !== undefined && known.stamp === entry.stamp;
    if (isKnown && entry.type === 'file' && known.bytes === entry.bytes) return { entry, known };
    if (entry.open === undefined) return { entry, content: null };
    try {
      const content = await entry.open();
      this.#opened.add(content);
      // Whoever reads it in its turn hears of an error; an event that nobody hears would be thrown.
      content.on('error', () => undefined);
      // Begins to read: a small file is then in memory when its turn comes.
      content.read(0);
      return { entry, content };
    } catch (error) {
      if (error instanceof DarumaError && error.code === 'NOT_FOUND') return null;
      throw error;
    }
  }

  async *#member(entry: SourceEntry, content: Readable | null): AsyncGenerator<Buffer> {
    yield tarHeader({ ...entry, path: dataMember(entry.path) });
    const tally = new Tally();
    if (content !== null) {
      for await (const chunk of content) {
        tally.add(chunk as Buffer);
        this.#work.onBytes((chunk as Buffer).length);
        yield chunk as Buffer;
      }
      this.#opened.delete(content);
    }
    if (tally.bytes !== entry.bytes) {
      const text = `the source gave ${tally.bytes} of ${entry.bytes} bytes of ${entry.path}`;
      throw new DarumaError('INTERNAL', text);
    }
    yield tarPadding(entry.bytes);
    this.#list(entry, entry.type === 'file' ? { sha256: tally.digest() } : {});
  }

  #take(entry: SourceEntry, known: IndexedFile): void {
    this.#work.onBytes(entry.bytes);
    this.#list(entry, { sha256: known.sha256, in: known.in });
  }

  #list(entry: SourceEntry, more: Pick<ManifestFile, 'sha256' | 'in'>): void {
    const { open: _, stamp, ...file } = entry;
    this.#files.set(file.path, { ...file, ...more });
    this.#indexed.delete(file.path);
    if (stamp === undefined || more.sha256 === undefined) return;
    const holder = more.in ?? this.#work.id;
    const { sha256 } = more;
    this.#indexed.set(file.path, { stamp, bytes: file.bytes, sha256, in: holder });
  }

  async *#lastMembers(told: Parameters<ArchiveWork['summarize']>[0]): AsyncGenerator<Buffer> {
    const lists = new Map<PointId, string[]>();
    let dataBytes = 0;
    for (const { path, bytes, in: holder } of this.#files.values()) {
      dataBytes += bytes;
      if (holder === undefined) continue;
      const list = lists.get(holder);
      if (list === undefined) lists.set(holder, [`${dataMember(path)}\0`]);
      else list.push(`${dataMember(path)}\0`);
    }
    const needs = [...lists.keys()].sort();
    this.#summary = this.#work.summarize(told, { dataBytes, needs });
    for (const id of needs) yield* ownMember(fromMember(id), lists.get(id) ?? []);
    yield* ownMember(manifestName, [...manifestText(this.#summary, this.#files.values())]);
  }
}

async function* iterated<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

function* ownMember(path: string, texts: readonly string[]): Generator<Buffer> {
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  yield tarHeader({ path, type: 'file', mode: 0o600, uid: 0, gid: 0, mtimeMs: 0, bytes });
  const textsAtOnce = 1000;
  for (let at = 0; at < texts.length; at += textsAtOnce) {
    yield Buffer.from(texts.slice(at, at + textsAtOnce).join(''));
  }
  yield tarPadding(bytes);
}
