/** What becomes of the stack file while the stack runs does not bring it down; restarts roll. */

import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { requestReplace } from '../../src/keeper/replace.ts';
import { keeperCommand } from '../../src/keeper/start.ts';
import { layout } from '../../src/model/layout.ts';
import type { KeeperCommand } from '../../src/ports/keeper.ts';
import { atEnd } from '../at-end.ts';
import { freePort } from '../free-port.ts';
import { type Bench, bench, until } from './harness.ts';
import { Load } from './load.ts';
import { killController } from './own-processes.ts';

const service = path.join(import.meta.dirname, 'services/api.ts');

const stack = (name: string, port: number) => `
name: ${name}
services:
  api:
    command: ["\${DARUMA_NODE}", ${service}]
    replicas: 2
    endpoint: ${port}
    environment: { INSTANCE: "\${INSTANCE}" }
    healthcheck: { http: /healthz, interval: 500ms, timeout: 20s, retries: 2, start_period: 30s }
`;

/** What a service manager that starts Daruma again runs. */
function withoutUp({ stateDir, file }: Bench): KeeperCommand {
  const controller = path.resolve(import.meta.dirname, '../../src/controller-main.ts');
  const options = ['--state-dir', stateDir, '--file', file];
  return keeperCommand(stateDir, [process.execPath, controller, ...options]);
}

test('a stack file that became garbage: the last good one goes on', async (t) => {
  const stand = await bench(t, stack('spoilt', await freePort()));
  await stand.up();
  const pid = await stand.pid('api/1');
  const other = await stand.pid('api/2');
  for (const garbage of ['services: [', 'name: spoilt\nservices: {}\n', '\0\0\0']) {
    await stand.rewrite(garbage);
    await killController(stand);
    assert.equal((await stand.daruma('check')).code, 3);
    assert.equal(await stand.pid('api/1'), pid);
  }
  process.kill(pid, 'SIGKILL');
  await until('it is restarted', async () => {
    const now = await stand.instance('api/1');
    return now.phase === 'ready' && now.pid !== pid;
  });
  assert.equal(await stand.pid('api/2'), other);
  await requestReplace(layout(stand.stateDir), withoutUp(stand));
  await until('another keeper has read the file again', async () => {
    return /going on with the last good one/.test(await stand.controllerLog());
  });
  assert.equal(await stand.pid('api/2'), other);
  assert.equal((await stand.daruma('down')).code, 0);
});

test('restart of a service under load: one after the other, and no request fails', async (t) => {
  const port = await freePort();
  const stand = await bench(t, stack('rolled', port));
  await stand.up();
  const pids = [await stand.pid('api/1'), await stand.pid('api/2')];
  const load = new Load(port);
  atEnd(t, () => load.end());
  await until('both serve', () => load.answered.size === 2);
  assert.equal((await stand.daruma('restart', 'api')).code, 0);
  for (const id of ['api/1', 'api/2']) assert.ok(!pids.includes(await stand.pid(id)), id);
  const second = await stand.pid('api/2');
  assert.equal((await stand.daruma('restart', 'api/2')).code, 0);
  assert.notEqual(await stand.pid('api/2'), second);
  // Without the other one there would be nobody.
  await until('it serves', async () => (await stand.instance('api/2')).routed === 'serving');
  assert.equal((await stand.daruma('stop', 'api/1')).code, 0);
  assert.equal((await stand.daruma('start', 'api/1')).code, 0);
  await load.end();
  // A kept connection may be closed for being idle just when its client uses it again.
  assert.deepEqual(
    load.failures.filter(({ boundTo }) => boundTo === null),
    [],
  );
  assert.deepEqual(await stand.incidents(), []);
});

test('two stacks at once know nothing of each other', async (t) => {
  const first = await bench(t, stack('first', await freePort()));
  const second = await bench(t, stack('second', await freePort()));
  await Promise.all([first.up(), second.up()]);
  const pid = await second.pid('api/1');
  assert.equal((await first.daruma('down')).code, 0);
  await killController(second);
  assert.equal(await second.pid('api/1'), pid);
  assert.deepEqual(await second.incidents(), []);
});

test('the port of another stack is named with who holds it, and nothing is started', async (t) => {
  const port = await freePort();
  const first = await bench(t, stack('holder', port));
  await first.up();
  const second = await bench(t, stack('comer', port));
  const { code, stderr } = await second.daruma('up', '--detach');
  assert.equal(code, 6, stderr);
  assert.match(stderr, /node \(pid \d+\)/);
  assert.equal((await second.daruma('ps')).code, 4);
});
