/** A changed stack file is told of, and applied by `up` and by nothing else. */

import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { identify } from '../../src/ports/process-identity.ts';
import { freePort } from '../free-port.ts';
import { type Bench, bench, until } from './harness.ts';
import { controllerPid, killController } from './own-processes.ts';

const api = path.join(import.meta.dirname, 'services/api.ts');
const family = path.join(import.meta.dirname, 'services/family.ts');

interface Versions {
  readonly port: number;
  readonly colour: string;
  readonly rest: string;
}

const plain = (name: string, needs = '[]') => `
  ${name}:
    command: ["\${DARUMA_NODE}", ${family}]
    environment: { ALONE: 1 }
    depends_on: ${needs}
`;

const stack = ({ port, colour, rest }: Versions) => `
name: changing
services:
  api:
    command: ["\${DARUMA_NODE}", ${api}]
    replicas: 2
    endpoint: ${port}
    environment: { INSTANCE: "\${INSTANCE}", COLOUR: ${colour} }
    depends_on: [base]
    healthcheck: { http: /healthz, interval: 500ms, timeout: 20s, retries: 2, start_period: 30s }
${plain('base')}${rest}`;

async function pids(stand: Bench): Promise<Record<string, number | null>> {
  const instances = (await stand.view()).services.flatMap((service) => service.instances);
  return Object.fromEntries(instances.map(({ id, pid }) => [id, pid]));
}

/** Kinds of records of an instance after a record. */
async function stopsSince(stand: Bench, seq: number): Promise<string[]> {
  return (await stand.events()).flatMap(({ seq: at, record }) =>
    at > seq && record.kind === 'instance-stopping' ? [record.instance] : [],
  );
}

test('new, removed and changed services; the rest is not touched', async (t) => {
  const port = await freePort();
  const old = plain('old') + plain('older', '[old]');
  const stand = await bench(t, stack({ port, colour: 'red', rest: old }));
  await stand.up();
  const before = await pids(stand);
  const { seq } = await stand.view();
  assert.equal((await stand.daruma('up', '--detach')).code, 5, 'unchanged: it runs already');
  assert.doesNotMatch((await stand.daruma('ps')).stdout, /has changed/);

  const elsewhere = await freePort();
  await stand.rewrite(stack({ port: elsewhere, colour: 'blue', rest: plain('fresh') }));
  const told = (await stand.daruma('ps')).stdout;
  assert.match(told, /daruma\.yaml has changed since changing was started \(.*\); `.* up` applies/);
  assert.deepEqual(await pids(stand), before, 'to be told of changes nothing');

  const applied = await stand.daruma('up', '--detach');
  assert.equal(applied.code, 0, applied.stderr);
  assert.match(applied.stderr, /new: fresh\n {2}removed: old, older\n.*restarting api\/1, api\/2/);
  const after = await pids(stand);
  assert.deepEqual(Object.keys(after).sort(), ['api/1', 'api/2', 'base/1', 'fresh/1']);
  assert.equal(after['base/1'], before['base/1']);
  for (const id of ['api/1', 'api/2']) assert.notEqual(after[id], before[id]);
  for (const id of ['old/1', 'older/1'])
    assert.equal(identify(before[id] ?? 0), null, `${id} is gone`);
  const stops = await stopsSince(stand, seq);
  assert.ok(stops.indexOf('older/1') < stops.indexOf('old/1'), 'in reverse order');
  assert.deepEqual(
    stops.filter((id) => id.startsWith('api')),
    ['api/1', 'api/2'],
  );
  assert.equal((await fetch(`http://127.0.0.1:${elsewhere}/healthz`)).status, 200);
  await assert.rejects(fetch(`http://127.0.0.1:${port}/healthz`));
  assert.doesNotMatch((await stand.daruma('ps')).stdout, /has changed/);
  assert.equal((await stand.daruma('up', '--detach')).code, 5);
  assert.deepEqual(await stand.incidents(), []);
});

test('a wrong file, a missing program and a taken port change nothing', async (t) => {
  const port = await freePort();
  const stand = await bench(t, stack({ port, colour: 'red', rest: '' }));
  await stand.up();
  const before = await pids(stand);
  const other = await bench(t, stack({ port: await freePort(), colour: 'red', rest: '' }));
  await other.up();
  const { services } = await other.view();
  const theirs = Number(services[0]?.endpoint?.split(':')[1]);
  const wrong: readonly (readonly [string, number, RegExp])[] = [
    ['services: [', 3, /the stack file has errors/],
    [stack({ port, colour: 'blue', rest: '    replica: 2\n' }), 3, /did you mean/i],
    [stack({ port: theirs, colour: 'blue', rest: '' }), 6, /is held by/],
    [
      `${stack({ port, colour: 'blue', rest: '' })}\nrequires: { programs: [no-such-program] }\n`,
      6,
      /no-such-program/,
    ],
  ];
  for (const [text, code, message] of wrong) {
    await stand.rewrite(text);
    const refused = await stand.daruma('up', '--detach');
    assert.equal(refused.code, code, refused.stderr);
    assert.match(refused.stderr, message);
    assert.deepEqual(await pids(stand), before);
  }
});

test('a controller that comes back does not apply what nobody asked for', async (t) => {
  const port = await freePort();
  const stand = await bench(t, stack({ port, colour: 'red', rest: plain('old') }));
  await stand.up();
  const before = await pids(stand);
  await stand.rewrite(stack({ port, colour: 'blue', rest: plain('fresh') }));
  await killController(stand);
  assert.deepEqual(await pids(stand), before);
  assert.match((await stand.daruma('ps')).stdout, /has changed/);
});

test('a controller killed while it applies a change: the next one goes on', async (t) => {
  const port = await freePort();
  const stand = await bench(t, stack({ port, colour: 'red', rest: '' }));
  await stand.up();
  const before = await pids(stand);
  const first = controllerPid(stand);
  await stand.rewrite(stack({ port, colour: 'blue', rest: '' }));
  const applied = stand.daruma('up', '--detach');
  await until('the first restart begins', async () => {
    const begun = (await stand.view()).services[0]?.instances.some(
      ({ phase }) => phase !== 'ready',
    );
    return controllerPid(stand) !== first && begun === true;
  });
  process.kill(controllerPid(stand), 'SIGKILL');
  const { code, stderr } = await applied;
  assert.equal(code, 0, stderr);
  const after = await until('both are replaced', async () => {
    const now = await pids(stand);
    const all = (await stand.view()).services.flatMap((service) => service.instances);
    return all.every(({ phase, changed }) => phase === 'ready' && changed !== true) && now;
  });
  for (const id of ['api/1', 'api/2']) assert.notEqual(after[id], before[id]);
  assert.equal(after['base/1'], before['base/1']);
});
