/**
 * Work on recovery points is done by a process of its own (`src/vault-main.ts`), one job each: it
 * reads one line of JSON from its standard input, writes lines of JSON to its standard output, and
 * ends when its standard input does, so that it never outlives whoever started it.
 */
import { DarumaError, type ErrorInfo } from '../model/errors.ts';
import type { ActionId, InstanceId, ServiceName } from '../model/ids.ts';
import type {
  PointId,
  PointProof,
  PointView,
  RestoreOrder,
  RestorePlan,
  RestoreStep,
  RestoreTarget,
} from '../model/recovery-point.ts';
import type { StackSpec } from '../model/stack-spec.ts';
import type { Damage, SearchedLog } from './data-driver.ts';
import type { MadePoint, PlaceError, PrunedPoints } from './vault.ts';

/** What a job is about, and what runs now. */
export interface JobScene {
  readonly spec: StackSpec;
  /** Or `stateService`. */
  readonly service: ServiceName;
  /** Absolute. */
  readonly stateDir: string;
  readonly version: string;
  readonly running: readonly { readonly instance: InstanceId; readonly port: number | null }[];
  /** By the records; it may not run. */
  readonly primary: InstanceId;
}

/** Absolute path of a file with private keys; null: that of the stack file, or none. */
type Identity = string | null;

export type JobWork =
  | { readonly kind: 'make'; readonly name: string | null; readonly why: string }
  | { readonly kind: 'list' }
  | {
      readonly kind: 'plan';
      readonly target: RestoreTarget;
      readonly now: number;
      /** Absolute; empty or absent: everything. */
      readonly only?: readonly string[];
    }
  /** Null: everything that the vault has of the service. */
  | { readonly kind: 'verify'; readonly point: PointId | null; readonly identity: Identity }
  | { readonly kind: 'prune'; readonly dryRun: boolean; readonly consent: boolean }
  | {
      readonly kind: 'restore';
      readonly step: RestoreStep;
      readonly action: ActionId;
      readonly order: RestoreOrder;
    }
  /** Into a directory that is not there yet. */
  | {
      readonly kind: 'copy';
      readonly target: RestoreTarget;
      readonly directory: string;
      readonly only: readonly string[];
      readonly identity: Identity;
    }
  | { readonly kind: 'drill'; readonly point: PointId | null; readonly identity: Identity }
  /** What the log says was dropped since then, wall-clock milliseconds. */
  | { readonly kind: 'search-log'; readonly since: number; readonly identity: Identity }
  /** Ends when no log waits any more. */
  | { readonly kind: 'keep-log' }
  | { readonly kind: 'check' }
  /** What is stored is encrypted anew, to those that the stack file names now. */
  | { readonly kind: 'rekey'; readonly identity: Identity };

/** Somebody waits for it: it gives way to nobody. */
export function isUrgent({ kind }: JobWork): boolean {
  return kind === 'restore' || kind === 'copy' || kind === 'search-log';
}

export interface JobResults {
  readonly make: MadePoint & {
    readonly pruned: PrunedPoints;
    /** Of a standby, so that the primary was copied; null: none was met. */
    readonly damage: ErrorInfo | null;
  };
  readonly list: {
    readonly points: readonly PointView[];
    readonly problems: readonly PlaceError[];
  };
  readonly plan: RestorePlan;
  readonly verify: readonly PlaceError[];
  readonly prune: PrunedPoints;
  readonly restore: { readonly plan: RestorePlan | null };
  readonly copy: { readonly point: PointId; readonly directory: string; readonly at: number };
  readonly drill: { readonly point: PointId; readonly proof: PointProof };
  readonly 'search-log': SearchedLog;
  readonly 'keep-log': { readonly trouble: ErrorInfo | null };
  readonly check: readonly Damage[];
  readonly rekey: { readonly done: readonly string[]; readonly problems: readonly PlaceError[] };
}

export interface JobProgress {
  /** In a word or two, such as «reading». */
  readonly stage: string;
  readonly bytes: number;
  readonly total: number | null;
}

export type JobMessage =
  | ({ readonly kind: 'progress' } & JobProgress)
  | { readonly kind: 'done'; readonly result: unknown }
  | { readonly kind: 'failed'; readonly error: ErrorInfo };

export interface JobRequest {
  readonly scene: JobScene;
  readonly work: JobWork;
}

export interface JobHow {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: JobProgress) => void;
}

/** Its process ended before it had told how it went: the same job may be done again. */
export class JobEnded extends DarumaError {}

/** Resolves with the job's result; rejects with its error, or with JobEnded. */
export type RunJob = <W extends JobWork>(
  scene: JobScene,
  work: W,
  how?: JobHow,
) => Promise<JobResults[W['kind']]>;
