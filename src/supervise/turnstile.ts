/**
 * Lets one through per turn of the event loop. Starting a process blocks for 1 to 2 ms; two hundred
 * at once would hold up every timer and socket for that long together.
 */
export class Turnstile {
  #turning = false;
  readonly #waiting: (() => void)[] = [];

  pass(): Promise<void> {
    if (this.#turning) return new Promise((resolve) => this.#waiting.push(resolve));
    this.#turning = true;
    this.#turnOver();
    return Promise.resolve();
  }

  #turnOver(): void {
    setImmediate(() => {
      const next = this.#waiting.shift();
      if (next === undefined) this.#turning = false;
      else {
        next();
        this.#turnOver();
      }
    });
  }
}
