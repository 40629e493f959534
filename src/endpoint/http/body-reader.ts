/** Reads the body of a message, by whatever says where it ends. */
import { ChunkReader } from './chunk-reader.ts';
import { chunked, type Framing, untilEnd } from './framing.ts';

export class BodyReader {
  readonly #chunks = new ChunkReader();
  #framing: Framing = 0;
  #left = 0;

  begin(framing: Framing): void {
    this.#framing = framing;
    this.#left = framing;
    if (framing === chunked) this.#chunks.begin();
  }

  get isDone(): boolean {
    if (this.#framing === chunked) return this.#chunks.isDone;
    return this.#left === 0;
  }

  /**
   * Hands the data on that is in `chunk` from `from` on. Returns where it stopped: behind the body,
   * or at the end of `chunk`. −1: it is malformed.
   */
  read(chunk: Buffer, from: number, onData: (data: Buffer) => void): number {
    if (this.#framing === chunked) return this.#chunks.read(chunk, from, onData);
    const end =
      this.#framing === untilEnd ? chunk.length : Math.min(chunk.length, from + this.#left);
    if (this.#framing !== untilEnd) this.#left -= end - from;
    if (end > from) onData(from === 0 && end === chunk.length ? chunk : chunk.subarray(from, end));
    return end;
  }
}
