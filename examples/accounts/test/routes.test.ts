/** The routes, asked without a network, with a real database behind them. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import type { FastifyInstance } from 'fastify';
import { Client } from 'pg';
import { Accounts } from '../accounts.ts';
import { buildApp } from '../app.ts';
import { Attempts } from '../attempts.ts';
import { Database } from '../database.ts';
import { OwnErrors } from '../own-errors.ts';
import { Passwords } from '../passwords.ts';
import { Tokens } from '../tokens.ts';
import { TestDatabase } from './database.ts';

const secret = 'a key that is only good for this test';
let postgres: TestDatabase;
let database: Database;
let ownErrors: OwnErrors;
let app: FastifyInstance;
const said: string[] = [];

before(async () => {
  postgres = await TestDatabase.create();
  database = new Database(postgres.url, (text) => said.push(text));
  await database.prepare();
  ownErrors = new OwnErrors({
    database,
    instance: 'api/1',
    darumaSocket: undefined,
    darumaToken: undefined,
    log: () => undefined,
  });
  app = buildApp({
    database,
    accounts: new Accounts(database, new Passwords({ memoryKiB: 64, passes: 1 })),
    tokens: new Tokens(secret),
    attempts: new Attempts(),
    ownErrors,
    instance: 'api/2',
    logger: false,
  });
});

test('it tells who serves, also by a database that Daruma does not run', async () => {
  const { status, body } = await get('/api/served-by');
  assert.equal(status, 200);
  assert.equal(body.api, 'api/2');
  assert.equal(body.database.epoch, null);
});

after(async () => {
  await app.close();
  await ownErrors.close();
  await database.close();
  await postgres.remove();
});

function registration(over: object = {}) {
  const name = `ann-${randomUUID().slice(0, 8)}`;
  return { requestId: randomUUID(), name, displayName: 'Ann', password: 'long enough', ...over };
}

async function post(url: string, payload: object) {
  const answer = await app.inject({ method: 'POST', url, payload });
  return { status: answer.statusCode, body: answer.json(), headers: answer.headers };
}

async function get(url: string, token?: string) {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const answer = await app.inject({ method: 'GET', url, headers });
  return { status: answer.statusCode, body: answer.json(), headers: answer.headers };
}

async function registerAndLogIn(over: object = {}) {
  const asked = registration(over);
  const { body: profile } = await post('/api/register', asked);
  const { name, password } = asked;
  const { body } = await post('/api/login', { name, password });
  return { asked, profile, token: String(body.token) };
}

test('register, log in, read the profile', async () => {
  const { asked, profile, token } = await registerAndLogIn({ displayName: 'Ann O’Neil; drop --' });
  const { status, body } = await get('/api/profile', token);
  assert.equal(status, 200);
  assert.deepEqual(body, profile);
  assert.equal(body.displayName, 'Ann O’Neil; drop --');
  assert.equal(body.name, asked.name);
});

test('a registration asked twice is one; the same name from somebody else is refused', async () => {
  const asked = registration();
  const first = await post('/api/register', asked);
  const again = await post('/api/register', asked);
  assert.deepEqual([first.status, again.status], [201, 201]);
  assert.deepEqual(again.body, first.body);
  const other = await post('/api/register', { ...asked, requestId: randomUUID() });
  assert.deepEqual([other.status, other.body.error.code], [409, 'NAME_TAKEN']);
  const guess = await post('/api/register', { ...asked, password: 'some other password' });
  assert.equal(guess.status, 409);
});

test('a registration that is asked many times at once is one', async () => {
  const asked = registration();
  const answers = await Promise.all(Array.from({ length: 8 }, () => post('/api/register', asked)));
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([201]));
  assert.equal(new Set(answers.map(({ body }) => body.id)).size, 1);
});

const wrong: readonly (readonly [string, object])[] = [
  ['no name', { name: undefined }],
  ['a name in capitals', { name: 'Ann' }],
  ['a short password', { password: 'short' }],
  ['no request id', { requestId: 'one' }],
  ['a field too many', { admin: true }],
  ['a number for a text', { displayName: 1 }],
  ['a zero byte', { displayName: 'a\0b' }],
  ['a body beyond the limit', { displayName: 'x'.repeat(5_000) }],
];

for (const [what, over] of wrong) {
  test(`refuses a registration with ${what}`, async () => {
    const { status, body } = await post('/api/register', registration(over));
    assert.ok(status === 400 || status === 413, `answered ${status}`);
    assert.equal(typeof body.error.code, 'string');
  });
}

test('a wrong password and an unknown account get the same answer; guessing ends', async () => {
  const { asked } = await registerAndLogIn();
  const bad = await post('/api/login', { name: asked.name, password: 'not the password' });
  const none = await post('/api/login', { name: 'no-such-account', password: 'long enough' });
  assert.deepEqual([bad.status, bad.body], [none.status, none.body]);
  assert.equal(bad.status, 401);
  for (let turn = 0; turn < 9; turn += 1) {
    await post('/api/login', { name: asked.name, password: 'not the password' });
  }
  const right = await post('/api/login', { name: asked.name, password: asked.password });
  assert.equal(right.status, 429);
  assert.ok(Number(right.headers['retry-after']) > 0);
});

test('refuses tokens that are missing, forged, of another key, or unsigned', async () => {
  const { token } = await registerAndLogIn();
  const other = await new Tokens('another key, as long as it has to be').issue(randomUUID());
  const [, payload] = token.split('.');
  const none = Buffer.from('{"alg":"none"}').toString('base64url');
  for (const bad of [undefined, 'x', `${token}x`, other, `${none}.${payload}.`]) {
    assert.equal((await get('/api/profile', bad)).status, 401);
    assert.equal((await get('/api/error', bad)).status, 401);
  }
  const gone = await new Tokens(secret).issue(randomUUID());
  assert.equal((await get('/api/profile', gone)).status, 404);
});

test('answers carry the headers that keep browsers out of trouble', async () => {
  const { headers } = await get('/api/profile');
  assert.equal(headers['x-content-type-options'], 'nosniff');
  assert.equal(headers['cache-control'], 'no-store');
  assert.match(String(headers['content-security-policy']), /default-src 'none'/);
  const text = await app.inject({ method: 'POST', url: '/api/login', body: 'name=a' });
  assert.equal(text.statusCode, 415);
});

test('while the database is away: 503, kept as its own error, and well again after', async () => {
  const { token } = await registerAndLogIn();
  assert.deepEqual((await get('/api/error', token)).body, { error: null });
  assert.equal((await get('/healthz')).status, 200);
  // As many connections as there may be.
  await Promise.all(Array.from({ length: 50 }, () => get('/api/profile', token)));
  await postgres.stop('SIGKILL');
  assert.equal((await get('/healthz')).status, 503);
  const { status, headers, body } = await get('/api/profile', token);
  assert.deepEqual([status, headers['retry-after']], [503, '1']);
  assert.equal(body.error.code, 'DATABASE_UNAVAILABLE');
  const fromMemory = (await get('/api/error', token)).body.error;
  assert.equal(fromMemory.code, 'DATABASE_UNAVAILABLE');
  await postgres.start();
  assert.equal((await get('/api/profile', token)).status, 200, 'the first question');
  assert.deepEqual([said.length, said[0]?.startsWith('no database: ')], [1, true], `${said}`);
  const { error } = (await get('/api/error', token)).body;
  assert.equal(error.code, 'DATABASE_UNAVAILABLE');
  assert.ok(error.count >= 2);
});

test('its own error is shown to who asks while it is being written', async () => {
  const client = new Client({ connectionString: postgres.url });
  await client.connect();
  try {
    await client.query('begin');
    await client.query('lock table api_errors in exclusive mode');
    ownErrors.record('NEWEST', 'nobody has seen this one before');
    const first = ownErrors.latest();
    const waits = "select 1 from pg_stat_activity where wait_event_type = 'Lock'";
    while ((await database.ask(waits)).length === 0);
    const second = ownErrors.latest();
    await database.ask('select pg_sleep(0.1)');
    await client.query('commit');
    const seen = await Promise.all([first, second]);
    assert.deepEqual(
      seen.map((error) => [error?.code, error?.count]),
      [
        ['NEWEST', 1],
        ['NEWEST', 1],
      ],
    );
  } finally {
    await client.end();
  }
});
