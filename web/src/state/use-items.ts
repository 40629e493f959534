/** A list of the API, all its pages; read again when something was done to one of it. */
import { useState } from 'react';
import { read } from '../api/request.ts';
import { useRead } from './use-read.ts';

interface Page<T> {
  readonly items: readonly T[];
  /** Absent or null: this is the last. */
  readonly next?: string | null;
}

export interface Items<T> {
  /** Null: not read yet. */
  readonly items: readonly T[] | null;
  readonly error: unknown;
  readonly again: () => void;
}

export function useItems<T>(path: string): Items<T> {
  const [version, setVersion] = useState(0);
  const { value, error } = useRead<readonly T[]>(path, version, readAll);
  return { items: value, error, again: () => setVersion((before) => before + 1) };
}

async function readAll<T>(path: string, signal: AbortSignal): Promise<readonly T[]> {
  const all: T[] = [];
  let cursor: string | null = null;
  do {
    const query: string = cursor === null ? '' : `?cursor=${encodeURIComponent(cursor)}`;
    const { items, next = null }: Page<T> = await read(`${path}${query}`, signal);
    all.push(...items);
    cursor = next;
  } while (cursor !== null);
  return all;
}
