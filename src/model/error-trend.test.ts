import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { counted, noTrend, sumOf, trendAt } from './error-trend.ts';

const hourMs = 3_600_000;
const began = Date.UTC(2026, 0, 10);

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}

test('each happening is in the hour and the quarter of a day in which it was', () => {
  const times = [0, 1, hourMs, 7 * hourMs].map((ms) => began + ms);
  const trend = times.reduce(counted, noTrend(began));
  assert.deepEqual(trend.hours.slice(-8), [2, 1, 0, 0, 0, 0, 0, 1]);
  assert.deepEqual(trend.quarters.slice(-3), [0, 3, 1]);
  assert.deepEqual([trend.hours.length, trend.quarters.length], [24, 28]);
});

test('what is older than a day, or a week, is gone', () => {
  const trend = counted(noTrend(began), began);
  assert.equal(sum(trendAt(trend, began + 23 * hourMs).hours), 1);
  assert.equal(sum(trendAt(trend, began + 24 * hourMs).hours), 0);
  assert.equal(sum(trendAt(trend, began + 167 * hourMs).quarters), 1);
  assert.equal(sum(trendAt(trend, began + 168 * hourMs).quarters), 0);
  assert.equal(trendAt(trend, began - hourMs), trend);
});

test('one that is told late is counted where it belongs, if that is still kept', () => {
  const trend = counted(counted(noTrend(began), began), began - 2 * hourMs);
  assert.deepEqual(trend.hours.slice(-3), [1, 0, 1]);
  assert.equal(sum(counted(trend, began - 1_000 * hourMs).quarters), 2);
});

test('any happenings of a day are all counted, in any order, together or apart', () => {
  const times = fc.array(fc.integer({ min: 0, max: 24 * hourMs - 1 }), { maxLength: 50 });
  fc.assert(
    fc.property(times, times, (some, others) => {
      const of = (all: readonly number[]) =>
        all.map((ms) => began + ms).reduce(counted, noTrend(began + 24 * hourMs - 1));
      const together = of([...others, ...some]);
      assert.equal(sum(together.hours), some.length + others.length);
      assert.deepEqual(sumOf(of(some), of(others)), together);
    }),
  );
});
