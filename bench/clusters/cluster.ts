/** A database of one primary and one standby, and where clients reach the primary. */
import type { LedgerTarget } from '../../src/ledger/ledger.ts';

export interface ClusterJob {
  /** Of this contender alone; removed afterwards. Whoever runs PostgreSQL may write to it. */
  readonly directory: string;
  /** Where clients connect. */
  readonly port: number;
  /** For all processes; carries the mark. */
  readonly environment: Readonly<Record<string, string>>;
}

export interface Cluster {
  readonly target: LedgerTarget;
  /** The main process of the primary's PostgreSQL. */
  primary(): Promise<number>;
  /** What dies or stops with it when its whole machine does. */
  node(): Promise<readonly number[]>;
  /** Starts again what a machine starts when it boots. */
  repair(): Promise<void>;
  /** A primary, and a standby that has everything. */
  isWhole(): Promise<boolean>;
  /** Moves the primary's role to the standby; resolves when it was accepted, or is done. */
  switchover(): Promise<void>;
  /** A clean end; whatever is left is killed afterwards. */
  stop(): Promise<void>;
}

export interface ClusterContender {
  readonly name: string;
  readonly version: string;
  /** Resolves when it was started; it may not be whole yet. */
  start(job: ClusterJob): Promise<Cluster>;
}
