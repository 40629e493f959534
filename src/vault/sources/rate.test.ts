import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pace } from './rate.ts';

test('what is taken is paid for by waiting, but for a tenth of a second', () => {
  let now = 1_000;
  const pace = new Pace(1_000_000, () => now);
  assert.equal(pace.take(100_000), 0, 'the first tenth is free');
  assert.equal(pace.take(50_000), 50);
  assert.equal(pace.take(50_000), 100);
  now += 100;
  assert.equal(pace.take(10_000), 10);
  now += 60_000;
  assert.equal(pace.take(200_000), 100, 'a long rest saves no more than a tenth');
});
