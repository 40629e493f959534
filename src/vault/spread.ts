/** Writes one stream to several places at once; a place that fails doesn't hold up the others. */
import { once } from 'node:events';
import { PassThrough, type Readable } from 'node:stream';
import type { Place } from '../ports/vault.ts';
import type { Chunks } from './archive/flow.ts';

const bufferBytes = 1 << 20;

export interface Spread {
  readonly stored: readonly Place[];
  readonly failed: readonly { readonly place: Place; readonly error: unknown }[];
}

/** Rejects when `chunks` does; nothing is then left under the key. */
export async function writeToAll(
  places: readonly Place[],
  key: string,
  chunks: Chunks,
): Promise<Spread> {
  const outlets = places.map((place) => new Outlet(place, key));
  try {
    for await (const chunk of chunks) {
      await Promise.all(outlets.map((outlet) => outlet.give(chunk)));
      if (outlets.every(({ error }) => error !== null)) break;
    }
    await Promise.all(outlets.map((outlet) => outlet.end()));
  } catch (error) {
    await Promise.all(outlets.map((outlet) => outlet.abandon(error)));
    throw error;
  }
  return {
    stored: outlets.filter(({ error }) => error === null).map(({ place }) => place),
    failed: outlets.flatMap(({ place, error }) =>
      error === null ? [] : [{ place, error: error.reason }],
    ),
  };
}

class Outlet {
  readonly place: Place;
  readonly #stream = new PassThrough({ highWaterMark: bufferBytes });
  readonly #written: Promise<void>;
  #error: { readonly reason: unknown } | null = null;

  constructor(place: Place, key: string) {
    this.place = place;
    // Whoever reads the stream is told; here it is enough that it has a listener.
    this.#stream.on('error', () => undefined);
    this.#written = this.#write(key, this.#stream);
  }

  get error(): { readonly reason: unknown } | null {
    return this.#error;
  }

  async give(chunk: Buffer): Promise<void> {
    if (this.#error !== null || this.#stream.write(chunk)) return;
    const waiting = new AbortController();
    await Promise.race([
      once(this.#stream, 'drain', { signal: waiting.signal }).catch(() => undefined),
      this.#written,
    ]);
    waiting.abort();
  }

  async end(): Promise<void> {
    this.#stream.end();
    await this.#written;
  }

  async abandon(reason: unknown): Promise<void> {
    this.#stream.destroy(reason instanceof Error ? reason : new Error(String(reason)));
    await this.#written;
  }

  async #write(key: string, content: Readable): Promise<void> {
    try {
      await this.place.write(key, content, null);
    } catch (reason) {
      this.#error = { reason };
      this.#stream.destroy();
    }
  }
}
