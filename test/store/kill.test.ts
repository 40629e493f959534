import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openStore } from '../../src/store/store.ts';
import { killWhileAppending, numbersIn, stateDir } from './state-dir.ts';

for (const how of ['together', 'one by one'] as const) {
  test(`killed ten times, appending ${how}: all acknowledged is there`, (t) => killed(t, how));
}

async function killed(t: TestContext, how: 'together' | 'one by one'): Promise<void> {
  const file = join(stateDir(t), 'state.db');
  const acknowledged: (readonly [number, number])[] = [];
  for (let round = 1; round <= 10; round += 1) {
    const lines = 1 + Math.floor(Math.random() * 500);
    const first = round * 1_000_000;
    acknowledged.push(...(await killWhileAppending(file, first, lines, how)));
    const store = await openStore({ file });
    const numbers = await numbersIn(store);
    for (const [seq, number] of acknowledged) assert.equal(numbers[seq - 1], number);
    assert.deepEqual(
      numbers,
      numbers.toSorted((a, b) => a - b),
      'in the order of the calls',
    );
    await store.close();
  }
}
