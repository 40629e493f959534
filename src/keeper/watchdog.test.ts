import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Backoff } from './backoff.ts';
import { Watchdog } from './watchdog.ts';

test('the watchdog tells of silence, once', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const isStarved = () => false;
  const watchdog = new Watchdog({ silentMs: 100, firstMs: 10_000, isStarved, onSilent: resolve });
  assert.equal(watchdog.heardLately, false);
  watchdog.beat();
  assert.equal(watchdog.heardLately, true);
  await promise;
  assert.equal(watchdog.heardLately, false);
});

test('the watchdog grants a new period after our own loop slept', async () => {
  let silent = false;
  const onSilent = () => {
    silent = true;
  };
  const isStarved = () => false;
  const watchdog = new Watchdog({ silentMs: 1_000, firstMs: 1_000, isStarved, onSilent });
  await pause(1);
  const wakesAt = performance.now() + 1_500;
  while (performance.now() < wakesAt);
  await pause(1);
  assert.equal(silent, false);
  watchdog.stop();
});

test('silence is told of also where our own loop sleeps again and again', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const isStarved = () => false;
  new Watchdog({ silentMs: 50, firstMs: 50, isStarved, onSilent: resolve });
  const sleepy = setInterval(() => {
    const wakesAt = performance.now() + 30;
    while (performance.now() < wakesAt);
  }, 1);
  await promise;
  clearInterval(sleepy);
});

test('the silence of one that has no processor is excused, but not for ever', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  let asked = 0;
  const isStarved = () => {
    asked += 1;
    return true;
  };
  new Watchdog({ silentMs: 50, firstMs: 100, isStarved, onSilent: resolve });
  await promise;
  // And whenever the test's own loop slept.
  assert.ok(asked >= 1 + 12, 'once before the first deadline, and at twelve of them');
});

test('what dies young waits longer and longer, what lived long starts at once', () => {
  const backoff = new Backoff();
  assert.equal(backoff.next(10), 0);
  const ceilings = [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000];
  for (const ceilingMs of ceilings) {
    const delayMs = backoff.next(10);
    assert.ok(delayMs >= 0 && delayMs <= ceilingMs, `${delayMs} is above ${ceilingMs}`);
  }
  assert.equal(backoff.next(60_000), 0);
});
