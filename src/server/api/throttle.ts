/**
 * Makes guessing passwords slow without shutting anybody out.
 *
 * 1. A place from which this person has logged in before (a device with its cookie, else an
 *    address) has a bucket of its own: what strangers do elsewhere doesn't slow it down.
 * 2. All other places share one bucket per account, and each address has one for all accounts: a
 *    guesser gets no further with many addresses, or many names.
 * 3. The first failures cost nothing; then each doubles the wait, up to a minute. It is never
 *    longer: who comes from a new place while somebody guesses has to be patient, no more.
 */
import type { AccountsDb } from './accounts-db.ts';

const freeFailures = 3;
const firstMs = 1_000;
const longestMs = 60_000;
/** After so long without a failure it begins anew. */
const forgottenMs = 3_600_000;
const bucketsMax = 10_000;
const placesMax = 20;

export interface Attempt {
  /** As typed. */
  readonly name: string;
  /** Null: no such person. */
  readonly user: number | null;
  readonly address: string;
  /** Proven by its cookie. */
  readonly device: string | null;
}

export class Throttle {
  readonly #db: AccountsDb;
  readonly #now: () => number;

  constructor(db: AccountsDb, now: () => number = () => Date.now()) {
    this.#db = db;
    this.#now = now;
  }

  /** Milliseconds until it may be tried; 0: now. */
  waitMs(attempt: Attempt): number {
    const waits = this.#buckets(attempt).map((bucket) => {
      const row = this.#db.get('select until from throttle where bucket = ?', bucket);
      return Number(row?.['until'] ?? 0) - this.#now();
    });
    return Math.max(0, ...waits);
  }

  failed(attempt: Attempt): void {
    const now = this.#now();
    this.#db.transaction(() => {
      this.#db.run('delete from throttle where at < ?', now - forgottenMs);
      for (const bucket of this.#buckets(attempt)) this.#count(bucket, now);
      const sql = `delete from throttle where bucket not in
        (select bucket from throttle order by at desc limit ?)`;
      this.#db.run(sql, bucketsMax);
    });
  }

  /** It was right after all. */
  takeBack(attempt: Attempt): void {
    this.#db.transaction(() => {
      for (const bucket of this.#buckets(attempt)) {
        const own = bucket.startsWith('known:');
        const failures = own ? '0' : 'max(failures - 1, 0)';
        const sql = `update throttle set failures = ${failures}, until = 0 where bucket = ?`;
        this.#db.run(sql, bucket);
      }
    });
  }

  /** With a new password, all places are strange. */
  forgetPlaces(user: number): void {
    this.#db.run('delete from known where user = ?', user);
  }

  /** The place is known from now on. */
  succeeded(attempt: Attempt & { readonly user: number; readonly device: string }): void {
    this.#db.transaction(() => {
      for (const place of [attempt.device, addressPlace(attempt.address)]) {
        const sql = 'insert or replace into known values (?, ?, ?)';
        this.#db.run(sql, attempt.user, place, this.#now());
      }
      const sql = `delete from known where user = ? and place not in
        (select place from known where user = ? order by seen desc limit ?)`;
      this.#db.run(sql, attempt.user, attempt.user, placesMax);
    });
  }

  #buckets({ name, user, address, device }: Attempt): readonly string[] {
    const place = this.#knownPlace(user, address, device);
    if (place !== null) return [`known:${user}:${place}`];
    return [`account:${name.toLowerCase().slice(0, 64)}`, `address:${networkOf(address)}`];
  }

  #knownPlace(user: number | null, address: string, device: string | null): string | null {
    if (user === null) return null;
    const sql = 'select 1 from known where user = ? and place = ?';
    if (device !== null && this.#db.get(sql, user, device) !== undefined) return device;
    const place = addressPlace(address);
    return this.#db.get(sql, user, place) === undefined ? null : place;
  }

  #count(bucket: string, now: number): void {
    const row = this.#db.get('select failures from throttle where bucket = ?', bucket);
    const failures = Number(row?.['failures'] ?? 0) + 1;
    const until = now + delayMs(failures);
    this.#db.run(
      'insert or replace into throttle values (?, ?, ?, ?)',
      bucket,
      failures,
      until,
      now,
    );
  }
}

/** After so many failures in a row. */
export function delayMs(failures: number): number {
  if (failures <= freeFailures) return 0;
  return Math.min(longestMs, firstMs * 2 ** Math.min(failures - freeFailures - 1, 16));
}

function addressPlace(address: string): string {
  return `address ${networkOf(address)}`;
}

/** Whoever has one address of IPv6 has its whole /64. */
function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined || !address.includes(':')) return mapped ?? address;
  const [head = '', tail] = address.split('::');
  const groups = head.split(':').filter((group) => group !== '');
  if (tail !== undefined) {
    const rest = tail.split(':').filter((group) => group !== '');
    while (groups.length + rest.length < 8) groups.push('0');
    groups.push(...rest);
  }
  return `${groups.slice(0, 4).join(':')}::/64`;
}
