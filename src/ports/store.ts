/** The event log. Kept narrow, so that another store (etcd) can take its place. */
import type { ErrorDetail, ErrorMark, ErrorRecord, ErrorReport } from '../model/error-record.ts';
import type { ComponentId, IncidentId } from '../model/ids.ts';
import type { LogRecord, StoredRecord } from '../model/record.ts';

export interface StoredSnapshot {
  /** The last record that it contains. */
  readonly seq: number;
  /** The engine's state as JSON text. */
  readonly state: string;
}

/** How long a record must last: `boot`: until the machine loses its power, so that a kill of this
 * process doesn't lose it; `always`: beyond that. */
export type Lasting = 'boot' | 'always';

export interface Store {
  /** Resolves with the sequence number of the last one once all are durable, in order of the calls;
   * calls in flight share one commit. Rejects with STORE_FAILED when it can't; nothing of that call
   * is then kept. `lasts`, by default `always`: records that last for this `boot` only may resolve
   * before the disk has them; it has them with the next append that lasts, also an empty one. */
  append(
    records: readonly LogRecord[],
    options?: { readonly unrecorded?: boolean; readonly lasts?: Lasting },
  ): Promise<number>;
  /** In order, from `afterSeq` + 1. */
  read(afterSeq: number, limit: number): Promise<readonly StoredRecord[]>;
  latestSnapshot(): Promise<StoredSnapshot | null>;
  /** Keeps the snapshot, then drops records and snapshots beyond the size that was agreed. */
  saveSnapshot(snapshot: StoredSnapshot): Promise<void>;
  /** Counts happenings into error records; many at once, at most one write per second. */
  reportErrors(reports: readonly ErrorReport[]): void;
  /** What was seen of that component since then belongs to the incident. */
  linkErrors(link: {
    readonly incident: IncidentId;
    readonly component: ComponentId;
    readonly since: number;
  }): void;
  /** The most recently seen first. `now`: stack time, by which mutes end. */
  errors(query: { readonly limit: number; readonly now: number }): Promise<readonly ErrorRecord[]>;
  /** Null: no such error is kept. */
  error(id: string, now: number): Promise<ErrorDetail | null>;
  /** Resolves when it is durable; false: no such error is kept. */
  markError(id: string, mark: ErrorMark, by: string, at: number): Promise<boolean>;
  /** Small facts by key (schema version, ports given to instances, boot id). */
  get(key: string): Promise<string | null>;
  set(key: string, value: string): Promise<void>;
  close(): Promise<void>;
}
