import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runLimited, runWithin } from './limited.ts';

/** As on a machine so busy that we don't get a processor. */
function idleFor(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

test('what has had no processor is not given up', () => {
  let begun = 0;
  const work = () => {
    begun += 1;
    idleFor(30);
  };
  assert.equal(runLimited(20, work), false);
  assert.equal(runWithin(20, work), true);
  assert.ok(begun >= 3, 'it was begun anew, with more time');
});

test('what never ends, or never gets a processor, is', () => {
  const endless = () => {
    for (;;);
  };
  assert.equal(runWithin(20, endless), false);
  assert.equal(
    runWithin(1, () => idleFor(60_000)),
    false,
  );
});

test('an error of the work is its own', () => {
  assert.throws(
    () =>
      runWithin(1_000, () => {
        throw new RangeError('of the work');
      }),
    /of the work/,
  );
});
