/** Restore drills with a real service that runs on the copy. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { sweepDrills } from '../../src/vault/drill-place.ts';
import { processesOf } from '../scenarios/harness.ts';
import { counter, drillOf, makeData, subjectOf } from './drill-scene.ts';
import { emptyDirectory } from './source-scene.ts';

const asksTheCopy = {
  kind: 'command',
  command: { argv: ['sh', '-c', 'test "$(cat "${DATA_DIR}/count")" = 8'] },
  timeoutMs: 60_000,
} as const;

test('the service works on the copy, and the real data are as they were', async (t) => {
  const directory = emptyDirectory(t);
  makeData(directory, '7');
  const subject = subjectOf(directory, counter(directory));
  const proof = await drillOf(directory, subject, [asksTheCopy]);
  assert.deepEqual(proof.error, null);
  assert.ok(proof.ok && proof.restoreMs > 0 && proof.lossMs >= 60_000);
  assert.deepEqual(proof.notes, []);
  assert.equal(readFileSync(join(directory, 'data/count'), 'utf8'), '7');
  assert.deepEqual(readdirSync(directory).sort(), ['data', 'point']);
  assert.deepEqual(processesOf(directory), []);
});

test('what the data have and points lack is told', async (t) => {
  const directory = emptyDirectory(t);
  makeData(directory, '7');
  writeFileSync(join(directory, 'data/plain'), '');
  // tar is the only program at hand that sets an attribute.
  const mark = "tar --format=pax --pax-option='SCHILY.xattr.user.note:=x' -cf - count";
  const command = `${mark} | tar --xattrs -xf -`;
  execFileSync('sh', ['-c', command], { cwd: join(directory, 'data') });
  const proof = await drillOf(directory, subjectOf(directory, counter(directory)), [asksTheCopy]);
  assert.deepEqual(proof.error, null);
  const told = '1 file has extended attributes or ACLs, which points do not keep';
  assert.deepEqual(proof.notes, [told]);
});

test('data that the service refuses disprove the point, in its own words', async (t) => {
  const directory = emptyDirectory(t);
  makeData(directory, 'seven');
  const proof = await drillOf(directory, subjectOf(directory, counter(directory)));
  assert.equal(proof.ok, false);
  assert.equal(proof.error?.code, 'START_FAILED');
  assert.match(proof.error?.message ?? '', /«seven» is no count/);
  assert.deepEqual(readdirSync(directory).sort(), ['data', 'point']);
});

test('a `verify:` that fails disproves the point, in its own words', async (t) => {
  const directory = emptyDirectory(t);
  makeData(directory, '7');
  const argv = ['sh', '-c', 'echo the books do not balance; exit 1'];
  const subject = subjectOf(directory, counter(directory));
  const verify = [{ kind: 'command', command: { argv }, timeoutMs: 60_000 }] as const;
  const proof = await drillOf(directory, subject, verify);
  assert.equal(proof.ok, false);
  assert.match(proof.error?.message ?? '', /the books do not balance/);
  assert.deepEqual(processesOf(directory), []);
});

test('a service that would disturb the real one is not started, and this is told', async (t) => {
  const directory = emptyDirectory(t);
  makeData(directory, '7');
  const argv = ['false'];
  const alone = { mode: 'active-standby', switchoverLimitMs: 1, holdMs: 1 } as const;
  const services = {
    'names `${DATA_DIR}`': counter(directory, { command: { argv } }),
    'only one of it': counter(directory, { failover: alone }),
    'its driver': counter(directory, { driver: 'external', command: null }),
    'outside its `data_dir`': counter(directory, { dataDir: join(directory, 'elsewhere') }),
  };
  for (const [why, spec] of Object.entries(services)) {
    const isOutside = why.startsWith('outside');
    const argv = ['test', '-e', isOutside ? '${DATA_DIR}/data/count' : '${DATA_DIR}/count'];
    const verify = [{ kind: 'command', command: { argv }, timeoutMs: 60_000 }] as const;
    const proof = await drillOf(directory, subjectOf(directory, spec), verify);
    assert.deepEqual(proof.error, null, why);
    const [note = '', ...more] = proof.notes ?? [];
    assert.deepEqual(more, []);
    assert.ok(note.includes(why), note);
  }
});

test('SQLite: integrity, and questions whose answer counts', async (t) => {
  const directory = emptyDirectory(t);
  mkdirSync(join(directory, 'point'));
  const database = new DatabaseSync(join(directory, 'point/app.db'));
  database.exec('CREATE TABLE user (name TEXT); INSERT INTO user VALUES (1)');
  database.close();
  const source = { kind: 'sqlite', files: [join(directory, 'data/app.db')] } as const;
  const { dataDir: _, ...spec } = counter(directory);
  const ask = async (query: string) =>
    drillOf(directory, subjectOf(directory, spec, source), [{ kind: 'sql', query }]);
  assert.deepEqual((await ask('SELECT count(*) > 0 FROM user')).error, null);
  const none = await ask('SELECT count(*) > 1 FROM user');
  assert.match(none.error?.message ?? '', /answered 0/);
  assert.match((await ask('SELECT 1 WHERE false')).error?.message ?? '', /answered no row/);
  assert.match((await ask('SELECT * FROM invoice')).error?.message ?? '', /no such table/);
  writeFileSync(join(directory, 'point/app.db'), 'no database at all '.repeat(1_000));
  assert.equal((await ask('SELECT 1')).error?.code, 'DATA_DAMAGED');
});

/** Writes to its database, and answers. */
const withDatabase = `
const { DatabaseSync } = require('node:sqlite');
const database = new DatabaseSync(process.argv[1] + '/deep/app.db');
database.exec('PRAGMA journal_mode = WAL; INSERT INTO user VALUES (2)');
require('node:http').createServer((_, response) => response.end()).listen(process.env.PORT);`;

