/** A file of a running server as a stream, its pages checked as they are read. */
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { DarumaError } from '../../../model/errors.ts';
import { unlessGone } from '../base-files.ts';
import { firstBlock, PageCheck } from './page-check.ts';
import { pageBytes } from './page-checksum.ts';

const chunkBytes = 1024 * 1024;
/** A page that is being written is looked at again; nobody takes longer to write one. */
const looksAgain = 3;
const betweenLooksMs = 10;

/** A page whose checksum is wrong, but which the log is said to write anew. */
export interface DoubtfulPage {
  readonly path: string;
  readonly block: number;
  /** Of the last change, in the log. */
  readonly position: bigint;
}

export interface PageRule {
  /** Where the log begins that belongs to the copy; null: nobody writes meanwhile. */
  readonly since: bigint | null;
  /** Hears of each page in whose place the log has another. */
  readonly onDoubt: (page: DoubtfulPage) => void;
  readonly onCorrupt: (path: string, block: number) => void;
}

export function corruptPage(path: string, block: number): DarumaError {
  const from = block * pageBytes;
  const text = `${path}: block ${block} (from byte ${from} of the relation) is corrupt: its checksum is wrong`;
  return new DarumaError('DATA_DAMAGED', text);
}

/** Exactly `bytes` bytes: zeros in place of what is missing. Rejects with NOT_FOUND when it is
 * gone. `rule` null: pages aren't checked. */
export async function openPageFile(
  root: string,
  path: string,
  bytes: number,
  rule: PageRule | null,
): Promise<Readable> {
  const handle = await unlessGone(open(join(root, path), 'r'));
  if (handle === null) throw new DarumaError('NOT_FOUND', `${path} is gone`);
  const block = firstBlock(path);
  return new PageFile(
    handle,
    path,
    bytes,
    rule === null || block === null ? null : { block, rule },
  );
}

interface Pages {
  /** The number of the file's first block. */
  readonly block: number;
  readonly rule: PageRule;
}

class PageFile extends Readable {
  readonly #handle: FileHandle;
  readonly #path: string;
  readonly #bytes: number;
  readonly #pages: Pages | null;
  #at = 0;

  constructor(handle: FileHandle, path: string, bytes: number, pages: Pages | null) {
    super({ highWaterMark: chunkBytes });
    this.#handle = handle;
    this.#path = path;
    this.#bytes = bytes;
    this.#pages = pages;
  }

  override _read(): void {
    this.#next().then(
      (chunk) => this.push(chunk),
      (error: unknown) => this.destroy(error instanceof Error ? error : new Error(String(error))),
    );
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#handle.close().then(
      () => done(error),
      (other: Error) => done(error ?? other),
    );
  }

  async #next(): Promise<Buffer | null> {
    if (this.#at >= this.#bytes) return null;
    const size = Math.min(chunkBytes, this.#bytes - this.#at);
    const chunk = await this.#read(this.#at, size);
    if (this.#pages !== null) await this.#check(chunk, this.#pages.block, this.#pages.rule);
    this.#at += size;
    return chunk;
  }

  async #read(from: number, size: number): Promise<Buffer> {
    const chunk = Buffer.allocUnsafeSlow(size);
    let done = 0;
    while (done < size) {
      const { bytesRead } = await this.#handle.read(chunk, done, size - done, from + done);
      if (bytesRead === 0) return chunk.fill(0, done);
      done += bytesRead;
    }
    return chunk;
  }

  async #check(chunk: Buffer, first: number, rule: PageRule): Promise<void> {
    const check = new PageCheck(chunk);
    for (let page = 0; page < check.pages; page += 1) {
      const block = first + this.#at / pageBytes + page;
      if (check.state(page, block, rule.since) !== 'sound') {
        await this.#lookAgain(chunk, page, block, rule);
      }
    }
  }

  async #lookAgain(chunk: Buffer, page: number, block: number, rule: PageRule): Promise<void> {
    const offset = page * pageBytes;
    for (let look = 0; look < looksAgain; look += 1) {
      const read = await this.#read(this.#at + offset, pageBytes);
      const check = new PageCheck(read);
      const state = check.state(0, block, rule.since);
      read.copy(chunk, offset);
      if (state === 'sound') return;
      if (state === 'newer') {
        rule.onDoubt({ path: this.#path, block, position: check.position(0) });
        return;
      }
      await delay(betweenLooksMs);
    }
    rule.onCorrupt(this.#path, block);
  }
}
