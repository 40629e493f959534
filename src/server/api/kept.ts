/** An answer of the controller, kept for all who want it and asked for anew when it may differ. */
import { setTimeout as pause } from 'node:timers/promises';

const askEveryMs = 100;

export class Kept<T> {
  readonly #ask: () => Promise<T>;
  readonly #keptMs: number;
  #last: { readonly value: T; readonly at: number } | null = null;
  #isStale = true;
  #asking: Promise<T> | null = null;
  #askedAt = Number.NEGATIVE_INFINITY;

  /** `keptMs`: so long an answer is good while nothing happens. */
  constructor(ask: () => Promise<T>, keptMs = 5_000) {
    this.#ask = ask;
    this.#keptMs = keptMs;
  }

  /** As it was last, however old; null: it was never asked for. */
  get last(): T | null {
    return this.#last?.value ?? null;
  }

  /** At most ten times a second it is asked for, however many want it. */
  async get(): Promise<T> {
    const kept = this.#last;
    const isFresh = kept !== null && performance.now() - kept.at < this.#keptMs;
    if (isFresh && !this.#isStale) return kept.value;
    this.#asking ??= this.#askAgain().finally(() => {
      this.#asking = null;
    });
    return this.#asking;
  }

  /** Something has happened. */
  spoil(): void {
    this.#isStale = true;
  }

  /** Something was done just now: whoever did it is to see it, without a wait. */
  touch(): void {
    this.#isStale = true;
    this.#askedAt = Number.NEGATIVE_INFINITY;
  }

  async #askAgain(): Promise<T> {
    const waitMs = this.#askedAt + askEveryMs - performance.now();
    if (waitMs > 0) await pause(waitMs);
    this.#askedAt = performance.now();
    this.#isStale = false;
    try {
      const value = await this.#ask();
      this.#last = { value, at: performance.now() };
      return value;
    } catch (error) {
      this.#isStale = true;
      throw error;
    }
  }
}
