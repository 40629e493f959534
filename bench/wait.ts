/** Waiting, always with an end to it. */
import { setTimeout as pause } from 'node:timers/promises';

/** Resolves with the first value other than null; rejects after `limitMs`. */
export async function until<T>(
  what: string,
  limitMs: number,
  look: () => T | null | Promise<T | null>,
): Promise<T> {
  const end = performance.now() + limitMs;
  for (;;) {
    const value = await look();
    if (value !== null) return value;
    if (performance.now() > end) throw new Error(`waited ${limitMs} ms in vain for ${what}`);
    await pause(10);
  }
}

/** Waits until the clock of `performance.now()` shows so much. */
export async function restUntil(atMs: number): Promise<void> {
  const leftMs = atMs - performance.now();
  if (leftMs > 0) await pause(leftMs);
}
