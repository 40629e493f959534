/**
 * Recovery points: restorable copies of a service's data, and what is said about them between the
 * stack file, the vault, the engine and people.
 *
 * In a place, a point is one archive `SERVICE/ID.tar.zst.age` (without `.age` when it is not
 * encrypted) and its summary `SERVICE/ID.json`. The summary is written last: what has none is no
 * point. It is in the clear and names no file of the service, so that points can be listed, pruned
 * and checked without a private key; the manifest with the files is the archive's last member,
 * `manifest.json`. A point that has a parent holds only what changed since.
 */
import type { CommandSpec } from './command-spec.ts';
import type { ErrorInfo } from './errors.ts';
import type { ActionId, InstanceId, ServiceName } from './ids.ts';

/** `20261121T101500.123Z-4f2a`: when it was begun, UTC, and four characters by chance. They sort by
 * time. */
export type PointId = string;

/** What a service's data is, and so how a copy of it is made and restored. */
export type PointSourceSpec =
  /** The files below these directories. */
  | {
      readonly kind: 'directory';
      readonly paths: readonly string[];
      /** Globs, from each of the paths on, of what is left out. */
      readonly exclude?: readonly string[];
    }
  /** SQLite databases, by its online backup. */
  | { readonly kind: 'sqlite'; readonly files: readonly string[] }
  /** Base copy, and the write-ahead log since, without a gap. */
  | {
      readonly kind: 'postgres';
      /** A segment of the log is kept after this long at the latest. */
      readonly archiveTimeoutMs: number;
    }
  /** `dump` prints the data on standard output, `load` reads it from standard input. */
  | {
      readonly kind: 'command';
      readonly dump: CommandSpec;
      readonly load: CommandSpec;
      readonly timeoutMs: number;
    }
  /** Daruma's own: event log, secrets, what was learned. */
  | { readonly kind: 'state' };

/** Stands for Daruma's own state where points are named by service; no service has this name. */
export const stateService: ServiceName = '_daruma';

/** A symptom of a database's log: it read a page that is not as it was written. */
export const damagedPage = 'damaged page';

export type PlaceSpec = {
  /** `./vault`, or `s3://bucket/prefix`: as it was written, and how people are told of it. */
  readonly name: string;
  /** Most that points may take up there; null: what the place holds. */
  readonly maxBytes: number | null;
} & (
  | {
      readonly kind: 'directory';
      /** Absolute, or, as the default `vault`, from the state directory on. */
      readonly path: string;
    }
  | {
      readonly kind: 's3';
      /** Such as `https://s3.example.org`. */
      readonly endpoint: string;
      readonly bucket: string;
      /** Without slash at either end; may be empty. */
      readonly prefix: string;
      readonly region: string;
      /** Files, or names of environment variables, that hold the two keys: no secret is in a
       * stack, nor in the event log. */
      readonly accessKey: SecretSpec;
      readonly secretKey: SecretSpec;
    }
);

export type SecretSpec =
  | { readonly from: 'environment'; readonly name: string }
  /** Absolute path; a line end at its end doesn't count. */
  | { readonly from: 'file'; readonly path: string };

/** Whom points are encrypted to. */
export type KeySpec =
  /** `age1…` (X25519). */
  | { readonly kind: 'recipient'; readonly recipient: string }
  /** Stands for a key pair whose private half lies in each place, `keys/NAME.age`, encrypted with
   * the passphrase, which is needed once: when that pair is made. */
  | { readonly kind: 'passphrase'; readonly name: string; readonly passphrase: SecretSpec };

/** How many of the newest points are kept that are the last of their hour, day, … (UTC); a point
 * that any rule keeps is kept, and with it all that it needs. */
export interface KeepSpec {
  readonly last: number;
  readonly hourly: number;
  readonly daily: number;
  readonly weekly: number;
  readonly monthly: number;
  /** All that are younger; 0: none for that. */
  readonly withinMs: number;
  /** Nothing younger is removed, but with a person's consent. */
  readonly minAgeMs: number;
}

