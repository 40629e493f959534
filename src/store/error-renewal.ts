/**
 * Error records as they are read from the disk. What version 1 of the state kept told errors apart
 * by another rule, and knew less of them: those that are one error by now are joined, under a new
 * id. How often they happened when is not known.
 */
import type { ErrorRecord } from '../model/error-record.ts';
import { noTrend, sumOf } from '../model/error-trend.ts';
import { droppedCode, type ErrorChanges, errorId } from './error-registry.ts';

type OldRecord = Omit<ErrorRecord, 'release' | 'trend' | 'incidents' | 'log' | 'muted'>;

export interface ReadErrors {
  readonly records: readonly ErrorRecord[];
  /** By which they differ from what was read. */
  readonly changes: ErrorChanges;
}

export function readErrors(texts: readonly string[]): ReadErrors {
  const known = new Map<string, ErrorRecord>();
  const renewed = new Set<string>();
  const removed = new Set<string>();
  for (const text of texts) {
    const found = JSON.parse(text) as ErrorRecord | OldRecord;
    const record = 'trend' in found ? found : renew(found);
    if (record !== found) renewed.add(record.id);
    removed.add(found.id);
    const same = known.get(record.id);
    known.set(record.id, same === undefined ? record : joined(same, record));
  }
  for (const id of known.keys()) removed.delete(id);
  const changed = [...renewed].flatMap((id) => {
    const record = known.get(id);
    return record === undefined ? [] : [{ record, stack: null, occurrences: [] }];
  });
  return { records: [...known.values()], changes: { changed, removed: [...removed] } };
}

function renew(old: OldRecord): ErrorRecord {
  const id = old.code === droppedCode ? old.id : errorId(old);
  const trend = noTrend(old.lastSeen);
  return { ...old, id, release: null, trend, incidents: [], log: null, muted: null };
}

function joined(one: ErrorRecord, other: ErrorRecord): ErrorRecord {
  const latest = one.lastSeen >= other.lastSeen ? one : other;
  const seenTo = one.acknowledgedBy !== null && other.acknowledgedBy !== null;
  return {
    ...latest,
    count: one.count + other.count,
    firstSeen: Math.min(one.firstSeen, other.firstSeen),
    trend: sumOf(one.trend, other.trend),
    acknowledgedBy: seenTo ? latest.acknowledgedBy : null,
  };
}
