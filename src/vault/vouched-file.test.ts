import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decodeVouched, encodeVouched } from './vouched-file.ts';

const content = { format: 1, name: 'before «the» change', list: [1, { two: null }] };

describe('vouched files', () => {
  test('what is written is read', () => {
    const { digest, ...read } = decodeVouched(
      encodeVouched(content),
      'a file',
    ) as typeof content & {
      digest?: string;
    };
    assert.equal(digest, undefined);
    assert.deepEqual(read, content);
  });

  test('each byte is vouched for', () => {
    const file = encodeVouched(content);
    for (let at = 0; at < file.length; at++) {
      for (const mask of [1, 0x20, 0x80]) {
        const changed = Buffer.from(file);
        changed[at] = (changed[at] ?? 0) ^ mask;
        const expected = { code: 'POINT_DAMAGED', message: 'a file is not as it was written' };
        assert.throws(() => decodeVouched(changed, 'a file'), expected, `byte ${at}`);
      }
    }
  });

  test('a byte more or less is damage too', () => {
    const file = encodeVouched(content);
    for (const changed of [file.subarray(0, -1), Buffer.concat([file, Buffer.from('\n')])]) {
      assert.throws(() => decodeVouched(changed, 'a file'), { code: 'POINT_DAMAGED' });
    }
  });

  test('a newer format is told apart from damage', () => {
    const newer = encodeVouched({ ...content, format: 2 });
    assert.throws(() => decodeVouched(newer, 'a file'), { code: 'POINT_TOO_NEW' });
  });
});
