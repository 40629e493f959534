import assert from 'node:assert/strict';
import { test } from 'node:test';
import { initialLog, observeMatch, observeQuiet } from './log-pattern.ts';

const rules = { count: 3, withinMs: 60_000, quietMs: 120_000 };

/** Matches at these seconds, a look after each and at the end. */
function run(matches: readonly number[], endS: number): string[] {
  let state = initialLog;
  const told: string[] = [];
  const take = (step: ReturnType<typeof observeMatch>, seconds: number): void => {
    state = step.state;
    if (step.change?.kind === 'began') told.push(`${seconds}: since ${step.change.began / 1_000}`);
    if (step.change?.kind === 'ended') told.push(`${seconds}: ended`);
  };
  for (const seconds of matches) {
    take(observeQuiet(state, rules, seconds * 1_000), seconds);
    take(observeMatch(state, rules, seconds * 1_000), seconds);
  }
  take(observeQuiet(state, rules, endS * 1_000), endS);
  return told;
}

const table: readonly (readonly [string, readonly number[], number, readonly string[]])[] = [
  ['too few', [1, 2], 500, []],
  ['too far apart', [1, 40, 80, 120], 500, []],
  ['enough within the window', [1, 30, 60], 61, ['60: since 1']],
  ['the window slides', [1, 50, 70, 100], 101, ['100: since 50']],
  ['ends after quiet', [1, 2, 3], 123, ['3: since 1', '123: ended']],
  ['each match defers the end', [1, 2, 3, 100], 123, ['3: since 1']],
  [
    'and it may begin again',
    [1, 2, 3, 200, 201, 202],
    203,
    ['3: since 1', '200: ended', '202: since 200'],
  ],
];

test('count within the window, end after quiet', async (t) => {
  for (const [name, matches, endS, told] of table) {
    await t.test(name, () => assert.deepEqual(run(matches, endS), told));
  }
});
