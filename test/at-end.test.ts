import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atEnd, type Ending } from './at-end.ts';

/** As a test that is over at once. */
class Over implements Ending {
  readonly #ends: (() => Promise<void>)[] = [];

  after(end: () => Promise<void>): void {
    this.#ends.push(end);
  }

  async end(): Promise<void> {
    for (const end of this.#ends) await end();
  }
}

test('the last one first, each when the one before it is done', async () => {
  const over = new Over();
  const done: string[] = [];
  for (const name of ['directory', 'server', 'client']) {
    atEnd(over, async () => {
      await new Promise(setImmediate);
      done.push(name);
    });
  }
  await over.end();
  assert.deepEqual(done, ['client', 'server', 'directory']);
});

test('one that fails is told, and keeps no other from its work', async () => {
  const over = new Over();
  let removed = false;
  atEnd(over, () => {
    removed = true;
  });
  atEnd(over, () => Promise.reject(new Error('it is gone')));
  await assert.rejects(over.end(), /it is gone/);
  assert.ok(removed);
});
