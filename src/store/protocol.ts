/** What the store and its thread say to each other. Records travel as JSON text. */
import type { ErrorCode } from '../model/errors.ts';

export interface StoreSettings {
  readonly file: string;
  readonly maxRecords: number;
  /** Largest size of the database in pages of 4 KiB, or null: as large as the disk allows. */
  readonly maxPages: number | null;
  /** Each commit takes so much longer: a slow disk, for tests. */
  readonly syncDelayMs: number;
}

export type StoredRow = readonly [seq: number, record: string, unrecorded: 0 | 1];
/** Of an error: the record, a stack that replaces the one that is kept (null: none does), and
 * happenings that are added. */
export type ErrorRow = readonly [
  id: string,
  record: string,
  stack: string | null,
  occurrences: readonly string[],
];

export interface AppendCall {
  readonly kind: 'append';
  readonly records: readonly string[];
  readonly unrecorded: boolean;
  /** The number that the first of them has; those that the log has already are left out. Null: they
   * are new. */
  readonly firstSeq: number | null;
  /** Failed commits that the caller knew of when it asked. */
  readonly failuresSeen: number;
}
export interface SetCall {
  readonly kind: 'set';
  readonly key: string;
  readonly value: string;
}
export interface SnapshotCall {
  readonly kind: 'snapshot';
  readonly seq: number;
  readonly state: string;
}
export interface ErrorsCall {
  readonly kind: 'errors';
  readonly changed: readonly ErrorRow[];
  readonly removed: readonly string[];
  /** Happenings that are kept of each. */
  readonly occurrencesKept: number;
}
export interface OpenCall {
  readonly kind: 'open';
  /** The last record that the caller knows to be in the database; later ones were refused to it.
   * Null: it knows of none yet, all count. */
  readonly lastSeq: number | null;
}

export type CallBody =
  | OpenCall
  | AppendCall
  | SetCall
  | SnapshotCall
  | ErrorsCall
  | { readonly kind: 'read'; readonly afterSeq: number; readonly limit: number }
  | { readonly kind: 'latest-snapshot' }
  | { readonly kind: 'all-errors' }
  | { readonly kind: 'error-detail'; readonly error: string }
  | { readonly kind: 'get'; readonly key: string }
  | { readonly kind: 'close' };

export type CallKind = CallBody['kind'];
export type Call = CallBody & { readonly id: number };

/** What each call is answered with. */
export interface Answers {
  /** The last record's number; 0: there is none. */
  open: number;
  append: number;
  set: null;
  snapshot: null;
  errors: null;
  read: readonly StoredRow[];
  'latest-snapshot': { readonly seq: number; readonly state: string } | null;
  'all-errors': readonly string[];
  /** Happenings: the newest first. */
  'error-detail': { readonly stack: string | null; readonly occurrences: readonly string[] };
  get: string | null;
  close: null;
}

export type Reply =
  | { readonly id: number; readonly ok: true; readonly answer: Answers[CallKind] }
  | {
      readonly id: number;
      readonly ok: false;
      readonly code: ErrorCode;
      readonly message: string;
    };

/** One message to the main thread: the answers to all calls of one commit. */
export interface Replies {
  readonly replies: readonly Reply[];
  /** Commits of records that have failed since the thread started. */
  readonly failures: number;
}
