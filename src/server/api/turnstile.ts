/** How many requests one address may send: enough for many browsers, too few to hold others up. */
import { DarumaError } from '../../model/errors.ts';

const perSecond = 2_000;
const burst = 4_000;
const addressesMax = 10_000;

interface Bucket {
  left: number;
  at: number;
}

export class Turnstile {
  readonly #buckets = new Map<string, Bucket>();

  /** Throws TOO_MANY_REQUESTS. */
  pass(address: string): void {
    const now = performance.now();
    const bucket = this.#buckets.get(address) ?? { left: burst, at: now };
    bucket.left = Math.min(burst, bucket.left + ((now - bucket.at) * perSecond) / 1_000) - 1;
    bucket.at = now;
    if (this.#buckets.size >= addressesMax) this.#buckets.clear();
    this.#buckets.set(address, bucket);
    if (bucket.left >= 0) return;
    bucket.left = 0;
    throw new DarumaError('TOO_MANY_REQUESTS', 'too many requests from this address');
  }
}
