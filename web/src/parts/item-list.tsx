/** What there is of a kind, a row each. */
import type { ReactNode } from 'react';
import type { Items } from '../state/use-items.ts';
import { Failure } from './failure.tsx';

interface Props<T> {
  readonly list: Items<T>;
  /** A `<li>` with a key. */
  readonly row: (item: T) => ReactNode;
}

export function ItemList<T>({ list: { items, error }, row }: Props<T>) {
  return (
    <>
      <Failure error={error} />
      <ul className="rows">{(items ?? []).map(row)}</ul>
    </>
  );
}
