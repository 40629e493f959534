/** Any single byte that changes in what is stored is found, and the file is named. */
import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { generateIdentity } from 'age-encryption';
import { DarumaError } from '../../src/model/errors.ts';
import type { PointSummary } from '../../src/model/recovery-point.ts';
import { sealed } from '../../src/vault/archive/age.ts';
import { compressed } from '../../src/vault/archive/frames.ts';
import { tarEnd, tarHeader, tarPadding } from '../../src/vault/archive/tar.ts';
import { readSmall } from '../../src/vault/catalogue.ts';
import { storeExtra } from '../../src/vault/extras.ts';
import { Identities, newHeader } from '../../src/vault/keys.ts';
import { listPoints, restoreFiles, verifyPoint, verifyVault } from '../../src/vault/vault.ts';
import { encodeVouched } from '../../src/vault/vouched-file.ts';
import { filesBelow, make, type Scene, scene, sourceOf, unlimited } from './core-scene.ts';

let here: Scene;
let summary: PointSummary;
const how = { signal: unlimited, onProgress: () => undefined };

before(async () => {
  here = await scene();
  await make(here.context, sourceOf({ 'a.txt': 'some text', 'b.txt': 'more' }));
  summary = (await make(here.context, sourceOf({ 'a.txt': 'changed', 'b.txt': 'more' }))).summary;
  await storeExtra(here.context, 'files/wal/1', Readable.from([Buffer.from('log')]));
});
after(() => here.remove());

/** Runs `work` for changes of the file, which is as it was after. */
async function withChanges(
  file: string,
  step: number,
  work: (at: number) => Promise<void>,
): Promise<void> {
  const sound = readFileSync(file);
  try {
    for (let at = 0; at < sound.length; at += step) {
      const changed = Buffer.from(sound);
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
      writeFileSync(file, changed);
      await work(at);
    }
  } finally {
    writeFileSync(file, sound);
  }
}

function stored(): readonly string[] {
  const all = filesBelow(join(here.root, 'vault'));
  return Object.keys(all).filter((key) => all[key] !== null && !key.startsWith('.'));
}

const into = (): string => join(here.root, 'restored');

async function restore(identities: Identities | null = here.identities): Promise<void> {
  rmSync(into(), { recursive: true, force: true });
  await restoreFiles(here.context, summary.id, into(), identities, how);
}

describe('a byte that changed', () => {
  test('is found by verify without a key, wherever it is', async () => {
    assert.equal(stored().length, 5);
    for (const key of stored()) {
      await withChanges(join(here.root, 'vault', key), 11, async (at) => {
        const found = await verifyVault(here.context, null, unlimited);
        const named = found.map((problem) => [problem.key, problem.error.code]);
        const expected = [[key, 'POINT_DAMAGED']];
        assert.deepEqual(named.slice(0, 1), expected, `byte ${at} of ${key}`);
      });
    }
  });

  test('is found by verify with a key', async () => {
    for (const key of stored()) {
      await withChanges(join(here.root, 'vault', key), 41, async (at) => {
        const found = await verifyVault(here.context, here.identities, unlimited);
        assert.ok(found.some((problem) => problem.key === key && problem.place === 'vault'));
        assert.ok(found.length > 0, `byte ${at} of ${key}`);
      });
    }
  });

  test('is found by restore, which names the file and leaves nothing', async () => {
    const points = stored().filter((key) => !key.startsWith('files/wal/'));
    for (const key of points) {
      await withChanges(join(here.root, 'vault', key), 17, async (at) => {
        await assert.rejects(restore(), (error) => {
          assert.ok(error instanceof DarumaError);
          const told = `byte ${at} of ${key}: ${error.code} ${error.message} ${error.cause}`;
          assert.equal(error.code, 'POINT_DAMAGED', told);
          assert.ok(told.includes(`vault: ${key}`) || told.includes(key.slice(6, -5)), told);
          return true;
        });
        if (existsSync(into())) assert.deepEqual(filesBelow(into()), {});
      });
    }
  });

  test('and all is sound again', async () => {
    assert.deepEqual(await verifyVault(here.context, here.identities, unlimited), []);
    await restore();
    assert.deepEqual(filesBelow(into()), { 'a.txt': 'changed', 'b.txt': 'more' });
  });
});

