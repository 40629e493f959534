import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { compressed, decompressed, FrameError } from './frames.ts';

const mebibyte = 1 << 20;

async function* chunked(file: Buffer, bytes: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < file.length; at += bytes) yield file.subarray(at, at + bytes);
}

async function all(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
}

describe('zstd frames', () => {
  const sizes = [0, 1, mebibyte - 1, mebibyte, mebibyte + 1, 3 * mebibyte + 7];
  for (const bytes of sizes) {
    test(`${bytes} bytes come back, with zstd's own means too`, async () => {
      for (const content of [randomBytes(bytes), Buffer.alloc(bytes, 'text ')]) {
        const file = await all(compressed(chunked(content, 50_000)));
        assert.ok(content.equals(await all(decompressed(chunked(file, 10_000)))));
        assert.ok(content.equals(zstdDecompressSync(file)));
      }
    });
  }

  test('frames of every shape of header are found', async () => {
    const text = Buffer.alloc(300_000, 'some text ');
    for (const checksum of [0, 1]) {
      for (const contentSize of [0, 1]) {
        const params = {
          [constants.ZSTD_c_checksumFlag]: checksum,
          [constants.ZSTD_c_contentSizeFlag]: contentSize,
        };
        const pieces = [text.subarray(0, 100), text.subarray(100, 70_000), text.subarray(70_000)];
        const file = Buffer.concat(pieces.map((piece) => zstdCompressSync(piece, { params })));
        assert.ok(text.equals(await all(decompressed(chunked(file, 999)))));
      }
    }
  });

  const file = zstdCompressSync(randomBytes(200_000));
  const refused: readonly [string, Buffer][] = [
    ['a frame that is cut short', file.subarray(0, -1)],
    ['what is no frame', Buffer.concat([file, Buffer.from('no frame')])],
    ['a frame of more than a mebibyte', zstdCompressSync(Buffer.alloc(2 * mebibyte))],
    ['a frame that takes too much memory', zstdCompressSync(randomBytes(3 * mebibyte))],
  ];
  for (const [what, damaged] of refused) {
    test(`refuses ${what}`, async () => {
      await assert.rejects(all(decompressed(chunked(damaged, 5000))), FrameError);
    });
  }
});
