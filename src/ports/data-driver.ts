/**
 * What a driver knows of its service's data: how a copy of it is made while it is in use, how its
 * log is kept without a gap, and how both become data again at any moment since.
 */
import type { Readable } from 'node:stream';
import type { ErrorInfo } from '../model/errors.ts';
import type { InstanceId, ServiceName } from '../model/ids.ts';
import type { PointSummary, PostgresPointFacts, RestoreTarget } from '../model/recovery-point.ts';
import type { ServiceSpec } from '../model/stack-spec.ts';
import type { PointSource } from './vault.ts';

/** A service as it is now. */
export interface DataScene {
  readonly service: ServiceSpec;
  /** Absolute path of the stack's state directory. */
  readonly stateDir: string;
  /** Those that run, with where they listen. */
  readonly running: readonly { readonly instance: InstanceId; readonly port: number }[];
  /** By the records; it may not run. */
  readonly primary: InstanceId;
  readonly progress: (text: string) => void;
}

/** Where the log is kept, encrypted as the points are. Keys begin with the service's name. */
export interface LogStore {
  list(prefix: string): Promise<readonly string[]>;
  store(key: string, content: Readable): Promise<void>;
  /** Rejects with NOT_FOUND. */
  read(key: string): Promise<Readable>;
  remove(key: string): Promise<void>;
}

export interface LogReport {
  readonly storedFiles: number;
  readonly storedBytes: number;
  /** What waits on this machine to be stored. */
  readonly waitingBytes: number;
  /** Thrown away, since too much was waiting: moments after it need a new point. */
  readonly dropped: readonly string[];
  /** Why the log is not kept as it should be, in a sentence; null: all is well. */
  readonly trouble: ErrorInfo | null;
}

/** From the moment of a point to `until` any can be restored. */
export interface Reach {
  readonly until: number;
  /** Log that is missing although there is some after it, in words. */
  readonly gaps: readonly string[];
}

/** Names of `pg_create_restore_point`, and transactions, besides. */
export type LogTarget =
  | RestoreTarget
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'xid'; readonly xid: string; readonly before: boolean };

export interface RecoverWork {
  /** Holds the files of the point and becomes the data. Other files are made beside it, with its
   * name before theirs, and removed. */
  readonly directory: string;
  /** Settles when the files are there; until then what doesn't need them is made ready. Absent:
   * they are. */
  readonly filesRestored?: Promise<unknown>;
  readonly point: Pick<PointSummary, 'at' | 'postgres'>;
  /** `point`: to the point's own moment, whichever is named. */
  readonly target: LogTarget;
  /** Null: there is none but what the point holds. */
  readonly log: LogStore | null;
  /** Also by the log that is on this machine only: what was acknowledged last is not lost. */
  readonly withLocalLog: boolean;
  readonly signal: AbortSignal;
  readonly onProgress: (done: { readonly bytes: number; readonly total: number | null }) => void;
}

export interface Recovered {
  /** Where in the log it ended. */
  readonly lsn: string;
  /** Of the last transaction that was replayed, wall-clock milliseconds; null: there was none. */
  readonly lastTransactionAt: number | null;
  readonly timeline: number;
}

export type SearchWork = Pick<RecoverWork, 'point' | 'signal' | 'onProgress'> & {
  readonly log: LogStore;
};

/** What one transaction dropped, emptied or wrote anew. */
export interface Dropped {
  /** A restore to just before this place has it all. */
  readonly lsn: string;
  /** Wall-clock milliseconds; null: unknown. */
  readonly at: number | null;
  /** Its name, or its number when that is all that is known. */
  readonly database: string;
  /** How many tables and indexes lost their content; null: the whole database went. */
  readonly files: number | null;
  /** How many it made: with some, it may have emptied others or written them anew. */
  readonly made: number;
}

export interface SearchedLog {
  /** Oldest first. */
  readonly dropped: readonly Dropped[];
  /** Segments that nobody has. */
  readonly missing: readonly string[];
}

/** Restored data that is served for a while, to be looked at. */
export interface ServedCopy {
  readonly port: number;
  /** Of the first row; undefined: there is no row. */
  firstValue(query: string, timeoutMs: number): Promise<unknown>;
  stop(): Promise<void>;
}

export interface Damage {
  /** Null: of data that no instance runs on. */
  readonly instance: InstanceId | null;
  /** Schema and name, in which database; null: unknown. */
  readonly relation: string | null;
  /** Relative to the data; null: not of one file. */
  readonly file: string | null;
  /** From 0 in the relation's fork; null: not of one. */
  readonly block: number | null;
  readonly error: ErrorInfo;
}

export interface CheckLimits {
  readonly signal: AbortSignal;
  /** Most that is read, bytes per second; null: unlimited. */
  readonly bytesPerSecondMax: number | null;
}

export interface DataDriver {
  /** Of a standby that is caught up, where there is one, else of the primary. Its `open` rejects
   * with NOT_RUNNING when neither runs; reading rejects with DATA_DAMAGED at a corrupt page. */
  source(scene: DataScene): PointSource;
  /** Stores the log that servers have put aside. Doesn't reject when the store is gone: that is
   * told. */
  keepLog(scene: DataScene, store: LogStore, signal: AbortSignal): Promise<LogReport>;
  /** Whether any of it waits: a cheap look, that asks no server. */
  logWaits(scene: Pick<DataScene, 'service' | 'stateDir'>): Promise<boolean>;
  /** Where an instance's data lies; there may be nothing yet. */
  dataDirectory(
    scene: Pick<DataScene, 'service' | 'stateDir'>,
    instance: InstanceId,
  ): Promise<string>;
  /** A name that can be restored to: now. */
  nameMoment(
    scene: DataScene,
    name: string,
  ): Promise<{ readonly lsn: string; readonly at: number }>;
  /** By the keys of the log that is stored. */
  reach(point: Pick<PointSummary, 'at' | 'postgres'>, keys: readonly string[]): Reach;
  /** The latest moment that, by the keys, lies before a place in the log. */
  momentBefore(
    point: Pick<PointSummary, 'at' | 'postgres'>,
    keys: readonly string[],
    lsn: string,
  ): number;
  /** Of the keys those that none of the points that are kept needs. */
  unneededLog(kept: readonly PostgresPointFacts[], keys: readonly string[]): readonly string[];
  /** What all keys of a service's log begin with. */
  logPrefix(service: ServiceName): string;
  /** Rejects with REFUSED when the log doesn't reach the target, with the causes of `log` when it
   * can't be read. What is in `directory` then is of no use. */
  recover(scene: DataScene, work: RecoverWork): Promise<Recovered>;
  /** Reads the log from the point on, stored and on this machine. Rejects as `log` does. */
  searchLog(scene: DataScene, work: SearchWork): Promise<SearchedLog>;
  /** Serves restored data beside the real ones: to the same users, on a port of its own. */
  serveCopy(scene: DataScene, directory: string, signal: AbortSignal): Promise<ServedCopy>;
  /** Of each instance that runs: all that is wrong with its pages and, by what the database knows
   * itself, with its indexes. Empty: nothing was found. */
  checkIntegrity(scene: DataScene, limits: CheckLimits): Promise<readonly Damage[]>;
  /** Reads all pages of data that nobody serves. */
  checkFiles(directory: string, limits: CheckLimits): Promise<readonly Damage[]>;
}
