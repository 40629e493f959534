/** The files that a stack was made from, to see later whether they have changed since. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** Absolute path → digest of the content; null: there was no such file. */
export type Sources = Readonly<Record<string, string | null>>;

export function digestOf(content: string): string {
  return createHash('sha256').update(content).digest('hex');
}

/** Those whose content is another now; one that can't be read counts as gone. */
export function changedSources(sources: Sources): string[] {
  return Object.keys(sources).filter((path) => contentDigest(path) !== sources[path]);
}

function contentDigest(path: string): string | null {
  try {
    return digestOf(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
}
