/** What docs/operating/recovery-points.md says of restoring by hand, with its own lines: with
 * nothing but age, zstd and tar. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { linesOfPage, newKey, pointOf, runLines, vaultOf } from './bare-scene.ts';
import { emptyDirectory } from './source-scene.ts';

const [, byHand = '', , unlock = ''] = linesOfPage('By hand');

function assertSame(expected: string, found: string): void {
  execFileSync('diff', ['-r', '--no-dereference', expected, found], { stdio: 'inherit' });
}

/** Files large and small, links, names as people give them. */
function makeFiles(data: string): void {
  mkdirSync(join(data, 'bilder/2026 été'), { recursive: true });
  mkdirSync(join(data, 'empty'), { mode: 0o711 });
  writeFileSync(join(data, 'large'), Buffer.alloc(9_000_000, 'some text, again and again; '));
  for (let number = 0; number < 300; number += 1) {
    writeFileSync(join(data, `bilder/2026 été/${number} «x».txt`), `file ${number}\n`);
  }
  writeFileSync(join(data, `${'long'.repeat(40)}.txt`), 'a name that no ustar header holds');
  writeFileSync(join(data, 'secret'), 's', { mode: 0o600 });
  symlinkSync('bilder/2026 été', join(data, 'newest'));
}

async function threePoints(t: TestContext) {
  const directory = emptyDirectory(t);
  const key = await newKey(directory);
  const data = join(directory, 'files');
  makeFiles(data);
  const context = vaultOf(directory, 'files', { kind: 'directory', paths: [data] }, [key.spec]);
  const points = [];
  for (const step of ['full', 'one', 'two']) {
    if (step === 'one') appendFileSync(join(data, 'bilder/2026 été/7 «x».txt'), 'changed\n');
    if (step === 'two') rmSync(join(data, 'bilder/2026 été/8 «x».txt'));
    if (step === 'two') writeFileSync(join(data, 'new'), 'new');
    const { id, parent } = await pointOf(directory, context);
    assert.equal(parent === null, step === 'full');
    cpSync(data, join(directory, `as-${step}`), { recursive: true, verbatimSymlinks: true });
    points.push({ step, id });
  }
  const environment = { VAULT: join(directory, 'vault'), SERVICE: 'files', KEY: key.file };
  return { directory, points, environment };
}

test('each of three points of a directory, with age, zstd and tar alone', async (t) => {
  const { directory, points, environment } = await threePoints(t);
  for (const { step, id } of points) {
    const into = join(directory, `hand-${step}`);
    runLines(byHand, into, { ...environment, POINT: id });
    assertSame(join(directory, `as-${step}`), join(into, 'data/files'));
    assert.equal(statSync(join(into, 'data/files/secret')).mode & 0o777, 0o600);
    assert.equal(statSync(join(into, 'data/files/empty')).mode & 0o777, 0o711);
  }
});

test('another key, and a byte that was changed, end the lines with an error', async (t) => {
  const { directory, points, environment } = await threePoints(t);
  const { id = '' } = points[0] ?? {};
  mkdirSync(join(directory, 'other'));
  const other = await newKey(join(directory, 'other'));
  const wrong = { ...environment, POINT: id, KEY: other.file };
  assert.throws(() => runLines(byHand, join(directory, 'wrong'), wrong), /no identity matched/);
  const archive = join(directory, `vault/files/${id}.tar.zst.age`);
  const bytes = readFileSync(archive);
  const middle = Math.floor(bytes.length / 2);
  bytes[middle] = (bytes[middle] ?? 0) ^ 1;
  writeFileSync(archive, bytes);
  const damaged = { ...environment, POINT: id };
  assert.throws(() => runLines(byHand, join(directory, 'damaged'), damaged));
});

test('a database, and a dump', async (t) => {
  const directory = emptyDirectory(t);
  const key = await newKey(directory);
  const file = join(directory, 'app.db');
  const database = new DatabaseSync(file);
  database.exec('PRAGMA journal_mode = WAL; CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (42)');
  const common = { VAULT: join(directory, 'vault'), KEY: key.file };
  const sqlite = vaultOf(directory, 'app', { kind: 'sqlite', files: [file] }, [key.spec]);
  const { id } = await pointOf(directory, sqlite);
  database.close();
  const into = join(directory, 'hand');
  runLines(byHand, into, { ...common, SERVICE: 'app', POINT: id });
  const restored = new DatabaseSync(join(into, 'data/app.db'), { readOnly: true });
  assert.deepEqual({ ...restored.prepare('SELECT n FROM t').get() }, { n: 42 });
  restored.close();

  const argv = ['seq', '1', '1000'];
  const command = { kind: 'command', dump: { argv }, load: { argv }, timeoutMs: 60_000 } as const;
  const dump = await pointOf(directory, vaultOf(directory, 'other', command, [key.spec]));
  const elsewhere = join(directory, 'hand-dump');
  runLines(byHand, elsewhere, { ...common, SERVICE: 'other', POINT: dump.id });
  assert.equal(readFileSync(join(elsewhere, 'data/dump'), 'utf8').split('\n').length, 1_001);
});

test('a passphrase opens the key that lies in the vault', async (t) => {
  const directory = emptyDirectory(t);
  const data = join(directory, 'files');
  makeFiles(data);
  const secret = join(directory, 'passphrase');
  writeFileSync(secret, 'correct horse battery staple\n');
  const passphrase = { from: 'file', path: secret } as const;
  const key = { kind: 'passphrase', name: 'passphrase', passphrase } as const;
  const context = vaultOf(directory, 'files', { kind: 'directory', paths: [data] }, [key]);
  const { id } = await pointOf(directory, context);
  const environment = { VAULT: join(directory, 'vault'), SERVICE: 'files', POINT: id };
  const into = join(directory, 'hand');
  mkdirSync(into);
  // age asks at the terminal; `script` is one.
  execFileSync('script', ['-qec', unlock, '/dev/null'], {
    ...{ cwd: into, input: 'correct horse battery staple\n' },
    env: { ...environment, PATH: '/usr/bin:/bin' },
  });
  const opened = join(directory, 'opened');
  runLines(byHand, opened, { ...environment, KEY: join(into, 'key.txt') });
  assertSame(data, join(opened, 'data/files'));
});