describe('clear errors', () => {
  const archive = (): string => join(here.root, 'vault/files', summary.archive.file);

  test('no key', async () => {
    await assert.rejects(restore(null), { code: 'KEY_MISSING', message: /is encrypted to age1/ });
  });

  test('another key', async () => {
    const other = await Identities.from([await generateIdentity()], 'another');
    await assert.rejects(restore(other), { code: 'KEY_WRONG', message: /the key given is age1/ });
    await assert.rejects(verifyPoint(here.context, summary.id, other, unlimited), {
      code: 'KEY_WRONG',
    });
  });

  test('a truncated archive', async () => {
    const sound = readFileSync(archive());
    writeFileSync(archive(), sound.subarray(0, sound.length / 2));
    await assert.rejects(restore(), { code: 'POINT_DAMAGED' });
    const found = await verifyPoint(here.context, summary.id, null, unlimited);
    assert.match(found[0]?.error.message ?? '', /is missing or has another size/);
    writeFileSync(archive(), sound);
  });

  test('a directory that is not empty is not touched', async () => {
    await restore();
    const again = restoreFiles(here.context, summary.id, into(), here.identities, how);
    await assert.rejects(again, { code: 'REFUSED' });
    assert.deepEqual(filesBelow(into()), { 'a.txt': 'changed', 'b.txt': 'more' });
  });

  test('a point that is not there', async () => {
    const none = restoreFiles(here.context, 'none', into(), here.identities, how);
    await assert.rejects(none, { code: 'NOT_FOUND' });
  });

  test('a newer format', async () => {
    const file = join(here.root, 'vault/files', `${summary.id}.json`);
    const sound = readFileSync(file);
    writeFileSync(file, encodeVouched({ ...summary, format: 2 }));
    const { problems } = await listPoints(here.context);
    assert.equal(problems[0]?.error.code, 'POINT_TOO_NEW');
    writeFileSync(file, sound);
  });

  test('another service’s summary under this one’s name', async () => {
    const file = join(here.root, 'vault/files', `${summary.id}.json`);
    const sound = readFileSync(file);
    writeFileSync(file, encodeVouched({ ...summary, service: 'db' }));
    await assert.rejects(restore(), { code: 'POINT_FOREIGN' });
    writeFileSync(file, sound);
  });

  test('an archive of another service, with a summary made to fit', async () => {
    const db = here.with({}, { service: 'db' });
    const other = (await make(db, sourceOf({ x: 'y' }))).summary;
    const file = join(here.root, 'vault/files', `${summary.id}.json`);
    const sounds = [readFileSync(file), readFileSync(archive())] as const;
    const { sha256, bytes } = other.archive;
    const claimed = { ...summary, archive: { ...summary.archive, sha256, bytes } };
    writeFileSync(file, encodeVouched(claimed));
    writeFileSync(archive(), readFileSync(join(here.root, 'vault/db', other.archive.file)));
    await assert.rejects(restore(), { code: 'POINT_FOREIGN', message: /is of shop, db, / });
    writeFileSync(file, sounds[0]);
    writeFileSync(archive(), sounds[1]);
  });
});

describe('an archive that was made to do harm', () => {
  const evil: readonly [string, string][] = [
    ['above', 'data/../../outside'],
    ['absolute', 'data//etc/outside'],
    ['within', 'data/a/../../../outside'],
    ['here', 'data/./a'],
    ['empty', 'data/'],
  ];
  for (const [what, path] of evil) {
    test(`a path that leads elsewhere: ${what}`, async () => {
      const content = Buffer.from('evil');
      const facts = { mode: 0o644, uid: 0, gid: 0, mtimeMs: 0 };
      const member = { ...facts, path, type: 'file', bytes: content.length } as const;
      const tar = [tarHeader(member), content, tarPadding(content.length), tarEnd];
      const frames = compressed(Readable.from(tar));
      const chunks = sealed(frames, await newHeader(here.identities.recipients));
      const file = await readSmall(Readable.from(chunks), 1 << 20);
      const id = summary.id.replace(/....$/, 'evil');
      const sha256 = hash('sha256', file);
      const name = `${id}.tar.zst.age`;
      const shape = { ...summary.archive, file: name, bytes: file.length, sha256 };
      writeFileSync(join(here.root, 'vault/files', name), file);
      const claimed = encodeVouched({ ...summary, id, archive: shape });
      writeFileSync(join(here.root, 'vault/files', `${id}.json`), claimed);
      const target = join(here.root, 'deep/er/restored');
      const attempt = restoreFiles(here.context, id, target, here.identities, how);
      await assert.rejects(attempt, { code: 'POINT_DAMAGED', message: /leads elsewhere/ });
      assert.deepEqual(filesBelow(join(here.root, 'deep')), { er: null, 'er/restored': null });
    });
  }
});
