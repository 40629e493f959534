/**
 * The log of a cluster, read from its `pg_wal` without a server: bytes of it, and where it ends.
 *
 * 1. A page counts only when its header says that it is the one looked for: recycled files hold
 *    old pages. Of a segment that is there for several timelines the latest counts.
 * 2. The end that is found is never before the one that PostgreSQL would recover to. It may be
 *    behind it, since checksums of records are not computed: at worst data is copied in vain.
 *
 * The layout is that of PostgreSQL's `access/xlogrecord.h` and `access/xlog_internal.h`.
 */
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';

export interface WalEnd {
  readonly timeline: number;
  /** One past the last byte of the last record. */
  readonly position: bigint;
}

const pageBytes = 8192;
const pageSize = BigInt(pageBytes);
const recordHeaderBytes = 24;
/** Then others have a turn. */
const recordsAtOnce = 5_000;
const flags = { continuation: 0x1, long: 0x2, overwritten: 0x8 } as const;

interface Page {
  readonly address: bigint;
  readonly bytes: Buffer;
  readonly info: number;
  readonly headerBytes: number;
}

export class Wal {
  readonly #directory: string;
  readonly #segmentBytes: bigint;
  /** By number. */
  readonly #files: ReadonlyMap<bigint, string>;
  /** Segments by their start. */
  #held: ReadonlyMap<bigint, Buffer> = new Map();
  #loaded: { readonly start: bigint; readonly last: bigint } | null = null;
  #last: Page | null = null;
  readonly #header = Buffer.alloc(recordHeaderBytes);

  private constructor(directory: string, segmentBytes: bigint, files: Map<bigint, string>) {
    this.#directory = directory;
    this.#segmentBytes = segmentBytes;
    this.#files = files;
  }

  /** Null: there is no log, as in a fresh copy. */
  static async open(data: string): Promise<Wal | null> {
    const directory = join(data, 'pg_wal');
    const names = (await readdir(directory)).filter((name) => /^[0-9A-F]{24}$/.test(name)).sort();
    const segmentBytes = await segmentSize(directory, names);
    if (segmentBytes === null) return null;
    const perFile = 0x1_0000_0000n / segmentBytes;
    // In the order of their names, so that of one number the latest timeline stays.
    const files = names.map((name): [bigint, string] => {
      const [high, low] = [name.slice(8, 16), name.slice(16)];
      return [BigInt(`0x${high}`) * perFile + BigInt(`0x${low}`), name];
    });
    return new Wal(directory, segmentBytes, new Map(files));
  }

