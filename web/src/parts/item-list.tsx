/** What there is of a kind, a row each. */
import type { ReactNode } from 'react';
import type { Items } from '../state/use-items.ts';
import { useSay } from '../words/words.ts';

interface Props<T> {
  readonly list: Items<T>;
  /** A `<li>` with a key. */
  readonly row: (item: T) => ReactNode;
}

export function ItemList<T>({ list: { items, error }, row }: Props<T>) {
  const say = useSay();
  return (
    <>
      {error === null ? null : <p className="alert">{say('failed', { why: error })}</p>}
      <ul className="rows">{(items ?? []).map(row)}</ul>
    </>
  );
}
