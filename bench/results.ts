/** Results that are kept, one file per benchmark. */
import { existsSync, readFileSync } from 'node:fs';
import type { Result } from './run.ts';

export function resultFile(bench: string): URL {
  return new URL(`./results/${bench}.json`, import.meta.url);
}

/** Null: none is kept. */
export function readResult(bench: string): Result | null {
  const file = resultFile(bench);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null;
}
