import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Kept } from './kept.ts';

/** Answers when it is told to: each question gets the next number. */
function questions() {
  const open: (() => void)[] = [];
  let asked = 0;
  const ask = () => {
    const { promise, resolve } = Promise.withResolvers<number>();
    asked += 1;
    const number = asked;
    open.push(() => resolve(number));
    return promise;
  };
  const sent = async (count: number) => {
    while (asked < count) await new Promise((resolve) => setImmediate(resolve));
  };
  return { ask, sent, answer: () => open.shift()?.() };
}

describe('what is kept of the controller', () => {
  test('all who want it share an answer, until something happens', async () => {
    const { ask, sent, answer } = questions();
    const kept = new Kept(ask);
    const both = Promise.all([kept.get(), kept.get()]);
    await sent(1);
    answer();
    assert.deepEqual(await both, [1, 1]);
    assert.equal(await kept.get(), 1);
    kept.touch();
    const next = kept.get();
    await sent(2);
    answer();
    assert.equal(await next, 2);
  });

  test('who wants it after something has happened gets no answer from before', async () => {
    const { ask, sent, answer } = questions();
    const kept = new Kept(ask);
    const before = kept.get();
    await sent(1);
    kept.touch();
    const after = kept.get();
    answer();
    assert.equal(await before, 1);
    await sent(2);
    // The one from before is there by now, and still is none for who comes now.
    const later = kept.get();
    answer();
    assert.deepEqual(await Promise.all([after, later]), [2, 2]);
  });

  test('an answer that fails is asked for anew', async () => {
    let failed = false;
    const kept = new Kept(async () => {
      if (failed) return 'well';
      failed = true;
      throw new Error('gone');
    });
    await assert.rejects(kept.get(), /gone/);
    kept.touch();
    assert.equal(await kept.get(), 'well');
  });
});
