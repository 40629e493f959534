import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { createSource } from '../../src/vault/sources/index.ts';
import { emptyDirectory, readAll, sourceContext } from './source-scene.ts';

/** Moves money between accounts for ever, in transactions: the sum never changes. */
const bank = `
const { DatabaseSync } = require('node:sqlite');
const database = new DatabaseSync(process.argv[1], { timeout: 30000 });
const pay = database.prepare('UPDATE account SET money = money + ? WHERE id = ?');
const log = database.prepare('INSERT INTO log (text) VALUES (?)');
const rest = new Int32Array(new SharedArrayBuffer(4));
for (let n = 0; ; n += 1) {
  Atomics.wait(rest, 0, 0, 1);
  database.exec('BEGIN IMMEDIATE');
  pay.run(-1, 1 + n % 100);
  pay.run(1, 1 + (n * 7) % 100);
  log.run('x'.repeat(200));
  database.exec('COMMIT');
  if (n === 10) process.stdout.write('writing\\n');
}`;

function makeBank(file: string, journal: 'wal' | 'delete'): void {
  const database = new DatabaseSync(file);
  database.exec(`PRAGMA journal_mode = ${journal}; PRAGMA synchronous = OFF;
    CREATE TABLE account (id INTEGER PRIMARY KEY, money INTEGER);
    CREATE TABLE log (id INTEGER PRIMARY KEY, text TEXT)`);
  const add = database.prepare('INSERT INTO account (money) VALUES (1000)');
  for (let id = 1; id <= 100; id += 1) add.run();
  database.close();
}

/** `whileWriting` is done beside it; it has ended, and its files are left alone, after that. */
async function besideBank(file: string, whileWriting: () => Promise<void>): Promise<void> {
  const args = ['--disable-warning=ExperimentalWarning', '-e', bank, file];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const exited = once(child, 'exit');
  try {
    await once(child.stdout, 'data');
    await whileWriting();
    assert.equal(child.exitCode, null, 'the writer was not disturbed');
  } finally {
    child.kill('SIGKILL');
    await exited;
  }
}

async function copyAndRestore(directory: string, file: string, round: number): Promise<void> {
  const source = createSource({ kind: 'sqlite', files: [file] }, sourceContext(directory));
  const copy = await readAll(source);
  assert.deepEqual(copy.paths, ['bank.db']);
  assert.equal(copy.entries.get('bank.db')?.mode, 0o640);
  const restored = join(directory, `restored-${round}.db`);
  writeFileSync(restored, copy.contents.get('bank.db') ?? '');
  const database = new DatabaseSync(restored);
  const [sum] = database.prepare('SELECT sum(money) AS sum FROM account').all();
  const [check] = database.prepare('PRAGMA integrity_check').all();
  database.close();
  assert.equal(sum?.['sum'], 100_000);
  assert.equal(check?.['integrity_check'], 'ok');
}

for (const journal of ['wal', 'delete'] as const) {
  test(`a copy is of one moment while another process writes (journal: ${journal})`, async (t) => {
    const directory = emptyDirectory(t);
    const file = join(directory, 'bank.db');
    makeBank(file, journal);
    chmodSync(file, 0o640);
    await besideBank(file, async () => {
      for (let round = 1; round <= 5; round += 1) await copyAndRestore(directory, file, round);
    });
  });
}

test('a damaged database fails the point and is named', async (t) => {
  const directory = emptyDirectory(t);
  const file = join(directory, 'bank.db');
  makeBank(file, 'delete');
  const database = new DatabaseSync(file);
  const add = database.prepare('INSERT INTO log (text) VALUES (?)');
  for (let id = 0; id < 1_000; id += 1) add.run('y'.repeat(100));
  database.close();
  const descriptor = openSync(file, 'r+');
  writeSync(descriptor, Buffer.alloc(4_096, 0xa5), 0, 4_096, 8 * 4_096);
  closeSync(descriptor);
  const source = createSource({ kind: 'sqlite', files: [file] }, sourceContext(directory));
  await assert.rejects(readAll(source), { code: 'DATA_DAMAGED', message: /bank\.db/ });
  writeFileSync(file, 'This is no database, whatever its name says.'.repeat(100));
  await assert.rejects(readAll(source), { code: 'DATA_DAMAGED', message: /bank\.db/ });
});

test('a database that is not there is told, and none is made', async (t) => {
  const directory = emptyDirectory(t);
  mkdirSync(join(directory, 'data'));
  const files = [join(directory, 'data/none.db')];
  const source = createSource({ kind: 'sqlite', files }, sourceContext(directory));
  await assert.rejects(readAll(source), { code: 'NOT_FOUND', message: /none\.db/ });
});
