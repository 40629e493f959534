/** Recovery points at a real S3 server, and keys that are changed, by the command line. */
import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { atEnd } from '../at-end.ts';
import { S3Scene } from '../vault/s3-scene.ts';
import { type Bench, endProcessesOf } from './harness.ts';
import { listed, type Notes, notes } from './recovery-stand.ts';

interface Key {
  /** The private one. */
  readonly file: string;
  readonly recipient: string;
}

async function newKey(directory: string, name: string): Promise<Key> {
  const identity = await generateIdentity();
  const file = path.join(directory, name);
  writeFileSync(file, `${identity}\n`, { mode: 0o600 });
  return { file, recipient: await identityToRecipient(identity) };
}

/** What is stored is encrypted to the key; the stack runs. */
async function encrypted(t: TestContext, places: string): Promise<{ stand: Notes; key: Key }> {
  const stand = await notes(t, `${places}encrypt_to: [RECIPIENT], keep: { last: 9 }`);
  const { made } = stand;
  const key = await newKey(made.directory, 'key.txt');
  await replaced(made, 'RECIPIENT', key.recipient);
  await made.up();
  return { stand, key };
}

async function replaced(made: Bench, old: string, by: string): Promise<void> {
  await made.rewrite(readFileSync(made.file, 'utf8').replace(old, by));
}

test('points at an S3 server, by keys that `.env` names; all else may be lost', async (t) => {
  const s3 = await S3Scene.open();
  atEnd(t, () => s3.close());
  const { endpoint, bucket, accessKey, secretKey } = s3.access;
  const fields = `endpoint: "${endpoint}", bucket: ${bucket}, prefix: test, region: us-east-1`;
  const keys = 'access_key_env: TEST_S3_ID, secret_key_env: TEST_S3_SECRET';
  const { stand, key } = await encrypted(t, `to: [{ s3: { ${fields}, ${keys} } }], `);
  const { made } = stand;
  await stand.add('one');
  assert.notEqual((await made.daruma('backup', 'notes')).code, 0, 'nobody gave the keys');
  const env = `TEST_S3_ID=${accessKey}\nTEST_S3_SECRET=${secretKey}\n`;
  writeFileSync(path.join(made.directory, '.env'), env, { mode: 0o600 });
  const run = await made.daruma('backup', 'notes', '--name', 'first');
  assert.equal(run.code, 0, run.stdout + run.stderr);
  await stand.add('two');
  assert.equal((await made.daruma('backup', 'notes')).code, 0);
  const sound = await made.daruma('vault', 'verify', '--identity', key.file);
  assert.equal(sound.code, 0, sound.stdout + sound.stderr);
  assert.equal((await made.daruma('down')).code, 0);
  await endProcessesOf(made.directory);
  rmSync(made.stateDir, { recursive: true });
  rmSync(path.join(made.directory, 'data'), { recursive: true });
  await made.up();
  const { points } = await listed(made, 'notes');
  assert.deepEqual(
    points.map(({ places }) => places),
    [['s3://backups/test'], ['s3://backups/test']],
  );
  const back = ['restore', 'notes', '--to', 'first', '--identity', key.file, '--yes'];
  const restored = await made.daruma(...back);
  assert.equal(restored.code, 0, restored.stdout + restored.stderr);
  assert.deepEqual(await stand.read(), ['one']);
});

test('a key is changed: the new one opens old points, the old one none', async (t) => {
  const { stand, key } = await encrypted(t, '');
  const { made } = stand;
  await stand.add('one');
  assert.equal((await made.daruma('backup', 'notes')).code, 0);
  const untried = await made.daruma('restore-drill', 'notes');
  assert.equal(untried.code, 6);
  assert.match(untried.stderr, /no private key is given/);
  const proven = await made.daruma('restore-drill', 'notes', '--identity', key.file);
  assert.equal(proven.code, 0, proven.stdout + proven.stderr);
  assert.deepEqual(await made.incidents(), [], 'what could not be tried is no fault');
  const fresh = await newKey(made.directory, 'fresh.txt');
  await replaced(made, key.recipient, fresh.recipient);
  await made.up();
  const blind = await made.daruma('vault', 'rekey', 'notes');
  assert.match(blind.stderr, /say --identity/);
  const changed = await made.daruma('vault', 'rekey', 'notes', '--identity', key.file);
  assert.equal(changed.code, 0, changed.stdout + changed.stderr);
  assert.match(changed.stdout, /^1 file is encrypted anew/);
  const copy = path.join(made.directory, 'copy');
  const take = (file: string) =>
    made.daruma('restore', 'notes', '--as-copy', copy, '--identity', file);
  const refused = await take(key.file);
  assert.notEqual(refused.code, 0);
  assert.match(refused.stderr, /is encrypted to age1/);
  const taken = await take(fresh.file);
  assert.equal(taken.code, 0, taken.stdout + taken.stderr);
  assert.equal(readFileSync(path.join(copy, 'data/notes'), 'utf8'), 'one\n');
  const sound = await made.daruma('vault', 'verify', '--identity', fresh.file);
  assert.equal(sound.code, 0, sound.stdout + sound.stderr);
});
