/** How many requests an address may send without being anybody that we know: enough for many
 * browsers, too few to hold others up. */
const perSecond = 200;
const burst = 1_000;
const addressesMax = 10_000;

interface Bucket {
  left: number;
  at: number;
}

export class Turnstile {
  readonly #buckets = new Map<string, Bucket>();

  /** False: it is to wait. */
  pass(address: string): boolean {
    const now = Date.now();
    const bucket = this.#bucket(address, now);
    const earned = (Math.max(0, now - bucket.at) * perSecond) / 1_000;
    bucket.left = Math.min(burst, bucket.left + earned);
    bucket.at = now;
    if (bucket.left < 1) return false;
    bucket.left -= 1;
    return true;
  }

  #bucket(address: string, now: number): Bucket {
    const known = this.#buckets.get(address);
    if (known !== undefined) return known;
    if (this.#buckets.size >= addressesMax) this.#buckets.clear();
    const fresh = { left: burst, at: now };
    this.#buckets.set(address, fresh);
    return fresh;
  }
}
