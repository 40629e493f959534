import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sizeText } from '../model/size-text.ts';
import { progressText } from './progress-line.ts';

const mib = 2 ** 20;

test('progress tells amount, rate and time left', () => {
  const seen = { stage: 'reading', bytes: 120 * mib, total: 480 * mib };
  const all = 'reading 120 MiB of 480 MiB, 60.0 MiB/s, 6.0 s left';
  assert.equal(progressText(seen, 120 * mib, 2_000), all);
  assert.equal(progressText(seen, 0, 2_000), 'reading 120 MiB of 480 MiB');
  assert.equal(progressText({ ...seen, total: null }, mib, 1_000), 'reading 120 MiB, 1.0 MiB/s');
});

test('sizes are read by people', () => {
  assert.deepEqual([0, 1023, 1536, 200 * mib].map(sizeText), [
    '0 B',
    '1023 B',
    '1.5 KiB',
    '200 MiB',
  ]);
});
