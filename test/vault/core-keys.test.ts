/** Keys: several at once, passphrases, change of keys; and what lies beside the points. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import type { KeySpec } from '../../src/model/recovery-point.ts';
import type { VaultContext } from '../../src/ports/vault.ts';
import { readSmall } from '../../src/vault/catalogue.ts';
import { listExtras, readExtra, removeExtra, storeExtra } from '../../src/vault/extras.ts';
import { Identities, readIdentities } from '../../src/vault/keys.ts';
import { unlockIdentities } from '../../src/vault/passphrase-keys.ts';
import { listPoints, rekey, restoreFiles, sweep, verifyVault } from '../../src/vault/vault.ts';
import { filesBelow, make, put, type Scene, scene, sourceOf, unlimited } from './core-scene.ts';

let here: Scene;
let restores = 0;
const files = { a: 'text', b: 'more' };

beforeEach(async () => {
  here = await scene();
});
afterEach(() => here.remove());

async function newKey(): Promise<{ spec: KeySpec; identities: Identities; identity: string }> {
  const identity = await generateIdentity();
  const recipient = await identityToRecipient(identity);
  const identities = await Identities.from([identity], 'a key');
  return { spec: { kind: 'recipient', recipient }, identities, identity };
}

async function restored(id: string, context: VaultContext, identities: Identities) {
  restores += 1;
  const into = join(here.root, `restored-${restores}`);
  await restoreFiles(context, id, into, identities, {
    signal: unlimited,
    onProgress: () => undefined,
  });
  return filesBelow(into);
}

function bytesOf(content: string | Buffer): Readable {
  return Readable.from([Buffer.from(content)], { objectMode: false });
}

describe('keys', () => {
  test('each of several opens a point', async () => {
    const [one, two] = [await newKey(), await newKey()];
    const context = here.with({ encryptTo: [one.spec, two.spec] });
    const { summary } = await make(context, sourceOf(files));
    for (const { identities } of [one, two]) {
      assert.deepEqual(await restored(summary.id, context, identities), files);
    }
  });

  test('they are read from a file as age-keygen writes it', async () => {
    const { spec, identity } = await newKey();
    const file = join(here.root, 'key.txt');
    writeFileSync(file, `# created: now\n\n${identity}\n`);
    const context = here.with({ encryptTo: [spec] });
    const { summary } = await make(context, sourceOf(files));
    assert.deepEqual(await restored(summary.id, context, await readIdentities(file)), files);
    for (const text of ['# nothing\n', 'AGE-SECRET-KEY-1WRONG\n', 'something else\n']) {
      writeFileSync(file, text);
      await assert.rejects(readIdentities(file), (error: Error) => {
        assert.ok(!error.message.includes('WRONG') && error.cause === undefined);
        return 'code' in error && error.code === 'KEY_MISSING';
      });
    }
    await assert.rejects(readIdentities(join(here.root, 'none')), { code: 'KEY_MISSING' });
  });

  test('a passphrase is needed once, and opens what was made without it', async () => {
    const secret = join(here.root, 'passphrase');
    writeFileSync(secret, 'correct horse\n');
    const passphrase = { from: 'file', path: secret } as const;
    const to = [here.place('one'), here.place('two')];
    const encryptTo: KeySpec[] = [{ kind: 'passphrase', name: 'office', passphrase }];
    const context = here.with({ to, encryptTo });
    await make(context, sourceOf(files));
    rmSync(secret);
    rmSync(join(here.root, 'two/keys'), { recursive: true });
    const { summary } = await make(context, sourceOf({ ...files, c: 'c' }));
    assert.deepEqual(summary.archive.recipients, ['office']);
    const alone = here.with({ to: [here.place('two')], encryptTo });
    const identities = await unlockIdentities(alone, 'office', 'correct horse');
    assert.deepEqual(await restored(summary.id, alone, identities), { ...files, c: 'c' });
    await assert.rejects(unlockIdentities(alone, 'office', 'wrong'), { code: 'KEY_WRONG' });
    await assert.rejects(unlockIdentities(alone, 'home', 'x'), { code: 'KEY_MISSING' });

    for (const name of ['office.json', 'office.age']) {
      const file = join(here.root, 'two/keys', name);
      const sound = readFileSync(file);
      for (let at = 0; at < sound.length; at += 37) {
        const changed = Buffer.from(sound);
        changed[at] = (changed[at] ?? 0) ^ 2;
        writeFileSync(file, changed);
        const found = await verifyVault(alone, null, unlimited);
        assert.deepEqual(
          found.map(({ key, error }) => [key, error.code]),
          [[`keys/${name}`, 'POINT_DAMAGED']],
        );
      }
      writeFileSync(file, sound);
    }
  });
});

describe('a change of keys', () => {
  test('the next point is whole under the new one; rekey gives old ones to it', async () => {
    const [old, fresh] = [await newKey(), await newKey()];
    const before = here.with({ encryptTo: [old.spec] });
    const after = here.with({ encryptTo: [fresh.spec] });
    const { summary: first } = await make(before, sourceOf(files));
    await storeExtra(before, 'files/wal/1', bytesOf('log'));
    const { summary: second } = await make(after, sourceOf(files));
    assert.deepEqual([second.parent, second.needs], [null, undefined]);
    assert.deepEqual(await restored(second.id, after, fresh.identities), files);
    await assert.rejects(restored(first.id, after, fresh.identities), { code: 'KEY_WRONG' });

    const { done, problems } = await rekey(after, old.identities, unlimited);
    assert.deepEqual(done, [`files/${first.archive.file}`, 'files/wal/1']);
    assert.deepEqual(problems, []);
    assert.deepEqual(await restored(first.id, after, fresh.identities), files);
    await assert.rejects(restored(first.id, after, old.identities), { code: 'KEY_WRONG' });
    const log = await readExtra(after, 'files/wal/1', fresh.identities);
    assert.equal((await readSmall(log, 100)).toString(), 'log');
    assert.deepEqual(await verifyVault(after, fresh.identities, unlimited), []);
    assert.deepEqual(await sweep(after), []);
    assert.equal((await listPoints(after)).points.length, 2);
  });
});

describe('what lies beside the points', () => {
  test('is stored, listed, read, replaced and removed', async () => {
    const context = here.with({ to: [here.place('one'), here.place('two')] });
    const segment = randomBytes(3 << 20);
    assert.deepEqual(await storeExtra(context, 'files/wal/01', bytesOf(segment)), []);
    assert.deepEqual(await storeExtra(context, 'files/wal/02', bytesOf('old')), []);
    assert.deepEqual(await storeExtra(context, 'files/wal/02', bytesOf('new')), []);
    assert.deepEqual(await storeExtra(context, 'files/wal/02.x', bytesOf('')), []);
    await make(context, sourceOf(files));
    const keys = ['files/wal/01', 'files/wal/02', 'files/wal/02.x'];
    assert.deepEqual(await listExtras(context, 'files/'), keys);
    assert.deepEqual(await listExtras(context, 'files/wal/02'), keys.slice(1));
    const read = async (key: string) =>
      readSmall(await readExtra(context, key, here.identities), 1e8);
    assert.ok(segment.equals(await read('files/wal/01')));
    assert.equal((await read('files/wal/02')).toString(), 'new');
    assert.equal((await read('files/wal/02.x')).length, 0);
    await removeExtra(context, 'files/wal/02');
    assert.deepEqual(await listExtras(context, 'files/'), ['files/wal/01', 'files/wal/02.x']);
    await assert.rejects(read('files/wal/02'), { code: 'NOT_FOUND' });
    await assert.rejects(readExtra(context, 'files/wal/01', null), { code: 'KEY_MISSING' });
    await assert.rejects(storeExtra(context, 'db/wal/01', bytesOf('')), {
      code: 'BAD_REQUEST',
    });
  });

  test('what is damaged in one place is read from the other', async () => {
    const context = here.with({ to: [here.place('one'), here.place('two')] });
    await storeExtra(context, 'files/wal/01', bytesOf('text'));
    const directory = join(here.root, 'one/files/wal');
    const [name = ''] = readdirSync(directory);
    put(join(directory, name), 'damaged');
    const read = await readExtra(context, 'files/wal/01', here.identities);
    assert.equal((await readSmall(read, 100)).toString(), 'text');
    rmSync(join(here.root, 'two/files/wal', name));
    const alone = await readExtra(context, 'files/wal/01', here.identities);
    await assert.rejects(readSmall(alone, 100), { code: 'POINT_DAMAGED' });
  });
});
