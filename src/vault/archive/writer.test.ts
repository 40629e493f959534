import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { OpenSource, SourceEntry } from '../../ports/vault.ts';
import { ArchiveWriter } from './writer.ts';

const damaged = new Error('a page is corrupt');

function file(path: string, open: () => Readable): SourceEntry {
  const like = { mode: 0o600, uid: 0, gid: 0, mtimeMs: 0 };
  return { path, type: 'file', bytes: 1, ...like, open: () => Promise.resolve(open()) };
}

function source(entries: readonly SourceEntry[]): OpenSource {
  return {
    entries: Readable.from(entries),
    end: () => Promise.reject(new Error('it is not complete')),
    abort: () => Promise.resolve(),
  };
}

test('a file that turns out damaged before its turn comes is told in its turn', async () => {
  const early = new Readable({ read: () => early.destroy(damaged) });
  const closed = new Promise((resolve) => early.once('close', resolve));
  const slow = Readable.from(
    (async function* () {
      await closed;
      await turn();
      yield Buffer.from('a');
    })(),
  );
  const writer = new ArchiveWriter({
    id: '20260101T000000Z-aaaa' as ConstructorParameters<typeof ArchiveWriter>[0]['id'],
    source: source([file('slow', () => slow), file('early', () => early)]),
    known: new Map(),
    summarize: () => assert.fail('there is nothing to summarize'),
    onBytes: () => undefined,
  });
  await assert.rejects(Readable.from(writer.content()).toArray(), damaged);
});
