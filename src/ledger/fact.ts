/**
 * The ledger: clients write numbered facts through an endpoint and note what was acknowledged.
 * Afterwards what was noted is compared with what is there.
 */

/** One fact as its client saw it. A number is never written twice by its client. */
export interface Fact {
  readonly client: number;
  /** From 1, in the order of writing. */
  readonly number: number;
  /** `acknowledged`: success, and no warning that a wait was cancelled. `unknown`: anything else;
   * it may be there or not. */
  readonly outcome: 'acknowledged' | 'unknown';
  /** Milliseconds since the ledger began. */
  readonly sentAt: number;
  readonly answeredAt: number;
  /** Who took it, as the answer said; null: there was none. */
  readonly by: string | null;
  /** Of an unknown one: why. */
  readonly error: string | null;
}

/** One fact as it is in the database. */
export interface Row {
  readonly client: number;
  readonly number: number;
  /** The server, the origin of its data, epoch and timeline, such as
   * `accounts-3f9a/db.1 of 7312… epoch 2 timeline 2`. */
  readonly by: string;
  /** Milliseconds since 1970 by the server's clock, with fractions. */
  readonly at: number;
}