export interface RecoveryPointsSpec {
  readonly source: PointSourceSpec;
  readonly schedule:
    | { readonly kind: 'every'; readonly ms: number }
    /** Five or six fields, local time. */
    | { readonly kind: 'cron'; readonly pattern: string }
    | null;
  /** `switchover`, `before-destructive`, `shutdown`, or a kind of record. */
  readonly on: readonly string[];
  readonly keep: KeepSpec;
  readonly to: readonly PlaceSpec[];
  /** `all`: each point goes to every place. `room`: to one that has room for it. */
  readonly spread: 'all' | 'room';
  /** Empty: not encrypted. */
  readonly encryptTo: readonly KeySpec[];
  /** Most that making a point may read, bytes per second; null: unlimited. */
  readonly bytesPerSecondMax: number | null;
  /** A point is late when the newest is older. Null: when two in a row were missed. */
  readonly lateAfterMs: number | null;
  /** How long `down` waits for a point of `on: shutdown`. Absent: `shutdownLimitMs`. */
  readonly shutdownLimitMs?: number;
  readonly drill: RestoreDrillSpec | null;
}

/** Unless the stack file says otherwise. */
export const shutdownLimitMs = 600_000;

export interface RestoreDrillSpec {
  readonly schedule: NonNullable<RecoveryPointsSpec['schedule']> | null;
  /** Must succeed on the restored copy: SQL, or a command with `${PORT}`, `${DATA_DIR}`. */
  readonly verify: readonly (
    | { readonly kind: 'sql'; readonly query: string }
    | { readonly kind: 'command'; readonly command: CommandSpec; readonly timeoutMs: number }
  )[];
  /** File with the private keys (age identities), or null: none is needed, or drills are only made
   * by a person who names one. */
  readonly identity: string | null;
}

/** In the clear, beside the archive. */
export interface PointSummary {
  readonly format: 1;
  readonly id: PointId;
  readonly stack: string;
  readonly service: ServiceName;
  readonly kind: PointSourceSpec['kind'];
  /** A person's, or null. */
  readonly name: string | null;
  /** `schedule`, `person`, or the event that asked for it. */
  readonly why: string;
  /** Wall-clock milliseconds: the moment whose data a restore brings back. */
  readonly at: number;
  readonly beganAt: number;
  readonly endedAt: number;
  /** What it holds only the changes of. */
  readonly parent: PointId | null;
  /** Points whose archives hold what this one lacks: it can't be restored without them. Absent:
   * none. */
  readonly needs?: readonly PointId[];
  /** Of Daruma and of what wrote the data. */
  readonly versions: Readonly<Record<string, string>>;
  /** What a restore brings back, in bytes. */
  readonly dataBytes: number;
  readonly archive: {
    /** Its name beside the summary. */
    readonly file: string;
    readonly bytes: number;
    readonly sha256: string;
    readonly encrypted: boolean;
    /** Whom it is encrypted to, as `age1…`; a key's name for a passphrase. */
    readonly recipients: readonly string[];
  };
  readonly postgres?: PostgresPointFacts;
  /** What a person should know of it, such as «2 sockets were left out»; names no file. */
  readonly notes?: readonly string[];
}

export interface PostgresPointFacts {
  readonly version: number;
  readonly systemId: string;
  readonly timeline: number;
  /** Such as `0/3000028`. */
  readonly startLsn: string;
  readonly stopLsn: string;
  /** It was copied from one: the last file of its log is not complete. */
  readonly standby?: true;
  /** Of each file of its log; absent: 16 MiB. */
  readonly segmentBytes?: number;
}

export interface ManifestFile {
  /** Relative, with `/`. */
  readonly path: string;
  readonly type: 'file' | 'directory' | 'link';
  /** Of a link: where it leads. */
  readonly link?: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeMs: number;
  readonly bytes: number;
  /** Of a file. */
  readonly sha256?: string;
  /** The point whose archive holds its bytes; absent: this one. */
  readonly in?: PointId;
}

