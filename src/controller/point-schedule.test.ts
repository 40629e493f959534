import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lateAfter, nextAfter, retryMs } from './point-schedule.ts';

const at = (text: string) => new Date(text).getTime();
const noon = at('2026-11-21T12:00:00');

test('by duration one is due that long after the last, and late when two were missed', async () => {
  const every = { kind: 'every', ms: 900_000 } as const;
  assert.equal(await nextAfter(every, noon), noon + 900_000);
  assert.equal(await lateAfter(every, noon), noon + 1_800_000);
});

test('a pattern is read in local time; after an outage the first missed one is due', async () => {
  const nightly = { kind: 'cron', pattern: '0 3 * * *' } as const;
  assert.equal(await nextAfter(nightly, noon), at('2026-11-22T03:00:00'));
  assert.equal(await lateAfter(nightly, noon), at('2026-11-23T03:00:00'));
  const lastWeek = at('2026-11-14T12:00:00');
  assert.equal(await nextAfter(nightly, lastWeek), at('2026-11-15T03:00:00'));
});

test('what never comes is never due', async () => {
  assert.equal(await nextAfter({ kind: 'cron', pattern: '0 0 30 2 *' }, noon), null);
});

test('failures are tried again later and later, up to a quarter of an hour', () => {
  assert.deepEqual([1, 2, 3, 9, 99].map(retryMs), [30_000, 60_000, 120_000, 900_000, 900_000]);
});
