/** Pages of lists: a cursor says after which item the next one begins. */
import { DarumaError } from '../../model/errors.ts';

export interface Page<T> {
  readonly items: readonly T[];
  /** Null: this is the last. */
  readonly next: string | null;
}

export interface PageQuery {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** `keyOf` is unique. Where the item that the cursor names is gone, BAD_REQUEST is thrown: nobody
 * is to miss any without knowing. */
export function pageAfter<T>(
  all: readonly T[],
  { limit, cursor }: PageQuery,
  keyOf: (item: T) => string,
): Page<T> {
  const begin = cursor === undefined ? 0 : 1 + indexOf(all, cursor, keyOf);
  const items = all.slice(begin, begin + limit);
  const last = items.at(-1);
  const more = begin + limit < all.length && last !== undefined;
  return { items, next: more ? keyOf(last) : null };
}

function indexOf<T>(all: readonly T[], cursor: string, keyOf: (item: T) => string): number {
  const index = all.findIndex((item) => keyOf(item) === cursor);
  if (index === -1) throw new DarumaError('BAD_REQUEST', 'this cursor leads nowhere any more');
  return index;
}
