import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  linkSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { createSource } from '../../src/vault/sources/index.ts';
import { atEnd } from '../at-end.ts';
import { emptyDirectory, readAll, sourceContext } from './source-scene.ts';

const mebibyte = 1024 * 1024;

test('files, directories and links, parents first and always in the same order', async (t) => {
  const directory = emptyDirectory(t);
  const data = join(directory, 'uploads');
  mkdirSync(join(data, 'b/empty'), { recursive: true });
  writeFileSync(join(data, 'b/z'), 'zet', { mode: 0o640 });
  writeFileSync(join(data, 'b.txt'), '');
  symlinkSync('../nowhere', join(data, 'a-link'));
  writeFileSync(join(data, 'large'), Buffer.alloc(3 * mebibyte + 7, 'x'));
  chmodSync(join(data, 'b'), 0o711);
  const source = createSource({ kind: 'directory', paths: [data] }, sourceContext(directory));
  const copy = await readAll(source);
  assert.deepEqual(copy.paths, [
    ...['uploads', 'uploads/a-link', 'uploads/b', 'uploads/b/empty', 'uploads/b/z'],
    ...['uploads/b.txt', 'uploads/large'],
  ]);
  assert.equal(copy.entries.get('uploads/a-link')?.link, '../nowhere');
  assert.equal(copy.entries.get('uploads/b')?.mode, 0o711);
  assert.equal(copy.entries.get('uploads/b/z')?.mode, 0o640);
  assert.equal(copy.contents.get('uploads/b/z')?.toString(), 'zet');
  assert.equal(copy.contents.get('uploads/large')?.length, 3 * mebibyte + 7);
  assert.equal(copy.summary.notes, undefined);
});

test('stamps stay while a file does, and differ after any change', async (t) => {
  const directory = emptyDirectory(t);
  const data = join(directory, 'data');
  mkdirSync(data);
  for (const name of ['same', 'content', 'replaced', 'mode']) {
    writeFileSync(join(data, name), 'before');
  }
  const source = createSource({ kind: 'directory', paths: [data] }, sourceContext(directory));
  const before = (await readAll(source)).entries;
  writeFileSync(join(data, 'content'), 'after!');
  writeFileSync(join(data, 'new'), 'before');
  renameSync(join(data, 'new'), join(data, 'replaced'));
  chmodSync(join(data, 'mode'), 0o600);
  const after = (await readAll(source)).entries;
  const changed = [...after.values()].filter(
    ({ path, type, stamp }) => type === 'file' && stamp !== before.get(path)?.stamp,
  );
  const paths = changed.map(({ path }) => path);
  assert.deepEqual(paths, ['data/content', 'data/mode', 'data/replaced']);
});

test('a file that changes while it is read is read again, after all others', async (t) => {
  const directory = emptyDirectory(t);
  const data = join(directory, 'data');
  mkdirSync(data);
  const [grows, shrinks] = [join(data, 'grows'), join(data, 'shrinks')];
  writeFileSync(grows, Buffer.alloc(2 * mebibyte, '1'));
  writeFileSync(shrinks, Buffer.alloc(2 * mebibyte, '1'));
  const source = createSource({ kind: 'directory', paths: [data] }, sourceContext(directory));
  const signal = new AbortController().signal;
  const copy = await source.open(signal);
  for await (const { path, bytes, open } of copy.entries) {
    if (open === undefined) continue;
    const content = await open();
    content.once('data', () => {
      if (path === 'data/grows') appendFileSync(grows, 'more');
      else truncateSync(shrinks, 10);
    });
    assert.equal((await buffer(content)).length, bytes, 'as many as it was said');
  }
  const { entries, summary } = await copy.end();
  const again = await Promise.all(
    entries.map(async ({ path, bytes, open }) => {
      const content = open === undefined ? Buffer.alloc(0) : await buffer(await open());
      assert.equal(content.length, bytes);
      return [path, bytes];
    }),
  );
  await copy.abort();
  assert.deepEqual(again, [
    ['data/grows', 2 * mebibyte + 4],
    ['data/shrinks', 10],
  ]);
  assert.equal(summary.notes, undefined);
  assert.deepEqual(readdirSync(join(directory, '.scratch')), []);
});

test('a file that never holds still is kept all the same, and noted', async (t) => {
  const directory = emptyDirectory(t);
  const data = join(directory, 'data');
  mkdirSync(data);
  const log = join(data, 'log');
  writeFileSync(log, 'line\n');
  // The time is asked between the look at a file and the reading of it.
  const now = () => {
    appendFileSync(log, 'line\n');
    return Date.now();
  };
  const context = { ...sourceContext(directory), now };
  const source = createSource({ kind: 'directory', paths: [data] }, context);
  const copy = await readAll(source);
  assert.deepEqual(copy.summary.notes, ['1 file changed each time when read']);
  assert.match(copy.contents.get('data/log')?.toString() ?? '', /^(line\n){5,}$/);
  assert.equal(copy.entries.get('data/log')?.stamp, undefined);
});

