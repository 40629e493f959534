/** Writes one stream to several places at once; a place that fails doesn't hold up the others. */
import { Readable } from 'node:stream';
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
  readonly #queue = new Queue();
  readonly #written: Promise<void>;
  #error: { readonly reason: unknown } | null = null;

  constructor(place: Place, key: string) {
    this.place = place;
    this.#written = this.#write(key);
  }

  get error(): { readonly reason: unknown } | null {
    return this.#error;
  }

  async give(chunk: Buffer): Promise<void> {
    if (this.#error === null) await this.#queue.give(chunk);
  }

  async end(): Promise<void> {
    this.#queue.end(null);
    await this.#written;
  }

  async abandon(reason: unknown): Promise<void> {
    this.#queue.end({ reason });
    await this.#written;
  }

  async #write(key: string): Promise<void> {
    try {
      await this.place.write(key, Readable.from(this.#queue.chunks(), { highWaterMark: 1 }), null);
    } catch (reason) {
      this.#error = { reason };
      this.#queue.forget();
    }
  }
}

/** Hands chunks from one to another as they are, a few ahead. */
class Queue {
  #waiting: Buffer[] = [];
  #bytes = 0;
  #ended = false;
  #failure: { readonly reason: unknown } | null = null;
  #wake: () => void = () => undefined;
  #relieve: () => void = () => undefined;

  /** Resolves when more may be given. */
  async give(chunk: Buffer): Promise<void> {
    this.#waiting.push(chunk);
    this.#bytes += chunk.length;
    this.#wake();
    if (this.#bytes < bufferBytes) return;
    await new Promise<void>((resolve) => {
      this.#relieve = resolve;
    });
  }

  end(failure: { readonly reason: unknown } | null): void {
    this.#ended = true;
    this.#failure = failure;
    this.#wake();
  }

  /** Nobody takes them any more. */
  forget(): void {
    this.#waiting = [];
    this.#bytes = 0;
    this.#relieve();
  }

  async *chunks(): AsyncGenerator<Buffer> {
    for (;;) {
      if (this.#failure !== null) throw this.#failure.reason;
      const next = this.#waiting.shift();
      if (next !== undefined) {
        this.#bytes -= next.length;
        if (this.#bytes < bufferBytes) this.#relieve();
        yield next;
      } else if (this.#ended) {
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}
