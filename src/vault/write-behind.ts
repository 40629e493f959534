/**
 * Writes files while the next ones are read: the thread pool copies to the page cache what was
 * digested here. Of each file one piece at a time, and a few MiB at most are under way.
 */
import { closeSync, write } from 'node:fs';
import { promisify } from 'node:util';

const writeSome = promisify(write);
const underWayMaxBytes = 8 << 20;

export class WriteBehind {
  readonly #files = new Set<Promise<void>>();
  #underWayBytes = 0;
  #failure: { readonly reason: unknown } | null = null;
  #wake: () => void = () => undefined;

  /** Writes to an open file from its start on, and closes it at its end; one file after the other.
   * Rejects with the failure of `chunks`, or of any earlier write. */
  async file(descriptor: number, chunks: AsyncIterable<Buffer> | Iterable<Buffer>): Promise<void> {
    let last: Promise<void> = Promise.resolve();
    try {
      for await (const chunk of chunks) {
        last = last.then(() => this.#write(descriptor, chunk));
        this.#underWayBytes += chunk.length;
        while (this.#underWayBytes > underWayMaxBytes) await this.#room();
        this.#throwFailure();
      }
    } finally {
      const closed = last.then(() => this.#close(descriptor));
      this.#files.add(closed);
      void closed.then(() => this.#files.delete(closed));
    }
  }

  /** Resolves when nothing is under way. Rejects with what failed first. */
  async end(): Promise<void> {
    await Promise.all(this.#files);
    this.#throwFailure();
  }

  async #write(descriptor: number, chunk: Buffer): Promise<void> {
    try {
      for (let at = 0; at < chunk.length && this.#failure === null; ) {
        const { bytesWritten } = await writeSome(descriptor, chunk, at);
        at += bytesWritten;
      }
    } catch (reason) {
      this.#failure ??= { reason };
    }
    this.#underWayBytes -= chunk.length;
    this.#wake();
  }

  #close(descriptor: number): void {
    try {
      closeSync(descriptor);
    } catch (reason) {
      this.#failure ??= { reason };
    }
  }

  #room(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #throwFailure(): void {
    if (this.#failure !== null) throw this.#failure.reason;
  }
}
