/** Streams of bytes as async iterables: nothing is read before somebody wants it. */
import { createHash, type Hash } from 'node:crypto';

export type Chunks = AsyncIterable<Buffer>;

/** Works on up to `width` items at once and gives the results in the order of the items. */
export async function* inOrder<T, R>(
  items: AsyncIterable<T>,
  width: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const pending: Promise<R>[] = [];
  try {
    for await (const item of items) {
      const result = work(item);
      // Awaited below in its turn; until then a rejection must not count as unhandled.
      result.catch(() => undefined);
      pending.push(result);
      if (pending.length >= width) yield (await pending.shift()) as R;
    }
    for (let next = pending.shift(); next !== undefined; next = pending.shift()) yield await next;
  } finally {
    await Promise.allSettled(pending);
  }
}

/**
 * The same bytes in blocks of `blockBytes`, the last one shorter; one empty block for no bytes. A
 * block belongs to whoever got it until it is given back with `done`, after which it is used again.
 */
export class Blocks {
  readonly #blockBytes: number;
  readonly #free: Buffer[] = [];

  constructor(blockBytes: number) {
    this.#blockBytes = blockBytes;
  }

  async *of(chunks: Chunks): AsyncGenerator<Buffer> {
    let block = this.#take();
    let filled = 0;
    let given = 0;
    for await (const chunk of chunks) {
      for (let at = 0; at < chunk.length; ) {
        const copied = chunk.copy(block, filled, at);
        filled += copied;
        at += copied;
        if (filled < this.#blockBytes) continue;
        given += 1;
        yield block;
        block = this.#take();
        filled = 0;
      }
    }
    if (filled > 0 || given === 0) yield block.subarray(0, filled);
  }

  done(block: Buffer): void {
    if (block.length === this.#blockBytes) this.#free.push(block);
  }

  #take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(this.#blockBytes);
  }
}

/** Counts and digests what passes by. */
export class Tally {
  readonly #hash: Hash = createHash('sha256');
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  add(chunk: Uint8Array): void {
    this.#bytes += chunk.length;
    this.#hash.update(chunk);
  }

  /** Once only. */
  digest(): string {
    return this.#hash.digest('hex');
  }

  async *of(chunks: Chunks): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      this.add(chunk);
      yield chunk;
    }
  }
}

/** Bytes asked for by number. */
export class ByteReader {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(chunks: Chunks) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** Null when there are fewer than `bytes` left. */
  async take(bytes: number): Promise<Buffer | null> {
    if (this.#rest.length < bytes && !(await this.#fill(bytes))) return null;
    const taken = this.#rest.subarray(0, bytes);
    this.#rest = this.#rest.subarray(bytes);
    return taken;
  }

  /** What is left when there are fewer. */
  async takeUpTo(bytes: number): Promise<Buffer> {
    return (await this.take(bytes)) ?? (await this.take(this.#rest.length)) ?? this.#rest;
  }

  /** With the line end; null when there is none within `bytesMax`. */
  async takeLine(bytesMax: number): Promise<Buffer | null> {
    for (let searched = 0; ; ) {
      const end = this.#rest.indexOf(0x0a, searched);
      if (end !== -1) return this.take(end + 1);
      searched = this.#rest.length;
      if (searched >= bytesMax || !(await this.#fill(searched + 1))) return null;
    }
  }

  /** Ends early when there are fewer. */
  async *stream(bytes: number): AsyncGenerator<Buffer> {
    for (let left = bytes; left > 0; ) {
      if (this.#rest.length === 0 && !(await this.#fill(1))) return;
      const part = this.#rest.subarray(0, left);
      this.#rest = this.#rest.subarray(part.length);
      left -= part.length;
      yield part;
    }
  }

  /** False when there are fewer. */
  async skip(bytes: number): Promise<boolean> {
    let left = bytes;
    for await (const part of this.stream(bytes)) left -= part.length;
    return left === 0;
  }

  /** Lets go of what it reads from. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  async #fill(bytes: number): Promise<boolean> {
    const parts = [this.#rest];
    let length = this.#rest.length;
    while (length < bytes) {
      const next = await this.#chunks.next();
      if (next.done === true) break;
      parts.push(next.value);
      length += next.value.length;
    }
    this.#rest =
      parts.length === 2 && parts[0]?.length === 0 ? (parts[1] as Buffer) : joined(parts);
    return length >= bytes;
  }
}

function joined(parts: readonly Buffer[]): Buffer {
  return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
}
