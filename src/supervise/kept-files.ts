/**
 * Small files of the kernel that are read at each exit and kept open in between: to open one takes
 * twice as long as to read it, and whoever is to be started waits for both.
 */
import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { unless } from './system-error.ts';

/** Those beyond are opened for each reading, so that other files can be opened too. */
const keptMax = 500;
const bytesMax = 4096;
/** Also of an open file, when what it belongs to was removed. */
const gone = ['ENOENT', 'ENODEV'];

export class KeptFiles {
  readonly #open = new Map<string, number>();
  readonly #buffer = Buffer.alloc(bytesMax);

  /** The text as it is now, of at most 4 KiB; null: the file is gone. */
  read(path: string): string | null {
    const kept = this.#open.get(path);
    if (kept !== undefined) {
      const text = unless(gone, () => this.#text(kept));
      if (text !== null) return text;
      // Another one may have come in its place.
      this.close(path);
    }
    // To fail takes more than to look first, and most that are asked for are not there.
    const file = existsSync(path) ? unless(gone, () => openSync(path, 'r')) : null;
    if (file === null) return null;
    this.#open.set(path, file);
    try {
      return unless(gone, () => this.#text(file));
    } finally {
      if (this.#open.size > keptMax) this.close(path);
    }
  }

  #text(file: number): string {
    return this.#buffer.toString('latin1', 0, readSync(file, this.#buffer, 0, bytesMax, 0));
  }

  close(path: string): void {
    const file = this.#open.get(path);
    if (file === undefined) return;
    this.#open.delete(path);
    closeSync(file);
  }
}
