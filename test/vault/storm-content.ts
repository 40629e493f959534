/** What the service of the storm writes, and whether a copy of it is whole. */
import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

export const pageBytes = 4_096;
export const accounts = 100;
export const accountMoney = 1_000;

/** Every file is of one moment. Returns how many there are. */
export function checkFiles(directory: string): number {
  const entries = readdirSync(directory, { withFileTypes: true, recursive: true });
  // What is being written under another name may be half written.
  const whole = entries.filter((entry) => entry.isFile() && !entry.name.endsWith('.new'));
  for (const { parentPath, name } of whole) {
    const text = readFileSync(join(parentPath, name), 'utf8');
    assert.equal(hash('sha256', text.slice(0, -64)), text.slice(-64), `${name} is whole`);
  }
  return whole.length;
}

export function checkBank(file: string): void {
  const bank = new DatabaseSync(file, { readOnly: true });
  const sum = bank.prepare('SELECT sum(money) AS sum FROM account').get()?.['sum'];
  bank.close();
  assert.equal(sum, accounts * accountMoney);
}
