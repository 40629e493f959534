/** Errors of the registry, looked at again and again: no event tells that one was reported. */
import { useState } from 'react';
import type { ErrorRecord } from '../../../src/model/error-record.ts';
import { useRead } from './use-read.ts';
import { useTick } from './use-tick.ts';

const lookEveryMs = 2_000;
const pageRows = 50;
/** As many as the API gives at once. */
const rowsMax = 500;

interface Page {
  readonly items: readonly ErrorRecord[];
  readonly next: string | null;
}

export interface Errors {
  /** Null: not read yet. */
  readonly errors: readonly ErrorRecord[] | null;
  readonly error: unknown;
  /** Null: these are all, or as many as can be shown. */
  readonly more: (() => void) | null;
  /** There are more than can be shown. */
  readonly isCut: boolean;
  /** Something was done to one of them. */
  readonly again: () => void;
}

/** `query`: filters of the API. */
export function useErrors(query: Readonly<Record<string, string>>): Errors {
  const [rows, setRows] = useState(pageRows);
  const [done, setDone] = useState(0);
  const tick = useTick(lookEveryMs);
  const search = new URLSearchParams({ ...query, limit: String(rows) });
  const { value, error } = useRead<Page>(`/api/v1/errors?${search}`, `${tick} ${done}`);
  const goesOn = value !== null && value.next !== null;
  return {
    errors: value?.items ?? null,
    error,
    more: goesOn && rows < rowsMax ? () => setRows(Math.min(rowsMax, 2 * rows)) : null,
    isCut: goesOn && rows >= rowsMax,
    again: () => setDone((before) => before + 1),
  };
}
