/**
 * How copies of data are made and where they are kept. A source knows one kind of data, a place one
 * kind of storage; the vault in between makes archives of what a source gives and keeps them in
 * places.
 */
import type { Readable } from 'node:stream';
import type { ManifestFile, PointSummary } from '../model/recovery-point.ts';

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
   * that grows is cut. Absent for what is no file. */
  readonly open?: () => Promise<Readable>;
  /** Differs when the content may have changed since the parent; absent: can't be told, so that it
   * is read. Kept with the files in the local index only. */
  readonly stamp?: string;
}

/** A consistent copy under way. */
export interface OpenSource {
  readonly entries: AsyncIterable<SourceEntry>;
  /** After all entries were read: what belongs to the copy and is only known now. */
  end(): Promise<{
    readonly entries: readonly SourceEntry[];
    readonly summary: Pick<PointSummary, 'at' | 'versions' | 'postgres'>;
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
