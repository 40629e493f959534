import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Patience } from './patience.ts';

/** Asked every second; resolves with the second in which it is over. */
function overAfter(starvedUntil: number, signs: readonly number[] = []): number {
  let now = 0;
  let lookedAt = -1;
  const isStarved = () => {
    const starved = lookedAt >= 0 && lookedAt < starvedUntil;
    lookedAt = now;
    return starved;
  };
  const patience = new Patience({ withinMs: 10, isStarved, now: () => now });
  while (now < 1_000) {
    if (signs.includes(now)) patience.renew();
    if (patience.isOver) return now;
    now += 1;
  }
  return Number.POSITIVE_INFINITY;
}

test('with a processor at hand the time is over when it is over', () => {
  assert.equal(overAfter(0), 11);
  assert.equal(overAfter(0, [8]), 19);
});

test('while there is none it is put off', () => {
  assert.equal(overAfter(30), 44);
});

test('but not for ever, except for a sign of life', () => {
  assert.equal(overAfter(1_000), 13 * 11);
  assert.equal(overAfter(1_000, [100]), 100 + 13 * 11);
});

test('one that was not asked for long had no time', () => {
  let now = 0;
  const patience = new Patience({ withinMs: 10, isStarved: () => true, now: () => now });
  now = 50;
  assert.equal(patience.isOver, true);
});