  /** The latest that has a file. */
  get timeline(): number {
    const names = [...this.#files.values()].sort();
    return Number.parseInt(names.at(-1)?.slice(0, 8) ?? '0', 16);
  }

  /** From the start of its page to `end`, at least one byte; null: it isn't there. */
  async lastPageUpTo(end: bigint): Promise<Buffer | null> {
    const from = end - 1n - ((end - 1n) % pageSize);
    await this.#load(from);
    const page = this.#page(from);
    return page === null ? null : page.bytes.subarray(0, Number(end - from));
  }

  /** Null: there is no record at `start`. */
  async endFrom(start: bigint): Promise<WalEnd | null> {
    let end: WalEnd | null = null;
    let previous: bigint | null = null;
    await this.#load(start);
    let at = this.#recordStart(start);
    for (let count = 1; at !== null; count += 1) {
      await this.#loadRecord(at);
      if (count % recordsAtOnce === 0) await new Promise((resolve) => setImmediate(resolve));
      const record = this.#record(at, previous);
      if (record === null) break;
      end = { timeline: this.#timelineAt(at), position: record.end };
      // What was never finished is nobody's predecessor.
      if (record.end !== at) previous = at;
      at = record.next;
    }
    return end;
  }

  #record(at: bigint, previous: bigint | null): { end: bigint; next: bigint | null } | null {
    const header = this.#header;
    if (this.#span(at, recordHeaderBytes, header) === null) return null;
    const length = header.readUInt32LE(0);
    if (length < recordHeaderBytes) return null;
    if (previous !== null && header.readBigUInt64LE(8) !== previous) return null;
    const isSwitch = header[17] === 0 && ((header[16] ?? 0) & 0xf0) === 0x40;
    const span = this.#span(at, length, null);
    if (span === null) return null;
    const { end, goesOnAt } = span;
    // It was never finished; a later start of the server went on behind it.
    if (goesOnAt !== null) return { end: at, next: goesOnAt };
    const aligned = (end + 7n) & ~7n;
    // The rest of the segment is empty then.
    const next = isSwitch ? this.#segmentStart(at) + this.#segmentBytes : aligned;
    return { end: aligned, next: this.#recordStart(next) };
  }

  /** Follows `length` bytes of a record over its pages. Null: not all of it is there. */
  #span(
    start: bigint,
    length: number,
    into: Buffer | null,
  ): { end: bigint; goesOnAt: bigint | null } | null {
    let [at, done] = [start, 0];
    let page = this.#page(at - (at % pageSize));
    while (page !== null) {
      const offset = Number(at % pageSize);
      const size = Math.min(pageBytes - offset, length - done);
      if (into !== null) page.bytes.copy(into, done, offset, offset + size);
      done += size;
      at += BigInt(size);
      if (done === length) return { end: at, goesOnAt: null };
      page = this.#page(at);
      if (page === null) return null;
      const begin = at + BigInt(page.headerBytes);
      if ((page.info & flags.overwritten) !== 0) return { end: at, goesOnAt: begin };
      if ((page.info & flags.continuation) === 0) return null;
      at = begin;
    }
    return null;
  }

  /** Behind the header of a page, where a record's place is the start of one. */
  #recordStart(at: bigint): bigint | null {
    if (at % pageSize !== 0n) return at;
    const page = this.#page(at);
    return page === null ? null : at + BigInt(page.headerBytes);
  }

  #page(address: bigint): Page | null {
    if (this.#last?.address === address) return this.#last;
    const segment = this.#held.get(this.#segmentStart(address));
    if (segment === undefined) return null;
    const offset = Number(address % this.#segmentBytes);
    const bytes = segment.subarray(offset, offset + pageBytes);
    if (bytes.length < pageBytes || bytes.readBigUInt64LE(8) !== address) return null;
    const info = bytes.readUInt16LE(2);
    const headerBytes = (info & flags.long) === 0 ? 24 : 40;
    this.#last = { address, bytes, info, headerBytes };
    return this.#last;
  }

  /** A page may have been begun on an earlier one: what counts is the file's name. */
  #timelineAt(address: bigint): number {
    const name = this.#files.get(address / this.#segmentBytes) ?? '0';
    return Number.parseInt(name.slice(0, 8), 16);
  }

  #segmentStart(address: bigint): bigint {
    return address - (address % this.#segmentBytes);
  }

  /** The segments from the one of this address to the one behind that of `to`. */
  async #load(address: bigint, to = address): Promise<void> {
    const [start, last] = [this.#segmentStart(address), this.#segmentStart(to)];
    if (this.#loaded?.start === start && last <= this.#loaded.last) return;
    const held = new Map<bigint, Buffer>();
    for (let at = start; at <= last + this.#segmentBytes; at += this.#segmentBytes) {
      const name = this.#files.get(at / this.#segmentBytes);
      if (name === undefined) continue;
      const bytes = this.#held.get(at) ?? (await readWhole(join(this.#directory, name)));
      if (bytes !== null) held.set(at, bytes);
    }
    this.#held = held;
    this.#loaded = { start, last };
    this.#last = null;
  }

  /** A record may be longer than a segment. */
  async #loadRecord(at: bigint): Promise<void> {
    await this.#load(at);
    const header = this.#header;
    if (this.#span(at, 4, header) === null) return;
    const length = header.readUInt32LE(0);
    // Its pages have headers, which take less than a hundredth.
    if (BigInt(length) > this.#segmentBytes / 2n) {
      await this.#load(at, at + (BigInt(length) * 101n) / 100n);
    }
  }
}

/** It stands in the first page of each segment; one that was just made has none yet. */
async function segmentSize(directory: string, names: readonly string[]): Promise<bigint | null> {
  for (const name of names) {
    const bytes = await readWhole(join(directory, name), 40);
    if (bytes === null || bytes.length < 40) continue;
    const isLong = (bytes.readUInt16LE(2) & flags.long) !== 0;
    if (isLong && bytes.readUInt32LE(36) === pageBytes) return BigInt(bytes.readUInt32LE(32));
  }
  return null;
}

/** Null: a running server has removed it meanwhile. */
async function readWhole(path: string, bytesMax?: number): Promise<Buffer | null> {
  try {
    await using file = await open(path, 'r');
    if (bytesMax === undefined) return await file.readFile();
    const { buffer, bytesRead } = await file.read(Buffer.alloc(bytesMax), 0, bytesMax, 0);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
