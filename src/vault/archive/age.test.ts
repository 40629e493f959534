import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { Decrypter, Encrypter, generateIdentity, identityToRecipient } from 'age-encryption';
import { Identities, newHeader } from '../keys.ts';
import { AgeError, sealed, unsealed, withHeader } from './age.ts';

const identity = await generateIdentity();
const recipient = await identityToRecipient(identity);
const identities = await Identities.from([identity], 'a test');

async function* chunked(file: Uint8Array, bytes: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < file.length; at += bytes) {
    yield Buffer.from(file.subarray(at, at + bytes));
  }
}

async function all(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
}

async function* opened(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const { header, file } = await withHeader(chunks);
  const key = await identities.fileKey(header);
  assert.ok(key);
  yield* unsealed(file, key);
}

async function seal(content: Buffer): Promise<Buffer> {
  return all(sealed(chunked(content, 30_000), await newHeader([recipient])));
}

describe('age', () => {
  const chunk = 64 * 1024;
  for (const bytes of [0, 1, chunk - 1, chunk, chunk + 1, 2 * chunk, 40 * chunk + 3]) {
    test(`${bytes} bytes, against age-encryption`, async () => {
      const content = randomBytes(bytes);
      const file = await seal(content);
      const decrypter = new Decrypter();
      decrypter.addIdentity(identity);
      assert.ok(content.equals(await decrypter.decrypt(file)));

      const encrypter = new Encrypter();
      encrypter.addRecipient(recipient);
      const theirs = await encrypter.encrypt(content);
      assert.ok(content.equals(await all(opened(chunked(theirs, 7_000)))));
    });
  }

  test('each of several recipients opens it', async () => {
    const other = await generateIdentity();
    const header = await newHeader([recipient, await identityToRecipient(other)]);
    const file = await all(sealed(chunked(Buffer.from('text'), 10), header));
    for (const key of [identity, other]) {
      const decrypter = new Decrypter();
      decrypter.addIdentity(key);
      assert.equal(await decrypter.decrypt(file, 'text'), 'text');
    }
  });

  test('a file that was cut at the end of a chunk is not taken for a whole one', async () => {
    const file = await seal(randomBytes(2 * chunk));
    await assert.rejects(all(opened(chunked(file.subarray(0, -chunk - 16), 9999))), AgeError);
    await assert.rejects(all(opened(chunked(file.subarray(0, -1), 9999))), AgeError);
  });

  test('no byte of the payload can change', async () => {
    const content = randomBytes(100);
    const file = await seal(content);
    for (let at = file.length - 132; at < file.length; at++) {
      const changed = Buffer.from(file);
      changed[at] = (changed[at] ?? 0) ^ 0x10;
      await assert.rejects(all(opened(chunked(changed, 9999))), AgeError, `byte ${at}`);
    }
  });

  test('something else than age is told', async () => {
    await assert.rejects(all(opened(chunked(randomBytes(5000), 100))), AgeError);
  });
});
