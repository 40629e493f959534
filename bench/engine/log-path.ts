/**
 * The write-ahead path as the controller has it: its loop and recorder, the engine, and the store
 * on its thread. An event is through when the records of its step are durable.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { Loop } from '../../src/controller/loop.ts';
import type { EngineEvent } from '../../src/model/event.ts';
import { openStore } from '../../src/store/store.ts';
import type { Stream } from './happenings.ts';

export interface LogPathResult {
  /** Events whose records became durable. */
  readonly perSecond: number;
  /** From its arrival until then. */
  readonly p99Ms: number;
}

/** `inFlight`: so many events are on their way at any time. */
export async function logPath(stream: Stream, inFlight: number): Promise<LogPathResult> {
  const directory = mkdtempSync(`${tmpdir()}/daruma-bench-`);
  const store = await openStore({ file: `${directory}/state.db` });
  try {
    const path = new LogPath([...stream.before, ...stream.events]);
    const loop = await path.open(store);
    await path.give(loop, stream.before.length, inFlight);
    path.tookMs.length = 0;
    const begunAt = performance.now();
    await path.give(loop, stream.events.length, inFlight);
    const lastedMs = performance.now() - begunAt;
    const sorted = path.tookMs.sort((a, b) => a - b);
    const p99Ms = sorted[Math.floor(0.99 * sorted.length)] ?? 0;
    return { perSecond: (1_000 * sorted.length) / lastedMs, p99Ms };
  } finally {
    await store.close();
    rmSync(directory, { recursive: true });
  }
}

class LogPath {
  readonly #events: readonly EngineEvent[];
  /** Of each event that had records, in milliseconds. */
  readonly tookMs: number[] = [];
  readonly #arrivedAt: number[] = [];
  /** Stepped, not yet durable: arrival and how many records. */
  readonly #waiting: { readonly at: number; readonly records: number }[] = [];
  #given = 0;
  #stepped = 0;
  #through = 0;
  #durable = 0;
  #onThrough: () => void = () => undefined;

  constructor(events: readonly EngineEvent[]) {
    this.#events = events;
  }

  open(store: Awaited<ReturnType<typeof openStore>>): Promise<Loop> {
    const ignore = () => undefined;
    const current = () => this.#events[Math.min(this.#stepped, this.#events.length - 1)];
    return Loop.recover({
      store,
      clock: { now: () => current()?.at ?? 0, after: () => ignore },
      random: { next: () => current()?.random ?? 0 },
      notBefore: ignore,
      foresee: ignore,
      run: ignore,
      onStep: (_, records) => this.#onStep(records.length),
      onStored: (records) => this.#onStored(records.length),
    });
  }

  /** Resolves when the next `count` events are through. */
  async give(loop: Loop, count: number, inFlight: number): Promise<void> {
    const until = this.#given + count;
    const done = Promise.withResolvers<void>();
    this.#onThrough = () => {
      while (this.#given < until && this.#given - this.#through < inFlight) {
        const event = this.#events[this.#given];
        this.#given += 1;
        this.#arrivedAt.push(performance.now());
        if (event !== undefined) loop.push(event);
      }
      if (this.#through >= until) done.resolve();
    };
    this.#onThrough();
    await done.promise;
  }

  #onStep(records: number): void {
    const at = this.#arrivedAt[this.#stepped] ?? 0;
    this.#stepped += 1;
    this.#waiting.push({ at, records });
  }

  #onStored(records: number): void {
    const now = performance.now();
    this.#durable += records;
    let count = 0;
    for (const { at, records: own } of this.#waiting) {
      if (own > this.#durable) break;
      this.#durable -= own;
      count += 1;
      if (own > 0) this.tookMs.push(now - at);
    }
    this.#waiting.splice(0, count);
    this.#through += count;
    this.#onThrough();
  }
}
