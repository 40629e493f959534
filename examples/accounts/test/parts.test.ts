import assert from 'node:assert/strict';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Attempts } from '../attempts.ts';
import { readConfig } from '../config.ts';
import { Passwords } from '../passwords.ts';
import { readSecret, Tokens } from '../tokens.ts';

test('a hash says how it was made, and verifies only its own password', async () => {
  const passwords = new Passwords({ memoryKiB: 64, passes: 1 });
  const hash = await passwords.hash('größer als nötig');
  assert.match(hash, /^\$argon2id\$v=19\$m=64,t=1,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
  assert.equal(await passwords.verify('größer als nötig'.normalize('NFD'), hash), true);
  assert.equal(await passwords.verify('größer als nötih', hash), false);
  assert.equal(await passwords.verify('größer als nötig', undefined), false);
  const dearer = new Passwords({ memoryKiB: 128, passes: 2 });
  assert.equal(await dearer.verify('größer als nötig', hash), true);
});

test('too many at once are turned away, and the others all served', async () => {
  const passwords = new Passwords({ memoryKiB: 64, passes: 1 });
  const crowd = Array.from({ length: 200 }, () => passwords.hash('long enough'));
  const results = await Promise.allSettled(crowd);
  const refused = results.filter(({ status }) => status === 'rejected');
  assert.equal(refused.length, 97);
  await passwords.hash('long enough');
});

test('attempts are limited by account and address, and forgotten in time', () => {
  let now = 0;
  const attempts = new Attempts(() => now);
  for (let turn = 0; turn < 10; turn += 1) attempts.failed('ann', '10.0.0.1');
  assert.throws(() => attempts.check('ann', '10.0.0.1'), { status: 429 });
  attempts.check('ann', '10.0.0.2');
  for (let turn = 0; turn < 90; turn += 1) attempts.failed('ann', `10.0.1.${turn}`);
  assert.throws(() => attempts.check('ann', '10.0.0.2'), { status: 429 });
  attempts.check('bob', '10.0.0.1');
  now += 15 * 60_000;
  attempts.check('ann', '10.0.0.1');
});

test('the key for tokens is made once, also by several at once', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'accounts-'));
  try {
    const path = join(directory, 'secrets', 'jwt');
    const first = await readSecret(path);
    assert.equal(await readSecret(path), first);
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    const tokens = new Tokens(first);
    assert.equal(await tokens.verify(await tokens.issue('me')), 'me');
    assert.throws(() => new Tokens('too short'), /at least 32 bytes/);
  } finally {
    await rm(directory, { recursive: true });
  }
});

test('a wrong environment is told before anything starts', () => {
  assert.throws(() => readConfig({}), /DATABASE_URL is not set/);
  const env = { DATABASE_URL: 'postgres://x', PORT: '80a' };
  assert.throws(() => readConfig(env), /PORT must be a whole number/);
});
