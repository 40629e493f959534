import type { ReactNode } from 'react';
import type { Tone } from './state.ts';

export function Badge({ tone, children }: { readonly tone: Tone; readonly children: ReactNode }) {
  return <span className={`badge ${tone}`}>{children}</span>;
}
