/** Keeps what the targets' books say, over the end of the controller. */
import type { Store } from '../ports/store.ts';
import { emptyBook, type KeptBook } from './book.ts';

export interface NotifierMemory {
  /** What was kept last; null: nothing. */
  readonly kept: string | null;
  /** May reject. */
  readonly keep: (text: string) => Promise<void>;
}

interface KeptBooks {
  readonly version: 1;
  readonly books: Readonly<Record<string, KeptBook>>;
}

export class Memory {
  readonly #memory: NotifierMemory | null;
  readonly #books: () => Readonly<Record<string, KeptBook>>;
  #changed = false;
  #writing: Promise<void> | null = null;

  constructor(memory: NotifierMemory | null, books: () => Readonly<Record<string, KeptBook>>) {
    this.#memory = memory;
    this.#books = books;
  }

  /** Of each target, by its name. */
  get kept(): Readonly<Record<string, KeptBook>> {
    try {
      const kept = JSON.parse(this.#memory?.kept ?? 'null') as KeptBooks | null;
      return kept?.version === 1 ? kept.books : {};
    } catch {
      // Whatever became of it: people are told of what happens from now on.
      return {};
    }
  }

  /** Of changes while something is written only the last is written. */
  touch(): void {
    this.#changed = true;
    if (this.#memory !== null) this.#writing ??= this.#write(this.#memory);
  }

  /** Resolves when all is kept, or can't be. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  async #write(memory: NotifierMemory): Promise<void> {
    // What changes together is written once.
    await Promise.resolve();
    while (this.#changed) {
      this.#changed = false;
      const kept: KeptBooks = { version: 1, books: this.#books() };
      // What can't be kept now is kept with the next change; the store tells of its disk itself.
      await memory.keep(JSON.stringify(kept)).catch(() => undefined);
    }
    this.#writing = null;
  }
}

export function bookOf(books: Readonly<Record<string, KeptBook>>, name: string): KeptBook {
  return Object.hasOwn(books, name) ? (books[name] ?? emptyBook) : emptyBook;
}

const key = 'notifications';

/** In the stack's store. */
export async function storeMemory(store: Pick<Store, 'get' | 'set'>): Promise<NotifierMemory> {
  // What can't be read is forgotten: people are told of what happens from now on.
  const kept = await store.get(key).catch(() => null);
  return { kept, keep: (text) => store.set(key, text) };
}
