/** An answer of the controller, kept for all who want it and asked for anew when it may differ. */
import { setTimeout as pause } from 'node:timers/promises';

const askEveryMs = 100;

interface Answer<T> {
  readonly value: T;
  readonly at: number;
  /** So often had it been spoiled when it was asked for. */
  readonly spoils: number;
}

export class Kept<T> {
  readonly #ask: () => Promise<T>;
  readonly #keptMs: number;
  #last: Answer<T> | null = null;
  #spoils = 0;
  #asking: Promise<T> | null = null;
  /** Of the question on its way: as in its answer; null: it is not on its way yet. */
  #askedFor: number | null = null;
  #askedAt = Number.NEGATIVE_INFINITY;

  /** `keptMs`: so long an answer is good while nothing happens. */
  constructor(ask: () => Promise<T>, keptMs = 5_000) {
    this.#ask = ask;
    this.#keptMs = keptMs;
  }

  /** At most ten times a second it is asked for, however many want it. Never older than what
   * spoiled it last. */
  async get(): Promise<T> {
    const kept = this.#last;
    const isFresh = kept !== null && performance.now() - kept.at < this.#keptMs;
    if (isFresh && kept.spoils === this.#spoils) return kept.value;
    if (this.#asking !== null && this.#askedFor !== null && this.#askedFor !== this.#spoils) {
      const again = (): Promise<T> => this.get();
      return this.#asking.then(again, again);
    }
    this.#asking ??= this.#askAgain().finally(() => {
      this.#asking = null;
      this.#askedFor = null;
    });
    return this.#asking;
  }

  /** Something has happened. */
  spoil(): void {
    this.#spoils += 1;
  }

  /** Something was done just now: whoever did it is to see it, without a wait. */
  touch(): void {
    this.#spoils += 1;
    this.#askedAt = Number.NEGATIVE_INFINITY;
  }

  async #askAgain(): Promise<T> {
    const waitMs = this.#askedAt + askEveryMs - performance.now();
    if (waitMs > 0) await pause(waitMs);
    this.#askedAt = performance.now();
    const spoils = this.#spoils;
    this.#askedFor = spoils;
    const value = await this.#ask();
    this.#last = { value, at: performance.now(), spoils };
    return value;
  }
}
