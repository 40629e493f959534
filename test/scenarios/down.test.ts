/** `down` leaves nothing; `up` twice is refused; a pid that was reused is left alone. */

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { identify } from '../../src/ports/process-identity.ts';
import { freePort } from '../free-port.ts';
import { type Bench, background, bench, until } from './harness.ts';
import { keeperPid, killController } from './own-processes.ts';

const family = path.join(import.meta.dirname, 'services/family.ts');
const api = path.join(import.meta.dirname, 'services/api.ts');
const command = (file: string) => `command: ["\${DARUMA_NODE}", ${file}]`;

const families = (more = '') => `
name: families
services:
  c:
    ${command(family)}
    depends_on: [b]
    environment: { JOURNAL: journal, INSTANCE: "\${INSTANCE}", STUBBORN: 1 }
  b:
    ${command(family)}
    depends_on: [a]
    replicas: 2
    environment: { JOURNAL: journal, INSTANCE: "\${INSTANCE}" }
  a:
    ${command(family)}
    environment: { JOURNAL: journal, INSTANCE: "\${INSTANCE}" }
${more}`;

interface Entry {
  readonly instance: string;
  readonly what: string;
  readonly pid: number;
}

function journal(stand: Bench): Entry[] {
  const lines = readFileSync(path.join(stand.directory, 'journal'), 'utf8').trim().split('\n');
  return lines.map((line) => {
    const [instance = '', what = '', pid = ''] = line.split(' ');
    return { instance, what, pid: Number(pid) };
  });
}

/** Those that still live. */
function left(entries: readonly Entry[]): Entry[] {
  return entries.filter(({ pid }) => pid > 0 && identify(pid) !== null);
}

test('down: in reverse order, and no process is left, whatever session it is in', async (t) => {
  const stand = await bench(t, families());
  await stand.up();
  await until('the families are complete', () => journal(stand).length === 8);
  const keeper = keeperPid(stand);
  assert.equal(left(journal(stand)).length, 8);
  const { code, stdout } = await stand.daruma('down');
  assert.equal(code, 0);
  assert.match(stdout, /the stack is down/);
  assert.deepEqual(left(journal(stand)), []);
  await until('nor any of Daruma', () => identify(keeper) === null);
  const ended = journal(stand).filter(({ what }) => what === 'stopped');
  const order = ended.map(({ instance }) => instance.slice(0, 1)).join('');
  assert.equal(order, 'cbba');
  assert.equal((await stand.daruma('down')).code, 4, 'it does not run any more');
  await stand.up();
});

test('up twice is refused, also while the first still starts', async (t) => {
  const stand = await bench(t, families());
  const both = await Promise.all([
    stand.daruma('up', '--detach'),
    stand.daruma('up', '--detach'),
    stand.daruma('up', '--detach'),
  ]);
  const codes = both.map(({ code }) => code).sort();
  assert.deepEqual(codes, [0, 5, 5], both.map(({ stderr }) => stderr).join('\n'));
  const { code, stderr } = await stand.daruma('up');
  assert.equal(code, 5);
  assert.match(stderr, /families is running already \(controller pid \d+\)/);
  const started = () => journal(stand).filter(({ what }) => what === 'started').length;
  await until('all have begun', () => started() >= 4);
  assert.equal(started(), 4, 'and nothing was started twice');
});

test('another stack file with the same state directory is refused', async (t) => {
  const stand = await bench(t, families());
  await stand.up();
  const second = await bench(t, families().replace('families', 'others'));
  const { code, stderr } = await second.daruma('up', '--detach', '--state-dir', stand.stateDir);
  assert.equal(code, 5, stderr);
  assert.match(stderr, /families/);
});

test('a pid that is another’s by now is neither adopted nor ended', async (t) => {
  const port = await freePort();
  const environment = 'environment: { INSTANCE: "${INSTANCE}" }';
  const stand = await bench(
    t,
    `name: forged\nservices:\n  api:\n    ${command(api)}\n    endpoint: ${port}\n    ${environment}\n`,
  );
  await stand.up();
  const stranger = background(t, ['sleep', '1000'], stand.directory);
  const identity = identify(stranger.pid ?? 0);
  assert.ok(identity !== null);
  const forgeries = [
    { pid: identity.pid },
    { pid: identity.pid, startTicks: identity.start, slot: null },
  ];
  for (const forgery of forgeries) {
    const pid = await stand.pid('api/1');
    await killController(stand, () => {
      process.kill(pid, 'SIGKILL');
      const file = path.join(stand.stateDir, 'run/instances/api.1.json');
      const record = JSON.parse(readFileSync(file, 'utf8'));
      writeFileSync(file, JSON.stringify({ ...record, ...forgery }));
    });
    const replaced = await until('a process of its own runs', async () => {
      const now = await stand.instance('api/1');
      return now.phase === 'ready' && now.pid !== pid && now.pid;
    });
    assert.notEqual(replaced, identity.pid);
  }
  assert.equal((await stand.daruma('down')).code, 0);
  assert.deepEqual(identify(identity.pid), identity, 'the stranger lives');
});
