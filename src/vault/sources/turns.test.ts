import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isStarved, type Turns, turnsOf } from './turns.ts';

function turns(atMs: number, ...threads: readonly (readonly [string, number, number])[]): Turns {
  const all = threads.map(([id, ranMs, waitedMs]) => [id, { ranMs, waitedMs }] as const);
  return { atMs, threads: new Map(all) };
}

const before = turns(0, ['1', 500, 500], ['2', 9_000, 9_000]);

const cases = [
  ['that run as they like', turns(10_000, ['1', 9_000, 600]), false],
  ['that get a fifteenth', turns(10_000, ['1', 1_500, 14_500]), false],
  ['that get a sixtieth', turns(10_000, ['1', 600, 6_400]), true],
  ['that got nothing at all', turns(10_000, ['1', 500, 10_500]), true],
  ['with little to do', turns(10_000, ['1', 500, 1_400]), false],
  ['one of which is new', turns(10_000, ['1', 500, 500], ['3', 10, 9_000]), true],
  ['of which one ended', turns(10_000, ['1', 900, 500]), false],
] as const;

for (const [which, now, starved] of cases) {
  test(`${starved ? 'starved' : 'not starved'}: threads ${which}`, () => {
    assert.equal(isStarved(before, now), starved);
  });
}

test('of this process, and of one that is not there', () => {
  const { threads } = turnsOf([String(process.pid), '999999999']);
  const own = threads.get(String(process.pid));
  assert.ok(own !== undefined && own.ranMs > 0 && own.waitedMs >= 0);
});
