import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, beforeEach, describe, test } from 'node:test';
import { BoundedPlace } from '../../src/vault/places/bounded.ts';
import { S3Place } from '../../src/vault/places/s3.ts';
import type { S3Access } from '../../src/vault/places/s3-client.ts';
import { hasty, S3Scene } from './s3-scene.ts';

const mebibyte = 1 << 20;
let s3: S3Scene;
let uploadsDir: string;

before(async () => {
  s3 = await S3Scene.open();
  uploadsDir = mkdtempSync(join(tmpdir(), 'daruma-uploads-'));
});
after(async () => {
  await s3.close();
  rmSync(uploadsDir, { recursive: true, force: true });
});
beforeEach(() => {
  s3.cuts = [];
  s3.requests.length = 0;
});

function placeAt(prefix: string, access: Partial<S3Access> = {}): S3Place {
  return new S3Place({
    name: `s3://backups/${prefix}`,
    access: { ...s3.access, ...access },
    prefix,
    uploadsDir,
    patience: hasty,
  });
}

async function write(place: S3Place | BoundedPlace, key: string, content: Buffer): Promise<void> {
  const chunks = (function* () {
    for (let at = 0; at < content.length; at += 300_000) yield content.subarray(at, at + 300_000);
  })();
  await place.write(key, Readable.from(chunks, { objectMode: false }), null);
}

async function read(place: S3Place, key: string): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const chunk of await place.read(key)) parts.push(chunk as Buffer);
  return Buffer.concat(parts);
}

async function keys(place: S3Place, prefix: string): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { key, bytes } of place.list(prefix)) found.push(`${key} ${bytes}`);
  return found;
}

describe('a place at an S3 server', () => {
  test('writes, lists, reads and removes below its prefix, whatever that is called', async () => {
    for (const prefix of ['', 'deep/er', 'with blank+plus', 'größe']) {
      const place = placeAt(prefix);
      await write(place, 'db/one', Buffer.from('one'));
      await write(place, 'db/two', Buffer.from('second'));
      await write(place, 'other/three', Buffer.alloc(0));
      assert.deepEqual(await keys(place, 'db/'), ['db/one 3', 'db/two 6']);
      assert.equal((await read(place, 'db/two')).toString(), 'second');
      assert.equal((await read(place, 'other/three')).length, 0);
      await place.remove('db/one');
      await place.remove('db/one');
      assert.deepEqual(await keys(place, 'db/'), ['db/two 6']);
      await assert.rejects(place.read('db/one'), { code: 'NOT_FOUND' });
    }
  });

  test('lists more than one page', async () => {
    const place = placeAt('many');
    const names = Array.from({ length: 1010 }, (_, n) => `wal/${String(n).padStart(6, '0')}`);
    for (let at = 0; at < names.length; at += 20) {
      const some = names.slice(at, at + 20);
      await Promise.all(some.map((name) => write(place, name, Buffer.from('x'))));
    }
    assert.deepEqual(
      await keys(place, 'wal/'),
      names.map((name) => `${name} 1`),
    );
  });

  test('uploads in parts what is large', async () => {
    const place = placeAt('large');
    for (const bytes of [16 * mebibyte, 16 * mebibyte + 1, 40 * mebibyte]) {
      const content = randomBytes(bytes);
      await write(place, 'file', content);
      assert.ok(content.equals(await read(place, 'file')));
    }
    assert.equal(s3.requests.filter((line) => /partNumber=3/.test(line)).length, 1);
    assert.deepEqual(readdirSync(uploadsDir), []);
  });
});

describe('a connection that breaks', () => {
  const content = randomBytes(40 * mebibyte);

  test('in the middle of parts: those are sent again', async () => {
    const place = placeAt('cut');
    s3.cuts = [
      { way: 'up', afterBytes: 5 * mebibyte },
      { way: 'up', afterBytes: 15 * mebibyte },
      { way: 'up', afterBytes: 100 },
    ];
    await write(place, 'file', content);
    assert.deepEqual(s3.cuts, []);
    assert.ok(content.equals(await read(place, 'file')));
  });

  test('in the middle of a download: it goes on from there', async () => {
    const place = placeAt('cut');
    s3.cuts = [
      { way: 'down', afterBytes: 3 * mebibyte },
      { way: 'down', afterBytes: 30 * mebibyte },
    ];
    assert.ok(content.equals(await read(place, 'file')));
    assert.deepEqual(s3.cuts, []);
  });

  test('again and again: the place is told to be out of reach', async () => {
    const place = placeAt('cut');
    const always = { way: 'up', afterBytes: 1 } as const;
    s3.cuts = Array.from({ length: hasty.attempts }, () => always);
    await assert.rejects(write(place, 'never', Buffer.from('x')), { code: 'PLACE_UNREACHABLE' });
    assert.deepEqual(await keys(place, 'never'), []);
  });
});

describe('a place that can not be used', () => {
  test('a server that is gone', async () => {
    await s3.killServer();
    try {
      await assert.rejects(keys(placeAt(''), ''), {
        code: 'PLACE_UNREACHABLE',
        message: /^s3:\/\/backups\/ can't be reached at http:\/\/127\.0\.0\.1:/,
      });
    } finally {
      await s3.startServer();
    }
  });

  test('a wrong key', async () => {
    await assert.rejects(keys(placeAt('', { secretKey: 'wrong' }), ''), {
      code: 'PLACE_REFUSED',
      message: /SignatureDoesNotMatch/,
    });
    await assert.rejects(write(placeAt('', { accessKey: 'no' }), 'x', Buffer.from('x')), {
      code: 'PLACE_REFUSED',
    });
    assert.ok(s3.requests.length <= 2, 'it was tried again');
  });

  test('a bucket that is not there', async () => {
    await assert.rejects(write(placeAt('', { bucket: 'none' }), 'x', Buffer.from('x')), {
      code: 'PLACE_REFUSED',
      message: /NoSuchBucket/,
    });
  });

  test('one that would hold more than it may: the upload is aborted', async () => {
    const place = new BoundedPlace(placeAt('small'), 20 * mebibyte);
    await assert.rejects(write(place, 'file', randomBytes(40 * mebibyte)), { code: 'PLACE_FULL' });
    assert.deepEqual(await keys(placeAt('small'), ''), []);
    assert.ok(s3.requests.some((line) => /^DELETE \S+\/file\?uploadId=/.test(line)));
    assert.deepEqual(readdirSync(uploadsDir), []);
  });
});
