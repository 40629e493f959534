/**
 * The names of files of the write-ahead log, and the keys by which they are stored.
 *
 * A segment's name says timeline and number, but not its content: two servers may have begun one
 * timeline each for itself. So its key also holds a digest, and nothing that is stored is replaced
 * by something else. `SERVICE/wal/SYSTEM/NAME-MTIME-DIGEST`, for the history of a timeline also
 * where it began: `…-PARENT.POSITION`, so that what can be restored is known from keys alone.
 */
import type { ServiceName } from '../../../model/ids.ts';

export interface LogFile {
  readonly key: string;
  readonly systemId: string;
  readonly name: string;
  /** Wall-clock milliseconds: when it was written last, and so up to which moment it tells. */
  readonly writtenAt: number;
  readonly digest: string;
  /** Of the history of a timeline. */
  readonly began: TimelineBegin | null;
}

export interface TimelineBegin {
  readonly parent: number;
  readonly position: bigint;
}

export interface Segment {
  readonly timeline: number;
  readonly number: bigint;
}

const segmentName = /^[0-9A-F]{24}$/;
const logName = /^([0-9A-F]{24}(\.partial)?|[0-9A-F]{8}\.history)$/;
const historyName = /^([0-9A-F]{8})\.history$/;
const keyPattern =
  /\/wal\/(\d+)\/([0-9A-F]{8,24}(?:\.partial|\.history)?)-(\d+)-([0-9a-f]{16})(?:-(\d+)\.([0-9a-f]+))?$/;

export function logPrefix(service: ServiceName): string {
  return `${service}/wal/`;
}

export function logKey(service: ServiceName, file: Omit<LogFile, 'key'>): string {
  const { systemId, name, writtenAt, digest, began } = file;
  const tail = began === null ? '' : `-${began.parent}.${began.position.toString(16)}`;
  return `${logPrefix(service)}${systemId}/${name}-${writtenAt}-${digest}${tail}`;
}

/** Null: no key of ours. */
export function readLogKey(key: string): LogFile | null {
  const [, systemId, name, writtenAt, digest, parent, position] = keyPattern.exec(key) ?? [];
  if (systemId === undefined || name === undefined || digest === undefined) return null;
  const began =
    parent === undefined || position === undefined
      ? null
      : { parent: Number(parent), position: BigInt(`0x${position}`) };
  return { key, systemId, name, writtenAt: Number(writtenAt), digest, began };
}

function isSegmentName(name: string): boolean {
  return segmentName.test(name);
}

/** Segments, also ones that were never finished, and histories. */
export function isLogName(name: string): boolean {
  return logName.test(name);
}

export function timelineOfHistory(name: string): number | null {
  const hex = historyName.exec(name)?.[1];
  return hex === undefined ? null : Number.parseInt(hex, 16);
}

/** Null: it isn't one. */
export function readSegmentName(name: string, segmentBytes: number): Segment | null {
  if (!isSegmentName(name)) return null;
  const [timeline, high, low] = [name.slice(0, 8), name.slice(8, 16), name.slice(16)];
  const number = BigInt(`0x${high}`) * perFile(segmentBytes) + BigInt(`0x${low}`);
  return { timeline: Number.parseInt(timeline, 16), number };
}

export function nameOfSegment({ timeline, number }: Segment, segmentBytes: number): string {
  const files = perFile(segmentBytes);
  return `${hex(timeline)}${hex(number / files)}${hex(number % files)}`;
}

/** In which a position lies; one at the border belongs to the segment that it begins. */
export function segmentAt(position: bigint, segmentBytes: number): bigint {
  return position / BigInt(segmentBytes);
}

/** `0/3000028` as a number. */
export function positionOf(lsn: string): bigint {
  const [high = '0', low = '0'] = lsn.split('/');
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
}

/** The last line of a timeline's history says where it left its parent; null: it has none. */
export function beginOf(history: string): TimelineBegin | null {
  const lines = history.split('\n').flatMap((line) => {
    const [, parent, lsn] = /^\s*(\d+)\s+([0-9A-F]+\/[0-9A-F]+)/i.exec(line) ?? [];
    return parent === undefined || lsn === undefined ? [] : [{ parent: Number(parent), lsn }];
  });
  const last = lines.at(-1);
  return last === undefined ? null : { parent: last.parent, position: positionOf(last.lsn) };
}

function perFile(segmentBytes: number): bigint {
  return 0x1_0000_0000n / BigInt(segmentBytes);
}

function hex(number: number | bigint): string {
  return number.toString(16).toUpperCase().padStart(8, '0');
}
