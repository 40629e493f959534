import assert from 'node:assert/strict';
import { test } from 'node:test';
import { progressText } from './progress-line.ts';
import { restoreTarget } from './restore-target.ts';
import { sizeText } from './size-text.ts';

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

const now = Date.parse('2026-11-21T12:00:00');
const id = '20261121T101500.123Z-4f2a';

async function target(text: string, before = false) {
  const point = { id, name: 'first' } as never;
  return restoreTarget(text, { now, before, points: async () => [point] });
}

test('where to restore to is told in many ways', async () => {
  assert.deepEqual(await target('latest'), { kind: 'latest' });
  assert.deepEqual(await target(id), { kind: 'point', point: id });
  assert.deepEqual(await target('first'), { kind: 'point', point: id });
  assert.deepEqual(await target('0/3000028'), { kind: 'lsn', lsn: '0/3000028' });
  const time = { kind: 'time' as const, before: true };
  assert.deepEqual(await target('15m', true), { ...time, at: now - 900_000 });
  assert.deepEqual(await target('2026-11-21T11:30:00', true), { ...time, at: now - 1_800_000 });
  assert.deepEqual(await target('11:59:30.5', true), { ...time, at: now - 29_500 });
  assert.deepEqual(await target('13:00', true), { ...time, at: now - 23 * 3_600_000 });
  await assert.rejects(target('whenever'), { code: 'BAD_REQUEST' });
});
