import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextSlot } from './clock.ts';

test('whoever wakes up now and then does so at the same times, however wide the slots', () => {
  assert.equal(nextSlot(1_000), 1_200);
  assert.equal(nextSlot(1_199.9), 1_200);
  assert.equal(nextSlot(1_200, 1_000), 2_000);
  assert.equal(nextSlot(0.5, 1_000), 1_000);
});
