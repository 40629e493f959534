/** Log lines that are printed while no controller lives are matched by the next one, once. */

import assert from 'node:assert/strict';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { ErrorRecord } from '../../src/model/error-record.ts';
import { instanceLogDir, layout } from '../../src/model/layout.ts';
import { endOffset } from '../../src/supervise/logs.ts';
import { type Bench, bench, until } from './harness.ts';
import { killController } from './own-processes.ts';

/** Prints what the file `say` holds, each time there is one. */
const stack = `
name: spoken
services:
  speaker:
    command:
      [/bin/sh, -c, "echo 错误 begins; while :; do [ -e say ] && cat say && rm say; sleep 0.05; done"]
    symptoms:
      - { name: odd, log: "^错误(.+?)$", count: 2, within: 10m }
`;

async function say(stand: Bench, ...lines: readonly string[]): Promise<void> {
  const file = path.join(stand.directory, 'say');
  writeFileSync(`${file}.new`, lines.map((line) => `${line}\n`).join(''));
  renameSync(`${file}.new`, file);
  await until('it is said', () => !existsSync(file));
}

async function matched(stand: Bench): Promise<number> {
  const errors = await stand.json<ErrorRecord[]>('errors');
  const ours = errors.filter(({ source, code }) => source === 'log' && code === 'odd');
  return ours.reduce((sum, { count }) => sum + count, 0);
}

/** All that was printed is matched, and that is kept. */
async function kept(stand: Bench): Promise<void> {
  await until('the place is kept', () => {
    const places = JSON.parse(readFileSync(layout(stand.stateDir).logPlacesFile, 'utf8'));
    return places['speaker/1'][1] === endOffset(instanceLogDir(stand.stateDir, 'speaker/1'));
  });
}

test('the controller is killed, and comes back to what was printed meanwhile', async (t) => {
  const stand = await bench(t, stack);
  await stand.up();
  await until('its first line is counted', async () => (await matched(stand)) === 1);
  await kept(stand);
  await killController(stand);
  // Counts of errors are saved each second: one that was just made may be lost, none is doubled.
  const before = await matched(stand);
  assert.ok(before <= 1, `${before}`);
  await killController(stand, () => say(stand, 'all is well', '错误 one', '错误 two'));
  await until('they are counted', async () => (await matched(stand)) === before + 2);
  const began = (await stand.events()).filter(
    ({ record }) => record.kind === 'symptom-began' && record.symptom.name === 'odd',
  );
  assert.equal(began.length, 1);
  await say(stand, '错误 three');
  await until('it is counted', async () => (await matched(stand)) === before + 3);
  assert.equal((await stand.instance('speaker/1')).restarts, 0);
});
