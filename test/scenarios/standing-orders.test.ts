/** What works is started again by its standing order, with a controller and without one. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { instanceFileName, layout } from '../../src/model/layout.ts';
import { readJsonFile } from '../../src/ports/replace-file.ts';
import { freePort } from '../free-port.ts';
import { type Bench, bench, isAlive, until } from './harness.ts';
import { allReady, onlyOnce } from './only-once.ts';
import { controllerPid, killController } from './own-processes.ts';

const service = path.join(import.meta.dirname, 'services/api.ts');

const stack = (port: number, more = '') => `
name: ordered
${more}
services:
  api:
    command: ["\${DARUMA_NODE}", ${service}]
    endpoint: ${port}
    environment: { INSTANCE: "\${INSTANCE}" }
    healthcheck: { http: /healthz, interval: 200ms, timeout: 20s, retries: 2, start_period: 30s }
`;

interface RunFile {
  readonly pid: number;
  readonly ordered?: { readonly pid: number };
}

function runOf(made: Bench, id: 'api/1' | 'base/1'): RunFile {
  const file = `${layout(made.stateDir).runDir}/instances/${instanceFileName(id)}.json`;
  return readJsonFile(file) as RunFile;
}

/** The launcher that has the order. */
function orderOf(made: Bench, id: 'api/1' | 'base/1'): Promise<number> {
  return until(`an order stands for ${id}`, () => runOf(made, id).ordered?.pid);
}

/** Numbers of the records of a kind. */
async function seqs(made: Bench, kind: string): Promise<number[]> {
  const all = await made.events();
  return all.flatMap(({ seq, record }) => (record.kind === kind ? [seq] : []));
}

function readyAs(made: Bench, pid: number): Promise<boolean> {
  return until('it is ready again', async () => {
    const now = await made.instance('api/1');
    return now.phase === 'ready' && now.pid === pid;
  });
}

test('kill -9: the launcher becomes the program, by an order that is on record', async (t) => {
  const made = await bench(t, stack(await freePort()));
  await made.up();
  const launcher = await orderOf(made, 'api/1');
  process.kill(await made.pid('api/1'), 'SIGKILL');
  await readyAs(made, launcher);
  const [given = 0] = await seqs(made, 'order-given');
  const [exited = 0] = await seqs(made, 'instance-exited');
  const [, started = 0] = await seqs(made, 'instance-started');
  assert.ok(given > 0 && given < exited && exited < started);
  assert.deepEqual(await seqs(made, 'order-withdrawn'), []);
  assert.equal((await made.instance('api/1')).restarts, 1);
  assert.equal((await made.incidents()).length, 1);
  assert.match((await made.daruma('events')).stdout, /api\/1: to be started again at once/);
});

test('under maintenance no order stands, and none is given', async (t) => {
  const made = await bench(t, stack(await freePort()));
  await made.up();
  const first = await orderOf(made, 'api/1');
  assert.equal((await made.daruma('maintenance', 'api', '--for', '10m')).code, 0);
  await until('the launcher is gone', () => !isAlive(first));
  assert.equal(runOf(made, 'api/1').ordered, undefined);
  await until('that is on record', async () => (await seqs(made, 'order-withdrawn')).length > 0);
  assert.equal((await made.daruma('maintenance', 'api', '--end')).code, 0);
  assert.notEqual(await orderOf(made, 'api/1'), first);
});

test('in observe mode no order is given', async (t) => {
  const made = await bench(t, stack(await freePort()));
  await made.up();
  await orderOf(made, 'api/1');
  const before = (await seqs(made, 'order-given')).length;
  const pid = await made.pid('api/1');
  await made.rewrite(stack(await freePort(), 'mode: observe'));
  assert.equal((await made.daruma('up', '--detach')).code, 0);
  process.kill(pid, 'SIGKILL');
  await until('it is left alone', async () => {
    const { phase } = await made.instance('api/1');
    return phase === 'held' || phase === 'exited';
  });
  assert.equal((await seqs(made, 'order-given')).length, before);
  assert.equal(runOf(made, 'api/1').ordered, undefined);
});

test('stopped by a person, it is not started by its order', async (t) => {
  const { made, starts } = await onlyOnce(t);
  await made.up();
  const launcher = await orderOf(made, 'base/1');
  assert.equal((await made.daruma('stop', 'base')).code, 0);
  assert.equal(isAlive(launcher), false);
  assert.equal(starts()['base/1'], 1);
});

for (const dies of ['before', 'after'] as const) {
  test(`the controller is killed ${dies} what has an order`, async (t) => {
    const { made, starts } = await onlyOnce(t);
    await made.up();
    await orderOf(made, 'base/1');
    const pid = await made.pid('base/1');
    if (dies === 'before') {
      process.kill(controllerPid(made), 'SIGKILL');
      process.kill(pid, 'SIGKILL');
    } else {
      process.kill(pid, 'SIGKILL');
      process.kill(controllerPid(made), 'SIGKILL');
    }
    await until('all is ready again', async () => {
      const all = await allReady(made);
      return all?.some(({ id, pid: now }) => id === 'base/1' && now !== pid) === true;
    });
    // None ran beside another: `starts` throws then.
    assert.equal(starts()['base/1'], 2);
    assert.equal((await seqs(made, 'instance-exited')).length, 1);
  });
}

test('the next controller withdraws what the last one ordered', async (t) => {
  const { made, starts } = await onlyOnce(t);
  await made.up();
  const launcher = await orderOf(made, 'base/1');
  const pid = await made.pid('base/1');
  await killController(made);
  await until('the launcher is gone', () => !isAlive(launcher));
  assert.equal(await made.pid('base/1'), pid);
  process.kill(pid, 'SIGKILL');
  await until('it is ready again', async () => {
    const { phase, pid: now } = await made.instance('base/1');
    return phase === 'ready' && now !== pid;
  });
  assert.equal(starts()['base/1'], 2);
});
