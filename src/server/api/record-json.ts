/** Records as they leave us: without what may hold secrets, or megabytes. */
import type { StoredRecord } from '../../model/record.ts';

const large: ReadonlySet<string> = new Set(['configured', 'knowledge-imported', 'requested']);

/** A stack file that was read has the values of the environment in it. */
export function forEyes(stored: StoredRecord): StoredRecord {
  return large.has(stored.record.kind)
    ? (JSON.parse(withoutParts(stored)) as StoredRecord)
    : stored;
}

export function recordJson(stored: StoredRecord): string {
  return large.has(stored.record.kind) ? withoutParts(stored) : JSON.stringify(stored);
}

function withoutParts(stored: StoredRecord): string {
  return JSON.stringify(stored, (key, value) =>
    key === 'spec' || key === 'knowledge' ? undefined : value,
  );
}