/** The archive's last member. */
export interface PointManifest {
  readonly summary: Omit<PointSummary, 'archive'>;
  readonly files: readonly ManifestFile[];
}

/** What people see of a point. */
export interface PointView extends PointSummary {
  readonly places: readonly string[];
  readonly proven: PointProof | null;
  /** PostgreSQL: any moment until then can be restored from it; null: its own alone. */
  readonly restorableUntil: number | null;
}

/** What a restore drill found. */
export interface PointProof {
  readonly at: number;
  readonly ok: boolean;
  /** From the decision to a service that answers. */
  readonly restoreMs: number;
  /** What would have been lost, had the service's data been lost at that moment. */
  readonly lossMs: number;
  readonly error: ErrorInfo | null;
  /** What was not tried, and why. */
  readonly notes?: readonly string[];
}

export type RestoreTarget =
  | { readonly kind: 'latest' }
  | { readonly kind: 'point'; readonly point: PointId }
  /** Wall-clock milliseconds. `before`: what happened at that moment is not in it. */
  | { readonly kind: 'time'; readonly at: number; readonly before: boolean }
  /** `before`: what stands at that place in the log is not in it. */
  | { readonly kind: 'lsn'; readonly lsn: string; readonly before?: boolean };

/** What a person is shown before, and what consent is given to. */
export interface RestorePlan {
  readonly service: ServiceName;
  readonly point: PointId;
  /** What is to be asked for with the consent: `latest` of files is the point that was shown. */
  readonly target: RestoreTarget;
  /** The moment that the service goes back to; of a place in the log, the earliest it may be. */
  readonly to: number;
  /** What was written in this time is lost. */
  readonly lossMs: number;
  readonly dataBytes: number;
  /** By the last drill, else by the size; null: nothing is known. */
  readonly expectedMs: number | null;
}

/**
 * Steps of a restore, each ended by `restore-done`. Until `swap` the old data serves.
 * - `prepare`: into a new place beside the data, checked.
 * - `swap`: no instance of the service runs: what is there goes aside, the new takes its place.
 * - `undo`: what was put aside takes its place again.
 * - `confirm`: what was put aside is removed.
 */
export type RestoreStep = 'prepare' | 'swap' | 'undo' | 'confirm';

export interface RestoreCommand {
  readonly kind: 'restore';
  readonly step: RestoreStep;
  readonly service: ServiceName;
  readonly action: ActionId;
  readonly order: RestoreOrder;
}

/** What is to be restored, and into whose data. */
export interface RestoreOrder {
  readonly target: RestoreTarget;
  /** Whose data is replaced; with failover, the primary of the epoch that follows. */
  readonly into: InstanceId;
  /** Paths below the data's roots; empty: everything. */
  readonly only: readonly string[];
  /** Absolute path of a file with private keys; null: that of the restore drill, or none. */
  readonly identity: string | null;
}

export type PointEvent =
  | {
      readonly kind: 'restore-done';
      readonly step: RestoreStep;
      readonly service: ServiceName;
      readonly action: ActionId;
      /** Of a `prepare` that succeeded. */
      readonly plan: RestorePlan | null;
      readonly error: ErrorInfo | null;
    }
  /** Something was done about recovery points that the log is to keep. */
  | ({ readonly kind: 'point' } & PointHappening);

export interface PointHappening {
  readonly service: ServiceName;
  readonly what: 'made' | 'failed' | 'proven' | 'disproven' | 'removed';
  readonly point: PointId | null;
  readonly why: string;
  readonly bytes: number | null;
  readonly ms: number | null;
  readonly error: ErrorInfo | null;
}

export type PointRecord =
  | ({ readonly kind: 'point' } & PointHappening)
  | {
      readonly kind: 'restore-step';
      readonly service: ServiceName;
      readonly action: ActionId;
      readonly step: RestoreStep;
      /** `asked`: it is begun once nothing of the service runs. */
      readonly state: 'asked' | 'begun' | 'done' | 'failed';
      readonly order: RestoreOrder;
      readonly plan: RestorePlan | null;
      readonly error: ErrorInfo | null;
    };
