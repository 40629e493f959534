/**
 * How copies of data are made and where they are kept. A source knows one kind of data, a place one
 * kind of storage; the vault in between makes archives of what a source gives and keeps them in
 * places.
 */
import type { Readable } from 'node:stream';
import type { ErrorInfo } from '../model/errors.ts';
import type { ServiceName } from '../model/ids.ts';
import type {
  ManifestFile,
  PointId,
  PointSummary,
  RecoveryPointsSpec,
} from '../model/recovery-point.ts';

/** What lies in a place, by its key (`SERVICE/ID.tar.zst.age`). */
export interface Place {
  readonly name: string;
  /** In the order of keys. Nothing half written is listed. */
  list(prefix: string): AsyncIterable<{ readonly key: string; readonly bytes: number }>;
  /** Rejects with NOT_FOUND when there is none. */
  read(key: string): Promise<Readable>;
  /** All or nothing: seen under its key only when everything is there. Replaces what was there. */
  write(key: string, content: Readable, bytes: number | null): Promise<void>;
  /** Nothing happens when there is none. */
  remove(key: string): Promise<void>;
  /** What may still be written, in bytes; null: unknown. */
  free(): Promise<number | null>;
  /** Removes what writes that were broken off have left. */
  sweep(): Promise<void>;
}

/** One file, directory or link of a copy, in an order in which they can be restored. */
export interface SourceEntry extends Omit<ManifestFile, 'sha256' | 'in'> {
  /** The bytes, exactly `bytes` of them: a file that shrinks meanwhile is filled with zeros, one
   * that grows is cut. Absent for what is no file. Rejects with NOT_FOUND when the file is gone
   * since it was listed: it is then left out. */
  readonly open?: () => Promise<Readable>;
  /** Differs when the content may have changed since the parent; absent: can't be told, so that it
   * is read. Kept with the files in the local index only. */
  readonly stamp?: string;
}

/** A consistent copy under way. */
export interface OpenSource {
  readonly entries: AsyncIterable<SourceEntry>;
  /** After all entries were read: what belongs to the copy and is only known now. An entry with
   * the path of an earlier one takes its place. */
  end(): Promise<{
    readonly entries: readonly SourceEntry[];
    readonly summary: Pick<PointSummary, 'at' | 'versions' | 'postgres' | 'notes'>;
  }>;
  /** Nothing is left of it at the service. Idempotent. */
  abort(): Promise<void>;
}

export interface PointSource {
  readonly kind: PointSummary['kind'];
  /** Whether a point may hold only the files that changed since its parent. */
  readonly incremental: boolean;
  open(signal: AbortSignal): Promise<OpenSource>;
}

/** Of which service the points are, and what the vault works with. */
export interface VaultContext {
  readonly stack: string;
  readonly service: ServiceName;
  readonly spec: RecoveryPointsSpec;
  /** What was in the last points, below the state directory; when it is lost the next point is a
   * full one. */
  readonly indexDir: string;
  /** For temporary files of this service's points; emptied by a sweep. */
  readonly scratchDir: string;
  /** Daruma's. */
  readonly version: string;
}

export interface PlaceError {
  /** The place's name. */
  readonly place: string;
  /** What it is about; null: the place as a whole. */
  readonly key: string | null;
  readonly error: ErrorInfo;
}

export interface MadePoint {
  readonly summary: PointSummary;
  /** Names of the places that have it. */
  readonly stored: readonly string[];
  /** Places that should have it and don't. */
  readonly failed: readonly PlaceError[];
  /** Places where the next full point will find no room, by the size of the last. */
  readonly foreseen: readonly PlaceError[];
}

export type ListedPoint = PointSummary & { readonly places: readonly string[] };

export interface PointList {
  /** Oldest first. */
  readonly points: readonly ListedPoint[];
  /** Places that can't be read, and summaries that are damaged. */
  readonly problems: readonly PlaceError[];
}

export interface PrunedPoints {
  readonly removed: readonly PointId[];
  /** Oldest first, each with the rules that keep it in a few words. */
  readonly kept: readonly { readonly id: PointId; readonly why: string }[];
  readonly problems: readonly PlaceError[];
}

export interface Progress {
  /** Of the data, not of what is stored. */
  readonly bytes: number;
  readonly total: number | null;
}
