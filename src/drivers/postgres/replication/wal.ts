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
const recordHeaderBytes = 24;
const flags = { continuation: 0x1, long: 0x2, overwritten: 0x8 } as const;

interface Page {
  readonly bytes: Buffer;
  readonly info: number;
  readonly timeline: number;
  readonly headerBytes: number;
}

export class Wal {
  readonly #directory: string;
  readonly #segmentBytes: bigint;
  /** By number. */
  readonly #files: ReadonlyMap<bigint, string>;
  #held: { readonly number: bigint; readonly bytes: Buffer } | null = null;

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
    const from = end - 1n - ((end - 1n) % BigInt(pageBytes));
    const page = await this.#page(from);
    return page === null ? null : page.bytes.subarray(0, Number(end - from));
  }

  /** Null: there is no record at `start`. */
  async endFrom(start: bigint): Promise<WalEnd | null> {
    let end: WalEnd | null = null;
    let at = await this.#recordStart(start);
    let previous: bigint | null = null;
    while (at !== null) {
      const record = await this.#record(at, previous);
      if (record === null) break;
      end = { timeline: record.timeline, position: record.end };
      // What was never finished is nobody's predecessor.
      if (record.end !== at) previous = at;
      at = record.next;
    }
    return end;
  }

  async #record(
    at: bigint,
    previous: bigint | null,
  ): Promise<{ timeline: number; end: bigint; next: bigint | null } | null> {
    const header = Buffer.alloc(recordHeaderBytes);
    if ((await this.#span(at, recordHeaderBytes, header)) === null) return null;
    const length = header.readUInt32LE(0);
    if (length < recordHeaderBytes) return null;
    if (previous !== null && header.readBigUInt64LE(8) !== previous) return null;
    const span = await this.#span(at, length, null);
    if (span === null) return null;
    if (typeof span.end !== 'bigint') {
      // It was never finished; a later start of the server went on behind it.
      return { timeline: span.timeline, end: at, next: span.end.goesOnAt };
    }
    const aligned = (span.end + 7n) & ~7n;
    const isSwitch = header[17] === 0 && ((header[16] ?? 0) & 0xf0) === 0x40;
    const end = isSwitch ? this.#segmentEnd(at) : aligned;
    return { timeline: span.timeline, end, next: await this.#recordStart(end) };
  }

  /** Follows `length` bytes of a record over its pages. Null: not all of it is there. */
  async #span(
    start: bigint,
    length: number,
    into: Buffer | null,
  ): Promise<{ timeline: number; end: bigint | { readonly goesOnAt: bigint } } | null> {
    let [at, done] = [start, 0];
    for (;;) {
      const offset = Number(at % BigInt(pageBytes));
      const page = await this.#page(at - BigInt(offset));
      if (page === null) return null;
      const size = Math.min(pageBytes - offset, length - done);
      if (into !== null) page.bytes.copy(into, done, offset, offset + size);
      done += size;
      const { timeline } = page;
      if (done === length) return { timeline, end: at + BigInt(size) };
      at += BigInt(size);
      const next = await this.#page(at);
      if (next === null) return null;
      const begin = at + BigInt(next.headerBytes);
      if ((next.info & flags.overwritten) !== 0) return { timeline, end: { goesOnAt: begin } };
      if ((next.info & flags.continuation) === 0) return null;
      at = begin;
    }
  }

  /** Behind the header of a page, where a record's place is the start of one. */
  async #recordStart(at: bigint): Promise<bigint | null> {
    if (at % BigInt(pageBytes) !== 0n) return at;
    const page = await this.#page(at);
    return page === null ? null : at + BigInt(page.headerBytes);
  }

  #segmentEnd(at: bigint): bigint {
    return (at / this.#segmentBytes + 1n) * this.#segmentBytes;
  }

  async #page(address: bigint): Promise<Page | null> {
    const segment = await this.#segment(address / this.#segmentBytes);
    if (segment === null) return null;
    const offset = Number(address % this.#segmentBytes);
    const bytes = segment.subarray(offset, offset + pageBytes);
    if (bytes.length < pageBytes || bytes.readBigUInt64LE(8) !== address) return null;
    const info = bytes.readUInt16LE(2);
    const headerBytes = (info & flags.long) === 0 ? 24 : 40;
    return { bytes, info, timeline: bytes.readUInt32LE(4), headerBytes };
  }

  async #segment(number: bigint): Promise<Buffer | null> {
    if (this.#held?.number === number) return this.#held.bytes;
    const name = this.#files.get(number);
    if (name === undefined) return null;
    const bytes = await readWhole(join(this.#directory, name));
    if (bytes !== null) this.#held = { number, bytes };
    return bytes;
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
