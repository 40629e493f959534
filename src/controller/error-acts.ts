/** What people do to errors, with a line in the event log for each. */
import type { ErrorMark } from '../model/error-record.ts';
import { DarumaError } from '../model/errors.ts';
import type { Store } from '../ports/store.ts';

export interface MarkedError {
  readonly store: Pick<Store, 'error' | 'markError'>;
  /** Stack time. */
  readonly now: number;
  /** Takes it down in the event log. */
  readonly note: (text: string) => Promise<unknown>;
}

/** False: no such error is kept. Rejects with BAD_REQUEST when a mute would end in the past, and
 * with STORE_FAILED. */
export async function markError(
  { store, now, note }: MarkedError,
  id: string,
  mark: ErrorMark,
  by: string,
): Promise<boolean> {
  if (mark.kind === 'mute' && mark.until !== null && mark.until <= now) {
    throw new DarumaError('BAD_REQUEST', 'it would be muted until a time that has passed');
  }
  const error = await store.error(id, now);
  if (error === null || !(await store.markError(id, mark, by, now))) return false;
  await note(`${verbOf(mark)} the error ${id} (${error.code})${untilText(mark)}`);
  return true;
}

function verbOf({ kind }: ErrorMark): string {
  return kind === 'acknowledge' ? 'acknowledged' : `${kind}d`;
}

function untilText(mark: ErrorMark): string {
  if (mark.kind !== 'mute') return '';
  return mark.until === null ? ' for ever' : ` until ${new Date(mark.until).toISOString()}`;
}
