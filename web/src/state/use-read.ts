/** Something fetched from the API, again whenever the path or `version` changes. */
import { useEffect, useState } from 'react';
import { read } from '../api/request.ts';

export interface Reading<T> {
  readonly value: T | null;
  /** What was thrown; null: nothing. */
  readonly error: unknown;
}

/** Null: nothing yet. `by`: always the same. */
export function useRead<T>(
  path: string | null,
  version: unknown = 0,
  by: (path: string, signal: AbortSignal) => Promise<T> = read,
): Reading<T> {
  const [reading, setReading] = useState<Reading<T>>({ value: null, error: null });
  useEffect(() => {
    if (path === null) return;
    const stopped = new AbortController();
    by(path, stopped.signal).then(
      (value) => setReading({ value, error: null }),
      (error: unknown) => {
        if (!stopped.signal.aborted) setReading((before) => ({ ...before, error }));
      },
    );
    return () => stopped.abort();
  }, [path, version, by]);
  return reading;
}
