/** A reader that goes (`| head`) ends a command as it ends others: at once and without a word. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { atEnd } from '../at-end.ts';
import { bench, until } from '../scenarios/harness.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const node = [process.execPath, '--disable-warning=ExperimentalWarning', main];

test('nobody reads any more', async () => {
  const [program = '', ...args] = node;
  const child = spawn(program, [...args, 'schema'], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (part) => {
    said += part;
  });
  const [code] = await once(child, 'close');
  assert.deepEqual([code, said], [141, '']);
});

test('a full disk is told', async () => {
  const [program = '', ...args] = node;
  const full = openSync('/dev/full', 'w');
  const child = spawn(program, [...args, 'schema'], { stdio: ['ignore', full, 'pipe'] });
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (part) => {
    said += part;
  });
  const [code] = await once(child, 'close');
  assert.equal(code, 1);
  assert.match(said, /^daruma: the output can't be written: .*ENOSPC[^\n]*\n$/);
});

test('who follows a log ends with its reader', async (t) => {
  const stack = `
name: talks
services:
  talker: { command: 'while sleep 0.05; do echo more; done', shell: true }
`;
  const made = await bench(t, stack);
  await made.up();
  const [program = '', ...args] = node;
  const options = { env: made.environment, cwd: made.directory };
  const child = spawn(program, [...args, 'logs', '--follow'], options);
  atEnd(t, () => child.kill('SIGKILL'));
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (part) => {
    said += part;
  });
  const [first] = await once(child.stdout, 'data');
  assert.match(String(first), /talker\/1 \| more/);
  child.stdout.destroy();
  await until('it has ended', () => child.exitCode !== null);
  assert.equal(said, '');
});
