import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { KeptFiles } from './kept-files.ts';

function directoryOf(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'daruma-kept-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

const openFiles = () => readdirSync('/proc/self/fd').length;

test('what a file says now is read, also when it says less than before', (t) => {
  const path = join(directoryOf(t), 'events');
  const files = new KeptFiles();
  t.after(() => files.close(path));
  assert.equal(files.read(path), null);
  writeFileSync(path, 'populated 1\nfrozen 0\n');
  assert.equal(files.read(path), 'populated 1\nfrozen 0\n');
  writeFileSync(path, 'populated 0\n');
  assert.equal(files.read(path), 'populated 0\n');
});

test('after it was closed, what has come in its place is read', (t) => {
  const path = join(directoryOf(t), 'events');
  const files = new KeptFiles();
  t.after(() => files.close(path));
  writeFileSync(path, 'old');
  assert.equal(files.read(path), 'old');
  writeFileSync(`${path}.new`, 'new');
  renameSync(`${path}.new`, path);
  files.close(path);
  assert.equal(files.read(path), 'new');
});

test('no more than 500 stay open', (t) => {
  const directory = directoryOf(t);
  const files = new KeptFiles();
  const paths = Array.from({ length: 520 }, (_, index) => join(directory, String(index)));
  t.after(() => {
    for (const path of paths) files.close(path);
  });
  for (const path of paths) writeFileSync(path, path);
  const before = openFiles();
  for (const path of paths) assert.equal(files.read(path), path);
  assert.ok(openFiles() - before <= 500);
});
