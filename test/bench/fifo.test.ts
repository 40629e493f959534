import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Fifo } from '../../bench/fifo.ts';
import { atEnd } from '../at-end.ts';

test('of lines that are read together, each comes after the one before', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'daruma-fifo-'));
  atEnd(t, () => rmSync(directory, { recursive: true }));
  const fifo = new Fifo(join(directory, 'words'));
  atEnd(t, () => fifo.close());
  writeFileSync(fifo.path, 'boot 7\nlistening 7\n');
  const boot = await fifo.next('boot', 0, 10_000);
  const listening = await fifo.next('listening', boot.at, 10_000);
  assert.equal(listening.pid, 7);
});
