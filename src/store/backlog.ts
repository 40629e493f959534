/**
 * Records that are safe from a kill of this process and not yet in the database: in memory, and in
 * a file beside the database that is written without waiting for the disk. For what ends with the
 * machine's power anyway.
 *
 * 1. What `keep` has returned true for is found by the next process, whatever instruction this one
 *    is killed at. After a loss of power it may be missing, but never in part or out of order.
 * 2. The numbers in it go on from those in the database, without a gap: what doesn't is left from
 *    an earlier time and is not taken.
 * 3. The file has its size from the beginning and is written in place, so that a full disk doesn't
 *    matter to it. When it has no more room, or can't be had, nothing is kept.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { DarumaError } from '../model/errors.ts';
import type { StoredRow } from './protocol.ts';

const fileBytes = 256 * 1024;

interface Entry {
  readonly firstSeq: number;
  readonly records: readonly string[];
}

export class Backlog {
  readonly #path: string;
  /** Null: nothing can be kept. */
  #file: number | null = null;
  /** In the file, of an earlier process; null: sorted out. */
  #found: readonly Entry[] | null;
  #firstSeq = 1;
  #records: string[] = [];
  /** Where the next entry begins, in bytes. */
  #end: number;

  /** Throws STORE_FAILED when the file is there and can't be read. */
  constructor(path: string) {
    const { entries, end } = readEntries(path);
    this.#path = path;
    this.#found = entries;
    this.#end = end;
  }

  /** The database is open and ends with this record: takes what was found after it. */
  follow(lastSeq: number): void {
    if (this.#found === null) return;
    this.#file = openForWriting(this.#path);
    const rows = this.#found.flatMap(({ firstSeq, records }) =>
      records.map((record, index) => ({ seq: firstSeq + index, record })),
    );
    this.#found = null;
    const missing = rows.filter(({ seq }) => seq > lastSeq);
    this.#firstSeq = lastSeq + 1;
    if (missing[0]?.seq === lastSeq + 1) this.#records = missing.map(({ record }) => record);
    if (this.#records.length === 0) this.#end = 0;
  }

  /** Null: it is empty. */
  get firstSeq(): number | null {
    return this.#records.length === 0 ? null : this.#firstSeq;
  }

  /** Null: it is empty. */
  get lastSeq(): number | null {
    return this.#records.length === 0 ? null : this.#firstSeq + this.#records.length - 1;
  }

  get records(): readonly string[] {
    return this.#records;
  }

  after(seq: number): StoredRow[] {
    const rows = this.#records.map(
      (record, index): StoredRow => [this.#firstSeq + index, record, 0],
    );
    return rows.filter(([each]) => each > seq);
  }

  /** False: it could not; nothing has changed. */
  keep(firstSeq: number, records: readonly string[]): boolean {
    if (this.#file === null) return false;
    const line = formatEntry({ firstSeq, records });
    if (this.#end + line.length > fileBytes) return false;
    try {
      writeFully(this.#file, line, this.#end);
    } catch {
      // The records go into the database instead; if that fails too, the caller is told.
      return false;
    }
    if (this.#records.length === 0) this.#firstSeq = firstSeq;
    this.#records.push(...records);
    this.#end += line.length;
    return true;
  }

  /** The database has all up to this record. */
  settle(seq: number): void {
    const count = Math.max(0, seq - this.#firstSeq + 1);
    this.#records.splice(0, count);
    this.#firstSeq += count;
    if (this.#records.length === 0) this.#end = 0;
  }

  close(): void {
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null;
  }
}

/** Null: nothing can be kept. */
function openForWriting(path: string): number | null {
  let file: number | null = null;
  try {
    file = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
    const { size } = fstatSync(file);
    if (size < fileBytes) writeFully(file, Buffer.alloc(fileBytes - size), size);
    return file;
  } catch {
    // On a disk that is full or read-only the records go into the database like all others, and
    // whoever writes them is told what ails the disk.
    if (file !== null) closeSync(file);
    return null;
  }
}

function writeFully(file: number, bytes: Buffer, position: number): void {
  const written = writeSync(file, bytes, 0, bytes.length, position);
  if (written < bytes.length) throw new Error(`wrote ${written} of ${bytes.length} bytes`);
}

/** The first ones that are whole and follow each other; after them is what an earlier, longer
 * backlog has left. */
function readEntries(path: string): { entries: Entry[]; end: number } {
  const entries: Entry[] = [];
  let end = 0;
  for (const line of readText(path).split('\n')) {
    const entry = parseEntry(line);
    const last = entries.at(-1);
    const follows = last === undefined || entry?.firstSeq === last.firstSeq + last.records.length;
    if (entry === null || !follows) break;
    entries.push(entry);
    end += Buffer.byteLength(line) + 1;
  }
  return { entries, end };
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw new DarumaError('STORE_FAILED', `can't read ${path}`, { cause: error });
  }
}

function formatEntry({ firstSeq, records }: Entry): Buffer {
  const text = JSON.stringify([firstSeq, records]);
  return Buffer.from(`${checksum(text)} ${text}\n`);
}

/** Null: it is torn, or none. */
function parseEntry(line: string): Entry | null {
  const text = line.slice(9);
  if (line.slice(0, 9) !== `${checksum(text)} `) return null;
  const [firstSeq, records] = JSON.parse(text) as [number, string[]];
  return { firstSeq, records };
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}
