/** An application reports errors whose messages change: what people see of them, and do. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { ErrorDetail, ErrorRecord } from '../../src/model/error-record.ts';
import { freePort } from '../free-port.ts';
import { type Bench, bench, until } from './harness.ts';

/** Reports the same error with other numbers, addresses, ids and names each time. */
const program = `
import { randomBytes, randomUUID } from 'node:crypto';
import { request } from 'node:http';
const { DARUMA_SOCKET: socketPath, DARUMA_TOKEN: token } = process.env;
let n = 0;
setInterval(() => {
  n += 1;
  const message = 'order ' + n + ' of ' + randomUUID() + ' at 0x' + randomBytes(6).toString('hex') +
    ': no price for "thing ' + n + '" in /shops/' + randomBytes(4).toString('hex') + n + '/prices';
  const stack = 'Error: no price\\n    at till (shop.js:12:5)';
  const body = JSON.stringify({ code: 'E_PRICE', message, stack });
  const headers = { authorization: 'Bearer ' + token, 'content-type': 'application/json' };
  request({ socketPath, method: 'POST', path: '/v1/errors', headers, agent: false })
    .on('response', (response) => response.resume())
    .on('error', () => {})
    .end(body);
}, 20);
`;

async function reporting(t: Parameters<typeof bench>[0]): Promise<Bench> {
  const command = [process.execPath, '--input-type=module', '--eval', program];
  const shop = { command, environment: { RELEASE: '2.4.1' } };
  const made = await bench(
    t,
    JSON.stringify({ name: 'errors', console: false, services: { shop } }),
  );
  await made.up();
  return made;
}

async function listed(made: Bench, ...args: string[]): Promise<ErrorRecord[]> {
  const all = await made.json<ErrorRecord[]>('errors', ...args);
  return all.filter(({ code }) => code === 'E_PRICE');
}

async function notes(made: Bench): Promise<string[]> {
  return (await made.events()).flatMap(({ record }) =>
    record.kind === 'requested' && record.request?.kind === 'note' ? [record.what] : [],
  );
}

test('changing numbers make one error, which is searched, muted, acknowledged', async (t) => {
  const made = await reporting(t);
  const [error] = await until('it was reported often', async () => {
    const found = await listed(made);
    return (found[0]?.count ?? 0) >= 30 ? found : null;
  });
  assert.ok(error !== undefined);
  assert.equal((await listed(made, '--all')).length, 1);
  const { id, origin, release, trend } = error;
  assert.deepEqual([origin.instance, release], ['shop/1', '2.4.1']);
  assert.ok((trend.hours.at(-1) ?? 0) + (trend.hours.at(-2) ?? 0) >= 30);

  assert.equal((await listed(made, '--search', 'ORDER shops')).length, 1);
  assert.equal((await listed(made, '--search', 'refund')).length, 0);

  const endless = await made.daruma('errors', 'mute', id, '--forever');
  assert.equal(endless.code, 8, 'without a terminal, for ever needs --yes');
  const passed = await made.daruma('errors', 'mute', id, '--until', '2020-01-01');
  assert.match(passed.stderr, /time that has passed/);
  assert.equal((await made.daruma('errors', 'mute', id, '--for', '1h')).code, 0);
  assert.deepEqual(await listed(made), []);
  assert.match((await made.daruma('errors', '--all')).stdout, /muted by/);
  assert.equal((await made.daruma('errors', 'unmute', id)).code, 0);
  assert.equal((await listed(made))[0]?.id, id);
  assert.equal((await made.daruma('errors', 'ack', id)).code, 0);

  const shown = await made.daruma('errors', 'show', id);
  assert.match(shown.stdout, /at till \(shop\.js:12:5\)/);
  assert.match(shown.stdout, /latest:\n.*order \d+/);
  assert.equal((await made.daruma('errors', 'mute', 'nonesuch', '--for', '1h')).code, 9);
  const acts = (await notes(made)).map((text) => text.replace(/ until .*/, ''));
  assert.deepEqual(acts, [
    `muted the error ${id} (E_PRICE)`,
    `unmuted the error ${id} (E_PRICE)`,
    `acknowledged the error ${id} (E_PRICE)`,
  ]);
});

test('an error belongs to its incident, and tells where the log was', async (t) => {
  const command = [
    'sh',
    '-c',
    'echo began; while [ ! -e fail ]; do sleep 0.05; done; echo ended; exit 3',
  ];
  const job = { command, restart: 'always', recovery: { max_actions: '1 per 10m' } };
  const made = await bench(
    t,
    JSON.stringify({ name: 'errors', console: false, services: { job } }),
  );
  await made.up();
  writeFileSync(path.join(made.directory, 'fail'), '');
  const incident = await until('an incident is open', async () => (await made.incidents())[0]);
  const [link, error] = await until('its error is linked to it', async () => {
    const all = await made.json<ErrorRecord[]>('errors', '--service', 'job');
    const exit = all.find(({ source }) => source === 'exit');
    const found = exit?.incidents.find((one) => one.incident === incident.id);
    return found === undefined || exit === undefined ? null : ([found, exit] as const);
  });
  assert.ok(link.log !== null && link.log >= 'began\nended\n'.length);
  const detail = await made.json<ErrorDetail>('errors', 'show', error.id);
  assert.ok(detail.occurrences.some((one) => one.incident === incident.id));
});

test('an error of a primary that was failed over from says that it was primary', async (t) => {
  const program = path.join(import.meta.dirname, 'services/only-primary.ts');
  const job = {
    command: [process.execPath, program],
    replicas: 2,
    endpoint: await freePort(),
    failover: { standby: 'cold' },
  };
  const stack = { name: 'errors', console: false, services: { job } };
  const made = await bench(t, JSON.stringify(stack));
  made.environment['REIGNS'] = path.join(made.directory, 'reigns');
  await made.up();
  const primary = async () => (await made.view()).services[0]?.group?.primary;
  assert.equal(await primary(), 'job/1');
  process.kill(await made.pid('job/1'), 'SIGKILL');
  await until('the other one is primary', async () => (await primary()) === 'job/2');
  const killed = await until('the exit is kept', async () => {
    const all = await made.json<ErrorRecord[]>('errors', '--service', 'job/1');
    return all.find(({ source }) => source === 'exit');
  });
  assert.deepEqual([killed.code, killed.origin.role], ['SIGKILL', 'primary']);
});
