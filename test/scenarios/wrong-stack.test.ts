/** A wrong stack file is refused by the real command line, and nothing is started. */

import assert from 'node:assert/strict';
import { cpSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { errorTable } from '../../src/model/errors.ts';
import type { Problem } from '../../src/stack/problem.ts';
import { freePort } from '../free-port.ts';
import { bench, processesOf } from './harness.ts';

const wrong = path.resolve(import.meta.dirname, '../stack/wrong');
/** One of each sort; all of them are tried where stack files are read. */
const sample = [
  'syntax-tab',
  'empty',
  'unknown-word',
  'cycle',
  'duplicate-service',
  'env-file',
  'external-endpoint',
  'several',
];

const told = (problems: string) =>
  `daruma: the stack file has errors:\n${problems}${errorTable.STACK_INVALID.todo}\n`;

test('check and up name what is wrong, with exit code 3, and start nothing', async (t) => {
  const stand = await bench(t, '');
  cpSync(wrong, stand.directory, { recursive: true });
  const before = readdirSync(stand.directory);
  for (const name of sample) {
    const file = path.join(stand.directory, `${name}.yaml`);
    const problems = readFileSync(path.join(wrong, `${name}.txt`), 'utf8');
    for (const command of [['check'], ['up'], ['up', '--detach']]) {
      const { code, stdout, stderr } = await stand.daruma('--file', file, ...command);
      const said = stderr.replaceAll(`${stand.directory}/`, '');
      assert.deepEqual([code, stdout, said], [3, '', told(problems)], name);
    }
  }
  assert.deepEqual(readdirSync(stand.directory), before, 'no state directory was made');
  assert.deepEqual(processesOf(stand.directory), []);
});

test('check --json gives the places of all that is wrong', async (t) => {
  const stand = await bench(t, 'name: wrong\nservices:\n  api: { comand: none, replicas: two }\n');
  const { code, stdout } = await stand.daruma('check', '--json');
  const { ok, problems } = JSON.parse(stdout);
  assert.deepEqual([code, ok], [3, false]);
  assert.deepEqual(
    problems.map(({ line, path }: Problem) => [line, path]),
    [
      [3, 'services.api.comand'],
      [3, 'services.api.replicas'],
    ],
  );
});

test('a file that turns wrong while the stack runs harms nobody', async (t) => {
  const port = await freePort();
  const service = path.join(import.meta.dirname, 'services/api.ts');
  const stand = await bench(
    t,
    `name: turned\nservices:\n  api: { command: ["\${DARUMA_NODE}", ${service}], endpoint: ${port} }\n`,
  );
  await stand.up();
  const pid = await stand.pid('api/1');
  await stand.rewrite('name: turned\nservices:\n  api: { comand: none }\n');
  assert.equal((await stand.daruma('up')).code, 3);
  const { phase, pid: now } = await stand.instance('api/1');
  assert.deepEqual([phase, now], ['ready', pid]);
  assert.equal((await fetch(`http://127.0.0.1:${port}/healthz`)).status, 200);
});
