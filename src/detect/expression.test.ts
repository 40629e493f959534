import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type ExpressionChange, initialExpression, observeCondition } from './expression.ts';

type Row = readonly [seconds: number, holds: boolean | null];

function run(forS: number, keepS: number, rows: readonly Row[]): string[] {
  const rules = { forMs: forS * 1_000, keepFiringForMs: keepS * 1_000 };
  let state = initialExpression;
  const told: string[] = [];
  for (const [seconds, holds] of rows) {
    const step = observeCondition(state, rules, { at: seconds * 1_000, holds });
    state = step.state;
    if (step.change !== null) told.push(`${seconds}: ${shown(step.change)}`);
  }
  return told;
}

function shown(change: Exclude<ExpressionChange, null>): string {
  return change.kind === 'began' ? `since ${change.began / 1_000}` : 'ended';
}

const table: readonly (readonly [string, number, number, readonly Row[], readonly string[]])[] = [
  [
    'at once',
    0,
    0,
    [
      [1, true],
      [2, false],
    ],
    ['1: since 1', '2: ended'],
  ],
  [
    'too short',
    3,
    0,
    [
      [1, true],
      [3, true],
      [4, false],
      [5, true],
      [7, true],
    ],
    [],
  ],
  [
    'long enough',
    3,
    0,
    [
      [1, true],
      [3, true],
      [4, true],
      [5, true],
    ],
    ['4: since 1'],
  ],
  [
    'keeps firing',
    0,
    5,
    [
      [1, true],
      [2, false],
      [4, true],
      [8, false],
      [9, false],
    ],
    ['1: since 1', '9: ended'],
  ],
  [
    'ends when it has been unknown for long',
    0,
    0,
    [
      [1, true],
      [11, null],
      [12, null],
      [13, null],
      [14, true],
    ],
    ['1: since 1', '12: ended', '14: since 14'],
  ],
  [
    'unknown changes nothing',
    3,
    0,
    [
      [1, true],
      [2, null],
      [4, true],
    ],
    ['4: since 1'],
  ],
  [
    'unknown keeps a symptom',
    0,
    0,
    [
      [1, true],
      [2, null],
      [3, null],
    ],
    ['1: since 1'],
  ],
  [
    'a gap breaks the wait',
    15,
    0,
    [
      [1, true],
      [5, true],
      [30, true],
      [40, true],
    ],
    [],
  ],
];

test('for and keep_firing_for', async (t) => {
  for (const [name, forS, keepS, rows, told] of table) {
    await t.test(name, () => assert.deepEqual(run(forS, keepS, rows), told));
  }
});

test('beginnings and ends alternate', () => {
  const rows = fc.array(fc.option(fc.boolean()), { maxLength: 50 });
  fc.assert(
    fc.property(rows, fc.nat(5), fc.nat(5), (holds, forS, keepS) => {
      const told = run(
        forS,
        keepS,
        holds.map((one, at) => [at, one]),
      );
      for (const [at, one] of told.entries()) assert.equal(one.includes('since'), at % 2 === 0);
    }),
  );
});
