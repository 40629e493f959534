/** What is on record of a stack: told by its controller, or by what it left. */
import type { ErrorDetail, ErrorRecord } from '../model/error-record.ts';
import type { StoredRecord } from '../model/record.ts';
import type { IncidentView } from '../model/view.ts';

export interface Account {
  /** Number of the latest record; 0: there is none. */
  lastSeq(): Promise<number>;
  records(after: number, limit: number): Promise<readonly StoredRecord[]>;
  /** Newest first. */
  incidents(limit: number): Promise<readonly IncidentView[]>;
  /** Rejects with NOT_FOUND. */
  incident(id: string): Promise<IncidentView>;
  errors(limit: number): Promise<readonly ErrorRecord[]>;
  /** Rejects with NOT_FOUND. */
  error(id: string): Promise<ErrorDetail>;
}

/** Of a stack that is not running. */
export interface LeftAccount extends Account {
  /** Time of the latest record. */
  readonly lastAt: number;
  close(): Promise<void>;
}
