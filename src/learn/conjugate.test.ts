import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { addDuration, betaMean, expectedDuration, relativeRate } from './conjugate.ts';

const close = (actual: number, expected: number) =>
  assert.ok(Math.abs(actual - expected) < 1e-9, `${actual} is not ${expected}`);

function spreadOf(times: readonly number[]) {
  const spread = { count: 0, mean: 0, m2: 0 };
  for (const ms of times) addDuration(spread, ms);
  return spread;
}

describe('Beta', () => {
  const table: readonly [string, [number, number, number, number], number][] = [
    ['no case: the prior', [0.9, 4, 0, 0], 0.9],
    ['7 of 7 on 0.9 worth 4 cases', [0.9, 4, 7, 0], 10.6 / 11],
    ['0 of 4 on 0.9 worth 4 cases', [0.9, 4, 0, 4], 3.6 / 8],
    // BDA3 §2.4: 437 girls of 980 births, prior 0.485 worth 100: posterior mean 0.449…
    ['placenta previa', [0.485, 100, 437, 543], 485.5 / 1080],
    ['never certain', [1, 4, 1e6, 0], 0.999],
    ['never impossible', [0, 4, 0, 1e6], 0.001],
  ];
  for (const [name, [mean, weight, yes, no], expected] of table) {
    test(name, () => close(betaMean(mean, weight, { yes, no }), expected));
  }
});

describe('Gamma–Poisson', () => {
  test('no exposure: as expected', () => close(relativeRate(2, 0, 0), 1));
  test('as many as expected: as expected', () => close(relativeRate(2, 30, 30), 1));
  test('3 cases where 1 was expected, on 2', () => close(relativeRate(2, 3, 1), 5 / 3));
  test('none where 8 were expected, on 2', () => close(relativeRate(2, 0, 8), 0.2));
});

describe('log-normal', () => {
  test('the spread is that of the logarithms', () => {
    const times = [120, 300, 80, 2100];
    const logs = times.map(Math.log);
    const mean = logs.reduce((sum, one) => sum + one, 0) / logs.length;
    const spread = spreadOf(times);
    close(spread.mean, mean);
    close(
      spread.m2,
      logs.reduce((sum, one) => sum + (one - mean) ** 2, 0),
    );
  });

  test('no case: the default', () => {
    assert.deepEqual(expectedDuration(2000, undefined), { medianMs: 2000, meanMs: 2000 });
  });

  test('the median goes from the default, worth one case, to what was measured', () => {
    close(expectedDuration(1000, spreadOf([100])).medianMs, Math.sqrt(1000 * 100));
    const many = expectedDuration(1000, spreadOf(Array.from({ length: 999 }, () => 100)));
    close(many.medianMs, Math.exp((Math.log(1000) + 999 * Math.log(100)) / 1000));
  });

  test('the mean lies above the median, and stays finite', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1, max: 1e7, noNaN: true }),
        fc.array(fc.double({ min: 0, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 30 }),
        (defaultMs, times) => {
          const { medianMs, meanMs } = expectedDuration(defaultMs, spreadOf(times));
          assert.ok(meanMs > medianMs && Number.isFinite(meanMs));
        },
      ),
    );
  });
});
