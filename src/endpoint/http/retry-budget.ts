/**
 * How many requests may be sent a second time. A share of the requests of about the last ten
 * seconds, and a few in any case: so a faulty instance is made up for, and when all are slow their
 * load grows by that share at most. (As Finagle's RetryBudget, with fading counts for a window.)
 */

const share = 0.2;
const reserve = 20;
const windowMs = 10_000;

export class RetryBudget {
  #requests = 0;
  #retries = 0;
  #at = 0;

  /** `nowMs`: of a clock that doesn't go back. */
  request(nowMs: number): void {
    this.#fade(nowMs);
    this.#requests += 1;
  }

  /** False: there is nothing left. */
  take(nowMs: number): boolean {
    this.#fade(nowMs);
    if (this.#retries + 1 > reserve + share * this.#requests) return false;
    this.#retries += 1;
    return true;
  }

  #fade(nowMs: number): void {
    const passedMs = nowMs - this.#at;
    if (passedMs < windowMs / 100) return;
    const factor = Math.exp(-passedMs / windowMs);
    this.#requests *= factor;
    this.#retries *= factor;
    this.#at = nowMs;
  }
}
