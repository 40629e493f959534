/** What tests of sources share: a directory of their own, and a copy read to its end. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import type { OpenSource, PointSource, SourceEntry } from '../../src/ports/vault.ts';
import type { SourceContext } from '../../src/vault/sources/context.ts';
import { atEnd } from '../at-end.ts';

export function emptyDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'daruma-test-'));
  atEnd(t, () => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export function sourceContext(directory: string): SourceContext {
  const scratchDir = join(directory, '.scratch');
  mkdirSync(scratchDir, { recursive: true });
  return {
    ...{ now: Date.now, scratchDir, leaveOut: [], stateDir: join(directory, '.state') },
    run: {
      ...{ asUser: [], workingDir: directory, expand: (template) => template },
      environment: { PATH: process.env['PATH'] ?? '', HOME: directory },
    },
  };
}

export interface ReadCopy {
  /** By path; the later of two of the same path counts. */
  readonly entries: ReadonlyMap<string, SourceEntry>;
  /** Of files. */
  readonly contents: ReadonlyMap<string, Buffer>;
  readonly paths: readonly string[];
  readonly summary: Awaited<ReturnType<OpenSource['end']>>['summary'];
}

/** As the vault reads it. `meanwhile`: after an entry was read. */
export async function readAll(
  source: PointSource,
  meanwhile: (entry: SourceEntry) => unknown = () => undefined,
): Promise<ReadCopy> {
  const copy = await source.open(new AbortController().signal);
  const entries = new Map<string, SourceEntry>();
  const contents = new Map<string, Buffer>();
  const paths: string[] = [];
  const take = async (entry: SourceEntry) => {
    paths.push(entry.path);
    entries.set(entry.path, entry);
    if (entry.open !== undefined) contents.set(entry.path, await buffer(await entry.open()));
    await meanwhile(entry);
  };
  try {
    for await (const entry of copy.entries) await take(entry);
    const end = await copy.end();
    for (const entry of end.entries) await take(entry);
    return { entries, contents, paths, summary: end.summary };
  } finally {
    await copy.abort();
  }
}
