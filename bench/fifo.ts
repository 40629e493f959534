/**
 * What services say of themselves, one line each, with the moment at which it was read. A service's
 * first act is to write «boot PID», so this is when a new process is there, to a fraction of a
 * millisecond.
 */
import { execFileSync } from 'node:child_process';
import { constants, openSync } from 'node:fs';
import { Socket } from 'node:net';

/** Lines that were read together came one after the other all the same. */
const apartMs = 0.001;

export interface Line {
  /** By `performance.now()`; later than that of the line before. */
  readonly at: number;
  readonly word: string;
  readonly pid: number;
}

export class Fifo {
  readonly path: string;
  readonly lines: Line[] = [];
  readonly #socket: Socket;
  readonly #listeners = new Set<(line: Line) => void>();
  #rest = '';

  constructor(path: string) {
    this.path = path;
    execFileSync('mkfifo', ['-m', '600', path]);
    // Open for writing too, so that it never comes to its end.
    const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    this.#socket = new Socket({ fd, readable: true, writable: false });
    this.#socket.on('data', (chunk: Buffer) => this.#take(chunk.toString('latin1')));
  }

  close(): void {
    this.#socket.destroy();
  }

  /** How many lines with this word came after `at`. */
  count(word: string, at: number): number {
    return this.lines.filter((line) => line.word === word && line.at > at).length;
  }

  /** The first line with this word after `at`, also one that came already. */
  next(word: string, at: number, limitMs: number): Promise<Line> {
    const wanted = (line: Line) => line.word === word && line.at > at;
    const known = this.lines.find(wanted);
    if (known !== undefined) return Promise.resolve(known);
    return new Promise((resolve, reject) => {
      const listener = (line: Line) => {
        if (!wanted(line)) return;
        clearTimeout(timer);
        this.#listeners.delete(listener);
        resolve(line);
      };
      const timer = setTimeout(() => {
        this.#listeners.delete(listener);
        reject(new Error(`no «${word}» within ${limitMs} ms`));
      }, limitMs);
      this.#listeners.add(listener);
    });
  }

  #take(text: string): void {
    const readAt = performance.now();
    const parts = (this.#rest + text).split('\n');
    this.#rest = parts.pop() ?? '';
    for (const part of parts) {
      const [word = '', pid] = part.split(' ');
      const at = Math.max(readAt, (this.lines.at(-1)?.at ?? 0) + apartMs);
      const line = { at, word, pid: Number(pid) };
      this.lines.push(line);
      for (const listener of [...this.#listeners]) listener(line);
    }
  }
}
