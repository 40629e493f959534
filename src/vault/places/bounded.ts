/** A place that takes no more than it was allowed, whatever would still fit there. */
import { Readable } from 'node:stream';
import { DarumaError } from '../../model/errors.ts';
import type { Place } from '../../ports/vault.ts';

export class BoundedPlace implements Place {
  readonly name: string;
  readonly #place: Place;
  readonly #bytesMax: number;

  constructor(place: Place, bytesMax: number) {
    this.name = place.name;
    this.#place = place;
    this.#bytesMax = bytesMax;
  }

  list(prefix: string): AsyncIterable<{ readonly key: string; readonly bytes: number }> {
    return this.#place.list(prefix);
  }

  read(key: string): Promise<Readable> {
    return this.#place.read(key);
  }

  async write(key: string, content: Readable, bytes: number | null): Promise<void> {
    const within = Readable.from(this.#within(content, await this.#left()), { objectMode: false });
    await this.#place.write(key, within, bytes);
  }

  remove(key: string): Promise<void> {
    return this.#place.remove(key);
  }

  async free(): Promise<number> {
    const [left, free] = await Promise.all([this.#left(), this.#place.free()]);
    return Math.min(left, free ?? Number.POSITIVE_INFINITY);
  }

  sweep(): Promise<void> {
    return this.#place.sweep();
  }

  async #left(): Promise<number> {
    let left = this.#bytesMax;
    for await (const { bytes } of this.#place.list('')) left -= bytes;
    return Math.max(0, left);
  }

  async *#within(content: Readable, bytesMax: number): AsyncGenerator<Buffer> {
    let bytes = 0;
    for await (const chunk of content) {
      bytes += (chunk as Buffer).length;
      if (bytes > bytesMax) {
        const text = `${this.name} would hold more than the ${this.#bytesMax} bytes it may`;
        throw new DarumaError('PLACE_FULL', text);
      }
      yield chunk as Buffer;
    }
  }
}
