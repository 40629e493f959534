/**
 * Slows down whoever guesses passwords: failed logins are counted per account and address, and per
 * account over all addresses. Counts are in memory, so each instance of the API allows as many.
 */
import { Failure } from './failures.ts';

const windowMs = 15 * 60_000;
const perAddressMax = 10;
const perAccountMax = 100;
const keysMax = 50_000;

interface Count {
  failed: number;
  readonly until: number;
}

export class Attempts {
  readonly #counts = new Map<string, Count>();
  readonly #now: () => number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Throws a Failure (429) when there were too many. */
  check(account: string, address: string): void {
    for (const [key, max] of limits(account, address)) {
      const count = this.#counts.get(key);
      if (count === undefined || count.failed < max || count.until <= this.#now()) continue;
      const retryAfter = Math.ceil((count.until - this.#now()) / 1000);
      throw new Failure(429, 'TOO_MANY_ATTEMPTS', 'try again later', { retryAfter });
    }
  }

  failed(account: string, address: string): void {
    for (const [key] of limits(account, address)) {
      const known = this.#counts.get(key);
      const current = known !== undefined && known.until > this.#now();
      const count = current ? known : { failed: 0, until: this.#now() + windowMs };
      count.failed += 1;
      this.#counts.delete(key);
      this.#counts.set(key, count);
    }
    // The oldest go first; maps keep the order of insertion.
    for (const key of this.#counts.keys()) {
      if (this.#counts.size <= keysMax) break;
      this.#counts.delete(key);
    }
  }

  succeeded(account: string, address: string): void {
    const [[key]] = limits(account, address);
    this.#counts.delete(key);
  }
}

function limits(account: string, address: string): [[string, number], [string, number]] {
  return [
    [`${account}\n${address}`, perAddressMax],
    [account, perAccountMax],
  ];
}
