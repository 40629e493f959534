/**
 * Reads the log of an instance, line by line, across rotations: none is lost and none is given
 * twice as long as the reader keeps up with what is kept. Needs no controller.
 */
import { watch } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { listLogFiles, logEnd, logStart, readLogAt } from './log-files.ts';
import { unless } from './system-error.ts';

export interface LogLine {
  readonly text: string;
  /** Offset of its first byte: see log-files.ts. */
  readonly offset: number;
  /** Offset after it: `sinceOffset` to go on with the next line. */
  readonly next: number;
}

export interface ReadLogsOptions {
  /** Begin with the last so many lines. Default: with all that is kept. */
  readonly tail?: number;
  /** Begin at this offset instead. */
  readonly sinceOffset?: number;
  /** Go on as new lines come, until the signal. */
  readonly follow?: boolean;
  readonly signal?: AbortSignal;
}

const blockBytes = 64 * 1024;
/** A longer line is given in pieces. */
export const lineBytesMax = 256 * 1024;
/** Where the system tells of no change (network file systems), a look this often. */
const lookIntervalMs = 500;
const newline = 10;

/** The offset after the last byte of the log, for `sinceOffset`: only what comes from now on. */
export function endOffset(directory: string): number {
  return logEnd(listLogFiles(directory));
}

/** Cuts a stream of bytes into lines. */
class LineCutter {
  #rest: Buffer = Buffer.alloc(0);
  #offset: number;

  constructor(offset: number) {
    this.#offset = offset;
  }

  get next(): number {
    return this.#offset + this.#rest.length;
  }

  /** Bytes before `offset` are no longer kept: what was begun before them has no end. */
  skipTo(offset: number): void {
    this.#rest = Buffer.alloc(0);
    this.#offset = offset;
  }

  *push(bytes: Buffer): Generator<LogLine> {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    for (;;) {
      const end = this.#rest.indexOf(newline);
      if (end !== -1 && end <= lineBytesMax) yield this.#take(end, end + 1);
      else if (this.#rest.length > lineBytesMax) yield this.#take(lineBytesMax, lineBytesMax);
      else return;
    }
  }

  /** A last line that nothing has ended. */
  *flush(): Generator<LogLine> {
    if (this.#rest.length > 0) yield this.#take(this.#rest.length, this.#rest.length);
  }

  #take(textBytes: number, bytes: number): LogLine {
    const text = this.#rest.toString('utf8', 0, textBytes);
    const offset = this.#offset;
    this.#rest = this.#rest.subarray(bytes);
    this.#offset += bytes;
    return { text, offset, next: this.#offset };
  }
}

/** Offset where the last `count` lines begin, at or after `floor`. */
function tailOffset(directory: string, count: number, floor = 0): number {
  const files = listLogFiles(directory);
  const start = Math.max(floor, logStart(files));
  const end = logEnd(files);
  if (count <= 0) return end;
  let lines = -1;
  for (let to = end; to > start; to -= blockBytes) {
    const from = Math.max(start, to - blockBytes);
    const bytes = readFully(directory, from, to);
    for (let at = bytes.length - 1; at >= 0; at -= 1) {
      const endsLine = bytes[at] === newline;
      // The very last byte ends the last line whether or not it is a newline.
      if (endsLine || from + at === end - 1) lines += 1;
      if (endsLine && lines === count) return from + at + 1;
    }
  }
  return start;
}

function readFully(directory: string, from: number, to: number): Buffer {
  const parts: Buffer[] = [];
  for (let at = from; at < to; ) {
    const { offset, bytes } = readLogAt(directory, at, to - at);
    if (bytes.length === 0 || offset >= to) break;
    parts.push(Buffer.alloc(offset - at), bytes);
    at = offset + bytes.length;
  }
  return Buffer.concat(parts);
}

/** The last `count` lines at or after an offset. Reads at most 64 KiB: for a quick look. */
export function lastLines(directory: string, count: number, sinceOffset = 0): readonly string[] {
  const end = endOffset(directory);
  const from = Math.max(sinceOffset, end - blockBytes);
  const bytes = readFully(directory, from, end);
  const start = beginOfLast(bytes, count);
  const cutter = new LineCutter(from + start);
  const lines = [...cutter.push(bytes.subarray(start)), ...cutter.flush()];
  return lines.map(({ text }) => text).slice(-count);
}

/** Where the last `count` lines begin, and a little before when the last one has no end. */
function beginOfLast(bytes: Buffer, count: number): number {
  let start = bytes.length;
  for (let ends = 0; ends <= count && start > 0; ends += 1) {
    start = bytes.lastIndexOf(newline, start - 1);
    if (start === -1) return 0;
  }
  return start === 0 ? 0 : start + 1;
}

function* readAvailable(directory: string, cutter: LineCutter): Generator<LogLine> {
  for (;;) {
    const { offset, bytes } = readLogAt(directory, cutter.next, blockBytes);
    if (bytes.length === 0) return;
    if (offset !== cutter.next) cutter.skipTo(offset);
    yield* cutter.push(bytes);
  }
}

/** Lines in order. Ends when all are given, or with `follow` when the signal comes. */
export async function* readLogs(
  directory: string,
  options: ReadLogsOptions = {},
): AsyncGenerator<LogLine, void> {
  const { tail, sinceOffset, follow = false, signal } = options;
  const begin = sinceOffset ?? (tail === undefined ? 0 : tailOffset(directory, tail));
  const cutter = new LineCutter(begin);
  const changes = follow ? new Changes(directory, signal) : null;
  let turnAt = begin + blockBytes;
  try {
    for (;;) {
      for (const line of readAvailable(directory, cutter)) {
        if (signal?.aborted) return;
        yield line;
        if (line.next < turnAt) continue;
        // What is written faster than it is read has no end; others want their turn.
        await turn();
        turnAt = line.next + blockBytes;
      }
      if (changes === null) break;
      if (!(await changes.next())) return;
    }
    yield* cutter.flush();
  } finally {
    changes?.close();
  }
}

/** Waits for the directory to change: by the system's word, and by a timer for want of it. */
class Changes {
  readonly #directory: string;
  readonly #signal: AbortSignal | undefined;
  #watcher: { close(): void } | null = null;
  #changed = false;
  #wake: (() => void) | null = null;
  readonly #notice = () => {
    this.#changed = true;
    this.#wake?.();
  };

  constructor(directory: string, signal: AbortSignal | undefined) {
    this.#directory = directory;
    this.#signal = signal;
    signal?.addEventListener('abort', this.#notice);
    this.#watch();
  }

  #watch(): void {
    if (this.#watcher !== null) return;
    // ENOSPC, EMFILE: the system has no watches left; the timer alone then does.
    const failures = ['ENOENT', 'ENOSPC', 'EMFILE'];
    this.#watcher = unless(failures, () => {
      const watcher = watch(this.#directory, this.#notice);
      watcher.on('error', () => this.#unwatch());
      return watcher;
    });
  }

  #unwatch(): void {
    this.#watcher?.close();
    this.#watcher = null;
  }

  /** False: the signal came. */
  async next(): Promise<boolean> {
    if (!this.#changed && !this.#signal?.aborted) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        const timer = setTimeout(resolve, lookIntervalMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#wake = null;
    this.#changed = false;
    this.#watch();
    return !this.#signal?.aborted;
  }

  close(): void {
    this.#signal?.removeEventListener('abort', this.#notice);
    this.#unwatch();
    this.#wake?.();
  }
}
