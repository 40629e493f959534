/** What is on record is told also while the stack is not running. */

import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ErrorRecord } from '../../src/model/error-record.ts';
import type { StoredRecord } from '../../src/model/record.ts';
import type { IncidentView } from '../../src/model/view.ts';
import { identify } from '../../src/ports/process-identity.ts';
import { freePort } from '../free-port.ts';
import { type Bench, bench, until } from './harness.ts';
import { controllerPid, endpointPid, keeperPid } from './own-processes.ts';

const reading = ['events', 'incidents', 'explain', 'errors'];
const service = path.join(import.meta.dirname, 'services/api.ts');
const stack = (port: number) => `
name: left
services:
  api:
    command: ["\${DARUMA_NODE}", ${service}]
    endpoint: ${port}
    environment: { INSTANCE: "\${INSTANCE}" }
    restart: { backoff: { initial: 1ms, max: 1ms } }
`;

/** It runs, and its instance was killed and is back; returns its new pid. */
async function recovered(t: TestContext): Promise<{ stand: Bench; pid: number }> {
  const stand = await bench(t, stack(await freePort()));
  await stand.up();
  const before = await stand.pid('api/1');
  process.kill(before, 'SIGKILL');
  const pid = await until('it is back', async () => {
    const now = await stand.instance('api/1');
    return now.phase === 'ready' && now.pid !== before && now.pid;
  });
  return { stand, pid };
}

/** What the state directory holds of the log. */
function log({ stateDir }: Bench) {
  const names = readdirSync(stateDir).filter((name) => name.startsWith('state.db'));
  return names.map((name) => [name, readFileSync(path.join(stateDir, name), 'base64')]);
}

test('after `down`: events, incidents, explain and errors; nothing is changed', async (t) => {
  const { stand } = await recovered(t);
  const live = await stand.events();
  const errors = await stand.json<ErrorRecord[]>('errors');
  assert.equal((await stand.daruma('down')).code, 0);
  const before = log(stand);
  const TMPDIR = path.join(stand.directory, 'tmp');
  mkdirSync(TMPDIR);
  for (const word of reading) {
    const { code, stdout, stderr } = await stand.darumaWith({ TMPDIR }, word);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /api\/1/, word);
    assert.match(stderr, /^the stack is not running; what follows is as of \d{4}-/);
  }
  const records = await allEvents(stand);
  assert.deepEqual(records.slice(0, live.length), live);
  const after = records.slice(live.length).map(({ record }) => record.kind);
  assert.ok(after.includes('instance-stopped'), after.join());
  const incidents = await stand.json<IncidentView[]>('incidents');
  assert.deepEqual(
    incidents.map(({ id, causes }) => [id, causes[0]?.fault]),
    [['i1', 'crash']],
  );
  const ids = (list: readonly ErrorRecord[]) => list.map(({ id }) => id);
  assert.deepEqual(ids(await stand.json<ErrorRecord[]>('errors')), ids(errors));
  assert.equal((await stand.daruma('explain', 'i2')).code, 9);
  assert.deepEqual(log(stand), before);
  assert.deepEqual(readdirSync(TMPDIR), [], 'and no copy is left');
});

test('after a kill of all of Daruma, up to the last record', async (t) => {
  const { stand, pid } = await recovered(t);
  const all = [keeperPid(stand), controllerPid(stand), endpointPid(stand)];
  // Else one would start the others again.
  for (const one of all) process.kill(one, 'SIGSTOP');
  for (const one of all) process.kill(one, 'SIGKILL');
  await until('all are gone', () => all.every((one) => identify(one) === null));
  const records = await allEvents(stand);
  assert.ok(records.some(({ record }) => record.kind === 'instance-started' && record.pid === pid));
  await stand.up();
  assert.equal(await stand.pid('api/1'), pid, 'and it is adopted as if nobody had looked');
});

test('where nothing was left, the stack is not running', async (t) => {
  const stand = await bench(t, stack(await freePort()));
  for (const word of reading) assert.equal((await stand.daruma(word)).code, 4, word);
});

test('a log that can not be read is named, and no copy of it is left', async (t) => {
  const stand = await bench(t, stack(await freePort()));
  mkdirSync(stand.stateDir, { mode: 0o700 });
  const TMPDIR = path.join(stand.directory, 'tmp');
  mkdirSync(TMPDIR);
  const file = path.join(stand.stateDir, 'state.db');
  writeFileSync(file, 'no database'.repeat(1_000));
  const { code, stderr } = await stand.darumaWith({ TMPDIR }, 'explain');
  assert.equal(code, 1);
  assert.ok(stderr.includes(`can't read a copy of ${file}: `), stderr);
  assert.match(stderr, /file is not a database/);
  assert.deepEqual(readdirSync(TMPDIR), []);
});

async function allEvents(stand: Bench): Promise<StoredRecord[]> {
  const { code, stdout } = await stand.daruma('events', '--json', '-n', '1000000');
  assert.equal(code, 0);
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}