test('a database lies where the service looks for it, and both can be asked', async (t) => {
  const directory = emptyDirectory(t);
  const dataDir = join(directory, 'data');
  mkdirSync(join(directory, 'point'));
  mkdirSync(join(dataDir, 'deep'), { recursive: true });
  // Only root can give anything away.
  const owner = process.getuid?.() === 0 ? 65_534 : (process.getuid?.() ?? 0);
  chownSync(dataDir, owner, process.getgid?.() ?? 0);
  chmodSync(dataDir, 0o750);
  const database = new DatabaseSync(join(directory, 'point/app.db'));
  database.exec('CREATE TABLE user (name TEXT); INSERT INTO user VALUES (1)');
  database.close();
  const argv = [process.execPath, '--no-warnings', '-e', withDatabase, '${DATA_DIR}'];
  const source = { kind: 'sqlite', files: [join(dataDir, 'deep/app.db')] } as const;
  const subject = subjectOf(directory, counter(directory, { command: { argv } }), source);
  const owned = `test "$(stat -c %u:%a "\${DATA_DIR}")" = ${owner}:750`;
  const proof = await drillOf(directory, subject, [
    { kind: 'sql', query: 'SELECT count(*) = 2 FROM user' },
    { kind: 'command', command: { argv: ['sh', '-c', owned] }, timeoutMs: 60_000 },
  ]);
  assert.deepEqual(proof.error, null);
  assert.deepEqual(proof.notes, []);
  assert.deepEqual(readdirSync(directory).sort(), ['data', 'point']);
});

test('a drill that is killed is cleaned up by the next', async (t) => {
  const directory = emptyDirectory(t);
  makeData(directory, '7');
  const program = fileURLToPath(new URL('./drill-scene.ts', import.meta.url));
  const args = ['--disable-warning=ExperimentalWarning', program, directory];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
  const left = join(directory, 'data.drill-x1');
  assert.ok(existsSync(left));
  assert.ok(processesOf(left).length > 0, 'what left its process group lives on');
  assert.deepEqual(await sweepDrills(join(directory, 'data')), [left]);
  assert.deepEqual(processesOf(directory), []);
  assert.deepEqual(readdirSync(directory).sort(), ['data', 'point']);
  assert.deepEqual(await sweepDrills(join(directory, 'data')), []);
});
