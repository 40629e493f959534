/**
 * The files of one instance's log, seen as one endless sequence of bytes.
 *
 *     0000000000000000-0000000000012288.log   archive of the bytes [0, 12288)
 *     0000000000012288-0000000000024576.log
 *     live.0000000000000000.log               the file the instance writes to; begins at byte 0
 *
 * 1. An offset counts from the first byte that the instance ever wrote, and keeps its meaning.
 * 2. What an archive holds is read from the archive: in the live file that range may be a hole.
 * 3. There is at least one archive once anything was archived: the end of the last one says how far
 *    the live file is archived.
 */
import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { unless } from './system-error.ts';

export interface Archive {
  readonly path: string;
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
}

export interface LiveFile {
  readonly path: string;
  /** Offset of its first byte. */
  readonly base: number;
  /** Offset after its last byte. */
  readonly end: number;
}

export interface LogFiles {
  /** Oldest first. */
  readonly archives: readonly Archive[];
  /** Oldest first; the last one is in use, one before it was not yet put away. */
  readonly live: readonly LiveFile[];
}

const digits = (offset: number) => String(offset).padStart(16, '0');

export function archivePath(directory: string, from: number, to: number): string {
  return join(directory, `${digits(from)}-${digits(to)}.log`);
}

export function livePath(directory: string, base: number): string {
  return join(directory, `live.${digits(base)}.log`);
}

/** Size in bytes; null: it is gone. */
export function sizeOf(path: string): number | null {
  return unless(['ENOENT'], () => statSync(path).size);
}

export function listLogFiles(directory: string): LogFiles {
  const names = unless(['ENOENT'], () => readdirSync(directory)) ?? [];
  const archives: Archive[] = [];
  const live: LiveFile[] = [];
  for (const name of names.sort()) {
    const path = join(directory, name);
    const archive = /^(\d{16})-(\d{16})\.log$/.exec(name);
    if (archive !== null) archives.push({ path, from: Number(archive[1]), to: Number(archive[2]) });
    const base = /^live\.(\d{16})\.log$/.exec(name)?.[1];
    const size = base === undefined ? null : sizeOf(path);
    if (size !== null) live.push({ path, base: Number(base), end: Number(base) + size });
  }
  return { archives, live };
}

/** How far the live file is archived: the offset of the first byte that only it has. */
export function archivedUpTo(files: LogFiles, live: LiveFile): number {
  return Math.max(live.base, files.archives.at(-1)?.to ?? 0);
}

/** Offset after the last byte written. */
export function logEnd(files: LogFiles): number {
  return Math.max(files.live.at(-1)?.end ?? 0, files.archives.at(-1)?.to ?? 0);
}

/** Offset of the oldest byte that is still kept. */
export function logStart(files: LogFiles): number {
  return files.archives[0]?.from ?? files.live[0]?.base ?? 0;
}

/** At most `length` bytes from `position`; null: the file is gone. */
export function readPart(path: string, position: number, length: number): Buffer | null {
  const fd = unless(['ENOENT'], () => openSync(path, 'r'));
  if (fd === null) return null;
  try {
    const buffer = Buffer.allocUnsafe(length);
    return buffer.subarray(0, readSync(fd, buffer, 0, length, position));
  } finally {
    closeSync(fd);
  }
}

export interface LogChunk {
  /** Later than asked for when what was before is no longer kept. */
  readonly offset: number;
  /** Empty: there is nothing further yet. */
  readonly bytes: Buffer;
}

/** Reads on from an offset, at most `length` bytes, while the instance writes and files rotate. */
export function readLogAt(directory: string, offset: number, length: number): LogChunk {
  for (;;) {
    const files = listLogFiles(directory);
    const start = Math.max(offset, logStart(files));
    const chunk = readFrom(files, start, length);
    if (chunk === null) continue;
    // The rotation names an archive before it makes a hole of the range: bytes of the live file
    // count only if no archive has come to hold any of them meanwhile.
    const archived = listLogFiles(directory).archives.at(-1)?.to ?? 0;
    if (chunk.from !== 'live' || archived <= start) return chunk;
  }
}

/** Null: a file went away; look again. */
function readFrom(
  files: LogFiles,
  start: number,
  length: number,
): (LogChunk & { readonly from: 'archive' | 'live' | 'nowhere' }) | null {
  const archive = files.archives.find(({ from, to }) => from <= start && start < to);
  if (archive !== undefined) {
    const available = Math.min(length, archive.to - start);
    const bytes = readPart(archive.path, start - archive.from, available);
    return bytes === null ? null : { offset: start, bytes, from: 'archive' };
  }
  const live = files.live.findLast(({ base }) => base <= start);
  if (live === undefined) return { offset: start, bytes: Buffer.alloc(0), from: 'nowhere' };
  const bytes = readPart(live.path, start - live.base, length);
  return bytes === null ? null : { offset: start, bytes, from: 'live' };
}
