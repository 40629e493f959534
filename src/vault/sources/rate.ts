/** Holds the reading of a copy to a number of bytes per second, whatever its source is. */
import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type { OpenSource, PointSource, SourceEntry } from '../../ports/vault.ts';

/** What may be read at once after a pause: this much of a second's. */
const burstSeconds = 0.1;

/** The same source, of which all files together are read at most so fast. */
export function limitedSource(source: PointSource, bytesPerSecond: number): PointSource {
  return {
    ...source,
    open: async (signal) => limitedCopy(await source.open(signal), bytesPerSecond, signal),
  };
}

function limitedCopy(copy: OpenSource, bytesPerSecond: number, signal: AbortSignal): OpenSource {
  const pace = new Pace(bytesPerSecond, () => performance.now());
  const limited = (entry: SourceEntry): SourceEntry => {
    const { open } = entry;
    if (open === undefined) return entry;
    const paced = async () =>
      Readable.from(inPace(await open(), pace, signal), { objectMode: false });
    return { ...entry, open: paced };
  };
  return {
    entries: mapped(copy.entries, limited),
    end: async () => {
      const { entries, summary } = await copy.end();
      return { entries: entries.map(limited), summary };
    },
    abort: () => copy.abort(),
  };
}

async function* mapped<T>(items: AsyncIterable<T>, change: (item: T) => T): AsyncGenerator<T> {
  for await (const item of items) yield change(item);
}

async function* inPace(
  content: AsyncIterable<Buffer>,
  pace: Pace,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  for await (const chunk of content) {
    const delayMs = pace.take(chunk.length);
    if (delayMs > 0) await pause(delayMs, undefined, { signal });
    yield chunk;
  }
}

/** When the next bytes may pass. */
export class Pace {
  readonly #bytesPerMs: number;
  readonly #nowMs: () => number;
  /** When all that was taken has had its time. */
  #paidAtMs = Number.NEGATIVE_INFINITY;

  constructor(bytesPerSecond: number, nowMs: () => number) {
    this.#bytesPerMs = bytesPerSecond / 1_000;
    this.#nowMs = nowMs;
  }

  /** Milliseconds to wait before going on with what was just taken. */
  take(bytes: number): number {
    const now = this.#nowMs();
    const from = Math.max(this.#paidAtMs, now - burstSeconds * 1_000);
    this.#paidAtMs = from + bytes / this.#bytesPerMs;
    return Math.max(0, this.#paidAtMs - now);
  }
}
