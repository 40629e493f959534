import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PointView, RestoreTarget } from '../model/recovery-point.ts';
import { restoreTarget, sinceTime } from './restore-target.ts';

const now = new Date('2026-11-21T12:00:00').getTime();
const point = '20261121T101500.123Z-4f2a';
const named = { id: point, name: 'before-the-move' } as PointView;
const at = (text: string) => new Date(text).getTime();

function meant(text: string, before = false): Promise<RestoreTarget> {
  return restoreTarget(text, { now, before, points: async () => [named] });
}

test('what is meant, with it or just before', async () => {
  assert.deepEqual(await meant('latest'), { kind: 'latest' });
  for (const text of [point, '20261121T1015', 'before-the-move'])
    assert.deepEqual(await meant(text), { kind: 'point', point });
  for (const before of [false, true]) {
    const times = [
      ['2h', '2026-11-21T10:00:00'],
      ['10:15', '2026-11-21T10:15:00'],
      ['12:30', '2026-11-20T12:30:00'],
      ['2026-11-21', '2026-11-21T00:00:00'],
      ['2026-11-21 10:15:00.250', '2026-11-21T10:15:00.250'],
    ] as const;
    for (const [text, time] of times)
      assert.deepEqual(await meant(text, before), { kind: 'time', at: at(time), before });
    const lsn = '0/3000028';
    assert.deepEqual(await meant(lsn, before), { kind: 'lsn', lsn, before });
  }
});

test('what is not meant is refused', async () => {
  const refused = (message: RegExp) => ({ code: 'BAD_REQUEST', message });
  await assert.rejects(meant('nonsense'), refused(/expected latest, a point/));
  await assert.rejects(meant('2026-11-22'), refused(/still to come/));
  for (const text of ['latest', point, 'before-the-move'])
    await assert.rejects(meant(text, true), refused(/--before goes with a time or an LSN/));
});

test('a time to look back to is named as it was given', () => {
  assert.equal(sinceTime('2h', now), at('2026-11-21T10:00:00'));
  assert.equal(sinceTime('10:15', now), at('2026-11-21T10:15:00'));
  for (const text of ['nonsense', 'latest', '0/3000028', '2026-11-22'])
    assert.throws(() => sinceTime(text, now), { code: 'BAD_REQUEST', message: /^--since / });
});