test('what goes meanwhile is told, or passed by', async (t) => {
  const directory = emptyDirectory(t);
  const data = join(directory, 'data');
  mkdirSync(join(data, 'b'), { recursive: true });
  for (const name of ['a', 'b/c', 'z']) writeFileSync(join(data, name), name);
  const source = createSource({ kind: 'directory', paths: [data] }, sourceContext(directory));
  const copy = await source.open(new AbortController().signal);
  const seen: string[] = [];
  for await (const { path, open } of copy.entries) {
    seen.push(path);
    if (path === 'data/b') rmSync(join(data, 'b'), { recursive: true });
    if (path !== 'data/z' || open === undefined) continue;
    rmSync(join(data, 'z'));
    await assert.rejects(open(), { code: 'NOT_FOUND' });
  }
  await copy.abort();
  assert.deepEqual(seen, ['data', 'data/a', 'data/b', 'data/z']);
});

test('sockets and pipes are left out, and noted', async (t) => {
  const directory = emptyDirectory(t);
  const data = join(directory, 'data');
  mkdirSync(data);
  execFileSync('mkfifo', ['one', 'two'], { cwd: data });
  const server = createServer().listen(join(data, 'socket'));
  atEnd(t, () => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const source = createSource({ kind: 'directory', paths: [data] }, sourceContext(directory));
  const { paths, summary } = await readAll(source);
  assert.deepEqual(paths, ['data']);
  assert.deepEqual(summary.notes, ['2 named pipes were left out', '1 socket was left out']);
});

test('a file of several names becomes several, which is noted', async (t) => {
  const directory = emptyDirectory(t);
  const data = join(directory, 'data');
  mkdirSync(data);
  writeFileSync(join(data, 'one'), 'content');
  linkSync(join(data, 'one'), join(data, 'two'));
  const source = createSource({ kind: 'directory', paths: [data] }, sourceContext(directory));
  const { paths, summary } = await readAll(source);
  assert.deepEqual(paths, ['data', 'data/one', 'data/two']);
  assert.deepEqual(summary.notes, ['2 files with hard links: each name is a file of its own']);
});

test('what is excluded, and the vault itself, is passed by with all below', async (t) => {
  const directory = emptyDirectory(t);
  const data = join(directory, 'data');
  for (const name of ['cache/deep', 'vault/db', 'src/cache']) {
    mkdirSync(join(data, name), { recursive: true });
  }
  for (const name of ['a.tmp', 'src/b.tmp', 'src/kept', 'cache/deep/c']) {
    writeFileSync(join(data, name), '');
  }
  const source = createSource(
    { kind: 'directory', paths: [data], exclude: ['cache', '**/*.tmp'] },
    { ...sourceContext(directory), leaveOut: [join(data, 'vault')] },
  );
  const { paths } = await readAll(source);
  assert.deepEqual(paths, ['data', 'data/src', 'data/src/cache', 'data/src/kept']);
});

test('directories of the same name, one of them a link, and one that is a file', async (t) => {
  const directory = emptyDirectory(t);
  for (const name of ['a/data', 'real']) mkdirSync(join(directory, name), { recursive: true });
  symlinkSync('../real', join(directory, 'a/../b-data'));
  writeFileSync(join(directory, 'real/x'), '');
  mkdirSync(join(directory, 'b'));
  symlinkSync('../real', join(directory, 'b/data'));
  writeFileSync(join(directory, 'settings'), 'on');
  const paths = ['a/data', 'b/data', 'settings'].map((name) => join(directory, name));
  const source = createSource({ kind: 'directory', paths }, sourceContext(directory));
  const copy = await readAll(source);
  assert.deepEqual(copy.paths, ['data', 'data-2', 'data-2/x', 'settings']);
});

test('what is not there, or has no readable name, fails the copy', async (t) => {
  const directory = emptyDirectory(t);
  const missing = createSource(
    { kind: 'directory', paths: [join(directory, 'nothing')] },
    sourceContext(directory),
  );
  await assert.rejects(readAll(missing), { code: 'NOT_FOUND', message: /nothing/ });
  const data = join(directory, 'data');
  mkdirSync(data);
  writeFileSync(Buffer.concat([Buffer.from(`${data}/`), Buffer.from([0xff, 0x41])]), '');
  const odd = createSource({ kind: 'directory', paths: [data] }, sourceContext(directory));
  await assert.rejects(readAll(odd), { code: 'REFUSED', message: /not UTF-8/ });
});
