import assert from 'node:assert/strict';
import { hash, randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { newHeader } from '../keys.ts';
import { AgeError } from './age.ts';
import { coded } from './codec.ts';
import { FrameError } from './frames.ts';

const recipient = await identityToRecipient(await generateIdentity());
const age = await newHeader([recipient]);
const sizes = { 'a little, here': 100_000, 'much, in a thread': 30 << 20 };

async function* chunked(file: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < file.length; at += 300_000) yield file.subarray(at, at + 300_000);
}

async function all(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
}

for (const [what, bytes] of Object.entries(sizes)) {
  describe(what, () => {
    const content = randomBytes(bytes);

    for (const [how, key] of [
      ['encrypted', age],
      ['in the clear', null],
    ] as const) {
      test(`${how}, and back`, async () => {
        const packed = coded({ kind: 'pack', age: key }, chunked(content));
        const file = await all(packed.chunks);
        const stored = { bytes: file.length, sha256: hash('sha256', file) };
        assert.deepEqual(packed.stored(), stored);
        const fileKey = key?.fileKey ?? null;
        const unpacked = coded({ kind: 'unpack', fileKey }, chunked(file));
        assert.ok(content.equals(await all(unpacked.chunks)));
        assert.deepEqual(unpacked.stored(), stored);
      });

      test(`damage of what is ${how}`, async () => {
        const file = await all(coded({ kind: 'pack', age: key }, chunked(content)).chunks);
        const fileKey = key?.fileKey ?? null;
        const damage = key === null ? FrameError : AgeError;
        const cut = file.subarray(0, -7);
        await assert.rejects(all(coded({ kind: 'unpack', fileKey }, chunked(cut)).chunks), damage);
      });
    }

    test('an error of the source is passed on as it is', async () => {
      const reason = new Error('the source failed');
      async function* failing(): AsyncGenerator<Buffer> {
        yield* chunked(content);
        throw reason;
      }
      await assert.rejects(all(coded({ kind: 'pack', age }, failing()).chunks), reason);
    });

    test('who stops reading ends the source', async () => {
      let ended = false;
      async function* endless(): AsyncGenerator<Buffer> {
        try {
          for (;;) yield* chunked(content);
        } finally {
          ended = true;
        }
      }
      for await (const chunk of coded({ kind: 'pack', age }, endless()).chunks) {
        if (chunk.length > 0 && bytes > 0) break;
      }
      assert.equal(ended, true);
    });
  });
}
