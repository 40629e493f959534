/** From `daruma up` to the first admin and on, against a real stack. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { userInfo } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { freePort } from '../free-port.ts';
import { type Bench, bench, until } from '../scenarios/harness.ts';

const main = path.resolve(import.meta.dirname, '../../src/main.ts');
const password = 'correct horse battery';

/** A command that reads its standard input. */
function reading(made: Bench, input: string, ...args: string[]): Promise<number | null> {
  const argv = ['--disable-warning=ExperimentalWarning', main, ...args];
  const child = spawn(process.execPath, argv, { cwd: made.directory, env: made.environment });
  child.stdin.end(`${input}\n`);
  return new Promise((resolve) => child.on('exit', resolve));
}

test('the owner makes the first admin by a link, who then acts under a name', async (t) => {
  const port = await freePort();
  const services = { sleeper: { command: ['sleep', '100000'], replicas: 2 } };
  const stack = { name: 'shop', console: { address: port }, services };
  const made = await bench(t, JSON.stringify(stack));
  assert.equal((await made.daruma('console')).code, 4);
  const away = await made.daruma('nagios');
  assert.deepEqual([away.code, away.stdout.slice(0, 18)], [2, 'DARUMA CRITICAL - ']);
  const up = await made.daruma('up', '--detach');
  assert.equal(up.code, 0, up.stderr);
  const found = await made.json<{ url: string; setup: string }>('console');
  const { code, stdout } = await made.daruma('nagios');
  const figures = 'ready=2;;;0;2 incidents=0;;;0';
  const counts = 'DARUMA OK - shop: 2 of 2 instances ready';
  assert.deepEqual([code, stdout], [0, `${counts} | ${figures}\n`]);
  assert.equal(found.url, `http://127.0.0.1:${port}/`);
  assert.match(found.setup, new RegExp(`^${found.url}setup#setup_[0-9a-f_]+$`));

  const call = async (method: string, route: string, body?: object, cookie = '') => {
    const headers = { origin: `http://127.0.0.1:${port}`, cookie, 'idempotency-key': 'k1' };
    const json = body === undefined ? {} : { 'content-type': 'application/json' };
    const answer = await fetch(`${found.url}api/v1/${route}`, {
      method,
      headers: { ...headers, ...json },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return answer;
  };
  const secret = found.setup.split('#')[1];
  const entered = await call('POST', 'auth/setup', { name: 'ann', password, secret });
  assert.equal(entered.status, 201);
  const cookie = entered.headers.getSetCookie().map((one) => one.split(';')[0]);
  const before = await made.pid('sleeper/2');
  const acted = 'services/sleeper/instances/2/restart';
  assert.equal((await call('POST', acted, undefined, cookie.join('; '))).status, 200);
  await until('it is restarted', async () => {
    const { pid, phase } = await made.instance('sleeper/2');
    return phase === 'ready' && pid !== before;
  });
  const again = await call('POST', acted, undefined, cookie.join('; '));
  assert.equal(again.headers.get('idempotency-replayed'), 'true');
  const records = (await made.events()).map(({ record }) => record);
  const whats = records.flatMap((record) =>
    record.kind === 'requested' ? [`${record.by}: ${record.what}`] : [],
  );
  assert.equal(whats.filter((what) => what === 'ann: restart sleeper/2').length, 1);
  assert.ok(whats.includes('ann: logged in from 127.0.0.1'));
  assert.match((await made.daruma('events')).stdout, /ann logged in from 127\.0\.0\.1/);
  assert.equal((await made.json<{ setup: null }>('console')).setup, null);

  const drill = { fault: 'kill', target: 'sleeper/1' };
  const begun = await call('POST', 'drills', drill, cookie.join('; '));
  assert.equal(begun.status, 400, 'the key was used for something else');
});

interface Shown {
  readonly by: string;
  readonly target: string;
  readonly ended: number | null;
  readonly result: { readonly end: string } | null;
  readonly failure: string | null;
}

test('a drill is run under the name of who asked for it, and kept whoever did', async (t) => {
  const port = await freePort();
  const services = { sleeper: { command: ['sleep', '100000'] } };
  const stack = { name: 'shop', console: { address: port }, services };
  const made = await bench(t, JSON.stringify(stack));
  await made.up();
  assert.equal(await reading(made, password, 'user', 'add', 'ann', '--role', 'admin'), 0);
  const base = `http://127.0.0.1:${port}/api/v1`;
  const json = { 'content-type': 'application/json' };
  const login = await fetch(`${base}/auth/login`, {
    method: 'POST',
    headers: json,
    body: JSON.stringify({ name: 'ann', password }),
  });
  assert.equal(login.status, 200);
  const cookie = login.headers.getSetCookie().map((one) => one.split(';')[0]);
  const headers = { cookie: cookie.join('; '), origin: `http://127.0.0.1:${port}` };
  const body = JSON.stringify({ fault: 'kill', target: 'sleeper' });
  const begun = await fetch(`${base}/drills`, {
    method: 'POST',
    headers: { ...headers, ...json },
    body,
  });
  assert.equal(begun.status, 202);
  const { id } = (await begun.json()) as { id: number };
  const other = await fetch(`${base}/drills`, {
    method: 'POST',
    headers: { ...headers, ...json },
    body,
  });
  assert.equal(other.status, 409);
  const ended = await until('the drill ends', async () => {
    const answer = await fetch(`${base}/drills/${id}`, { headers });
    const drill = (await answer.json()) as Shown;
    return drill.ended === null ? null : drill;
  });
  assert.equal(ended.result?.end, 'recovered');
  const list = async () => {
    const answer = await fetch(`${base}/drills`, { headers });
    return ((await answer.json()) as { items: Shown[] }).items;
  };

  const argv = ['--disable-warning=ExperimentalWarning', main, 'drill', 'kill', 'sleeper'];
  const own = spawn(process.execPath, argv, { cwd: made.directory, env: made.environment });
  const gone = new Promise((resolve) => own.on('exit', resolve));
  await until('it is known', async () => (await list())[0]?.ended === null);
  own.kill('SIGKILL');
  await gone;
  assert.deepEqual(
    (await list()).map(({ failure }) => failure),
    ['it was killed before it had a result', null],
  );
  await until('it is well again', async () => (await made.instance('sleeper/1')).phase === 'ready');
  await made.json('drill', 'kill', 'sleeper');
  const [last, ...others] = await list();
  assert.deepEqual(
    [last?.by, last?.target, last?.result?.end, others.length],
    [userInfo().username, 'sleeper/1', 'recovered', 2],
  );
  const records = (await made.events()).map(({ record }) => record);
  const began = records.find((record) => record.kind === 'drill-began');
  assert.equal(began?.kind === 'drill-began' ? began.by : null, 'ann');
});

test('the owner keeps accounts while Daruma is down', async (t) => {
  const services = { sleeper: { command: ['sleep', '100000'] } };
  const made = await bench(t, JSON.stringify({ name: 'shop', services }));
  assert.equal(await reading(made, password, 'user', 'add', 'ann', '--role', 'admin'), 0);
  assert.equal(await reading(made, 'short', 'user', 'add', 'bob'), 2);
  assert.equal(await reading(made, password, 'user', 'add', 'bob', '--role', 'operator'), 0);
  assert.equal((await made.daruma('user', 'role', 'bob', 'viewer')).code, 0);
  assert.equal((await made.daruma('user', 'role', 'ann', 'viewer')).code, 8);
  const people = await made.json<{ name: string; role: string }[]>('user');
  assert.deepEqual(
    people.map(({ name, role }) => [name, role]),
    [
      ['ann', 'admin'],
      ['bob', 'viewer'],
    ],
  );
  const { link } = await made.json<{ link: string }>('user', 'invite');
  assert.match(link, /^\/accept#invite_[0-9a-f_]+$/);
  assert.equal(await reading(made, password, 'user', 'password', 'bob'), 0);
  assert.equal((await made.daruma('user', 'remove', 'bob')).code, 0);
});
