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

/** Bytes asked for by number. What lies in one chunk is not copied. */
export class ByteReader {
  readonly #source: AsyncIterator<Buffer>;
  /** The first is what is left of a chunk. */
  #chunks: Buffer[] = [];
  #available = 0;

  constructor(chunks: Chunks) {
    this.#source = chunks[Symbol.asyncIterator]();
  }

  /** Null when there are fewer than `bytes` left. */
  async take(bytes: number): Promise<Buffer | null> {
    if (this.#available < bytes && !(await this.#fill(bytes))) return null;
    return this.#cut(bytes);
  }

  /** What is left when there are fewer. */
  async takeUpTo(bytes: number): Promise<Buffer> {
    return (await this.take(bytes)) ?? this.#cut(this.#available);
  }

  /** With the line end; null when there is none within `bytesMax`. */
  async takeLine(bytesMax: number): Promise<Buffer | null> {
    for (let searched = 0; searched < bytesMax; ) {
      const rest = this.#cut(this.#available);
      this.#putBack(rest);
      const end = rest.indexOf(0x0a, searched);
      if (end !== -1) return this.#cut(end + 1);
      searched = rest.length;
      if (!(await this.#fill(searched + 1))) return null;
    }
    return null;
  }

  /** Ends early when there are fewer. */
  async *stream(bytes: number): AsyncGenerator<Buffer> {
    for (let left = bytes; left > 0; ) {
      if (this.#available === 0 && !(await this.#fill(1))) return;
      const part = this.#cut(Math.min(left, this.#chunks[0]?.length ?? 0));
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
    await this.#source.return?.();
  }

  async #fill(bytes: number): Promise<boolean> {
    while (this.#available < bytes) {
      const next = await this.#source.next();
      if (next.done === true) return false;
      if (next.value.length === 0) continue;
      this.#chunks.push(next.value);
      this.#available += next.value.length;
    }
    return true;
  }

  /** Bytes that are there. */
  #cut(bytes: number): Buffer {
    this.#available -= bytes;
    const [first = nothing] = this.#chunks;
    if (first.length > bytes) {
      this.#chunks[0] = first.subarray(bytes);
      return first.subarray(0, bytes);
    }
    if (first.length === bytes) {
      this.#chunks.shift();
      return first;
    }
    return this.#gather(bytes);
  }

  #gather(bytes: number): Buffer {
    const gathered = Buffer.allocUnsafeSlow(bytes);
    for (let at = 0; at < bytes; ) {
      const chunk = this.#chunks.shift() ?? nothing;
      const copied = chunk.copy(gathered, at);
      at += copied;
      if (copied < chunk.length) this.#chunks.unshift(chunk.subarray(copied));
    }
    return gathered;
  }

  #putBack(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#chunks.unshift(chunk);
    this.#available += chunk.length;
  }
}

const nothing = Buffer.alloc(0);
