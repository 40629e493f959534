import type { ReactNode } from 'react';
import { Scroll } from './scroll.tsx';

interface Props {
  /** What it lists, for whoever doesn't see it. */
  readonly label: string;
  /** Of the columns, each another one. */
  readonly heads: readonly string[];
  readonly className?: string;
  /** Rows. */
  readonly children: ReactNode;
}

export function Table({ label, heads, className, children }: Props) {
  return (
    <Scroll label={label}>
      <table className={className}>
        <thead>
          <tr>
            {heads.map((head) => (
              <th key={head}>{head}</th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </Scroll>
  );
}
