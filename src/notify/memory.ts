/** Keeps what the targets' books say, over the end of the controller. */
import { errorInfo } from '../model/errors.ts';
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

export interface MemoryOptions {
  /** Null: nothing is kept. */
  readonly memory: NotifierMemory | null;
  readonly books: () => Readonly<Record<string, KeptBook>>;
  /** Told why what was kept can't be read: people are told of what happens from now on. */
  readonly onForgotten: (text: string) => void;
}

export class Memory {
  readonly #memory: NotifierMemory | null;
  readonly #books: () => Readonly<Record<string, KeptBook>>;
  /** Of each target, by its name. */
  readonly kept: Readonly<Record<string, KeptBook>>;
  #changed = false;
  #writing: Promise<void> | null = null;

  constructor({ memory, books, onForgotten }: MemoryOptions) {
    this.#memory = memory;
    this.#books = books;
    this.kept = readBooks(memory?.kept ?? null, onForgotten);
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

function readBooks(
  text: string | null,
  onForgotten: (text: string) => void,
): Readonly<Record<string, KeptBook>> {
  try {
    const kept = JSON.parse(text ?? 'null') as KeptBooks | null;
    if (kept === null) return {};
    if (kept.version === 1) return kept.books;
    onForgotten('whom we told of what is forgotten: it was written by another version');
  } catch (error) {
    onForgotten(`whom we told of what is forgotten: ${errorInfo(error).message}`);
  }
  return {};
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
