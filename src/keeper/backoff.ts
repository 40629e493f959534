/** When to start again what died: at once, and later and later when it dies young. */
const youngMs = 5_000;
const firstMs = 100;
const longestMs = 5_000;

export class Backoff {
  #deathsInARow = 0;

  /** Milliseconds to wait, with full jitter; `livedMs`: how long it had lived. */
  next(livedMs: number): number {
    if (livedMs >= youngMs) this.#deathsInARow = 0;
    const ceilingMs = Math.min(longestMs, firstMs * 2 ** (this.#deathsInARow - 1));
    const delayMs = this.#deathsInARow === 0 ? 0 : Math.random() * ceilingMs;
    this.#deathsInARow = Math.min(this.#deathsInARow + 1, 16);
    return delayMs;
  }
}
