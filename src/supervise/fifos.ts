/**
 * Makes FIFOs, all that are wanted at nearly the same time by one process: Node.js can't make them,
 * and to start a process for each is most of what 200 starts cost.
 */
import { execFile } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** Far below what the system takes as arguments. */
const pathsAtOnce = 500;

export class Fifos {
  #wanted = new Set<string>();
  #next: Promise<void> | null = null;
  #last: Promise<unknown> = Promise.resolve();

  /** Resolves when it is there. */
  async ensure(path: string): Promise<void> {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found?.isFIFO() === false) throw new Error(`${path} is in the way of a FIFO`);
    if (found !== undefined) return;
    this.#wanted.add(path);
    this.#next ??= this.#afterLast();
    await this.#next;
  }

  #afterLast(): Promise<void> {
    const next = this.#last.then(() => this.#makeWanted());
    this.#last = next.catch(() => undefined);
    return next;
  }

  async #makeWanted(): Promise<void> {
    await turn();
    const paths = [...this.#wanted].filter((path) => !existsSync(path));
    this.#wanted.clear();
    this.#next = null;
    for (let at = 0; at < paths.length; at += pathsAtOnce) {
      await run('mkfifo', ['-m', '600', ...paths.slice(at, at + pathsAtOnce)]);
    }
  }
}
