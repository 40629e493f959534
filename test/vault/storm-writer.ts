/**
 * A service that writes without end into the directory named: 200 files, each of which tells
 * whether it is whole, and a SQLite bank of which the sum never changes. Prints a line once it
 * writes. It may be killed at any instruction.
 */
import { hash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { accountMoney, accounts, pageBytes } from './storm-content.ts';

const [directory = ''] = process.argv.slice(2);
const data = join(directory, 'data');
const files = 200;
const perTurn = 5;

/** Ends in the SHA-256 of what is before. */
function content(bytes: number): string {
  const body = `${Math.random()} `.repeat(Math.ceil(bytes / 10)).slice(0, bytes - 64);
  return body + hash('sha256', body);
}

function writeSome(): void {
  const number = Math.floor(Math.random() * files);
  const path = join(data, `folder-${number % 7}`, `file-${number}`);
  mkdirSync(join(path, '..'), { recursive: true });
  const dice = Math.random();
  if (dice < 0.1) rmSync(path, { force: true });
  else if (dice < 0.5 || !existsSync(path)) {
    writeFileSync(`${path}.new`, content(pageBytes * (1 + (number % 9))));
    renameSync(`${path}.new`, path);
  } else if (number % 9 === 0) writeInPlace(path);
}

/** One page: a kill can't leave half of it. */
function writeInPlace(path: string): void {
  const file = openSync(path, 'r+');
  writeSync(file, content(pageBytes), 0);
  closeSync(file);
}

function openBank(): DatabaseSync {
  const bank = new DatabaseSync(join(directory, 'bank.db'), { timeout: 30_000 });
  bank.exec(`PRAGMA journal_mode = WAL; BEGIN IMMEDIATE;
    CREATE TABLE IF NOT EXISTS account (id INTEGER PRIMARY KEY, money INTEGER)`);
  const add = bank.prepare('INSERT OR IGNORE INTO account VALUES (?, ?)');
  for (let id = 1; id <= accounts; id += 1) add.run(id, accountMoney);
  bank.exec('COMMIT');
  return bank;
}

const bank = openBank();
const pay = bank.prepare('UPDATE account SET money = money + ? WHERE id = ?');

function payOne(turn: number): void {
  bank.exec('BEGIN IMMEDIATE');
  pay.run(-1, 1 + (turn % accounts));
  pay.run(1, 1 + ((turn * 7) % accounts));
  bank.exec('COMMIT');
}

// Where a kill has left one that was not renamed any more.
for (let number = 0; number < files; number += 1) {
  rmSync(join(data, `folder-${number % 7}`, `file-${number}.new`), { force: true });
}
for (let count = 0; count < files * 3; count += 1) writeSome();
process.stdout.write('writing\n');
for (let turn = 0; ; turn += 1) {
  for (let count = 0; count < perTurn; count += 1) writeSome();
  payOne(turn);
  await pause(5);
}
