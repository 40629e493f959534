import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { nextInTurn } from './balance.ts';
import { Latencies } from './latency.ts';
import { Liveness } from './liveness.ts';
import { RetryBudget } from './retry-budget.ts';

describe('turns', () => {
  const turns = (weights: readonly number[], count: number) => {
    const all = weights.map((weight, index) => ({ weight, credit: 0, index }));
    return Array.from({ length: count }, () => nextInTurn(all)?.index ?? -1);
  };

  test('are smooth', () => {
    assert.deepEqual(turns([5, 1, 1], 7), [0, 0, 1, 0, 2, 0, 0]);
    assert.deepEqual(turns([1, 1], 4), [0, 1, 0, 1]);
    assert.deepEqual(turns([0, 2], 2), [1, 1]);
    assert.deepEqual(turns([0], 1), [-1]);
  });

  test('are had by weight, in each cycle', () => {
    const weights = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(weights, (all) => {
        const cycle = all.reduce((sum, weight) => sum + weight, 0);
        const had = turns(all, cycle);
        for (const [index, weight] of all.entries()) {
          assert.equal(had.filter((one) => one === index).length, weight);
        }
      }),
    );
  });
});

test('quantiles are right to within nine percent', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0.02, max: 100_000, noNaN: true }), { minLength: 1 }),
      fc.constantFrom(0.5, 0.95, 0.99, 1),
      (times, q) => {
        const latencies = new Latencies();
        for (const time of times) latencies.add(time);
        const sorted = [...times].sort((a, b) => a - b);
        const exact = sorted[Math.ceil(q * times.length) - 1] ?? 0;
        const told = latencies.quantile(q) ?? 0;
        assert.ok(told >= exact * 0.999 && told <= exact * 1.1, `${told} for ${exact}`);
      },
    ),
  );
});

test('a fifth of the requests may be sent twice, and a few in any case', () => {
  const taken = (requests: number) => {
    const budget = new RetryBudget();
    for (let index = 0; index < requests; index++) budget.request(1_000);
    let count = 0;
    while (budget.take(1_000)) count += 1;
    return count;
  };
  assert.equal(taken(0), 20);
  assert.equal(taken(1_000), 220);
});

test('what was taken from the budget comes back', () => {
  const budget = new RetryBudget();
  while (budget.take(1_000)) assert.ok(true);
  assert.equal(budget.take(1_050), false);
  assert.equal(budget.take(5_000), true);
});

describe('an instance', () => {
  const usual = () => {
    const liveness = new Liveness();
    for (let at = 0; at < 10_000; at += 10) {
      liveness.sent(at);
      liveness.answered(at + 2, 2);
    }
    return liveness;
  };

  test('is silent when several requests had no byte for longer than is usual', () => {
    const liveness = usual();
    assert.equal(liveness.patienceMs, 80);
    liveness.sent(20_000);
    liveness.sent(20_010);
    assert.equal(liveness.isSilent(20_500), false);
    liveness.sent(20_020);
    assert.equal(liveness.isSilent(20_070), false);
    assert.equal(liveness.isSilent(20_100), true);
    liveness.answered(20_101, 90);
    assert.equal(liveness.isSilent(20_300), false);
  });

  test('is not put out because all are slow', () => {
    const [quiet, other] = [usual(), usual()];
    for (const liveness of [quiet, other]) liveness.sent(20_000);
    assert.equal(other.outlived(quiet), false);
    other.answered(20_050, 50);
    assert.equal(other.outlived(quiet), true);
  });

  test('that is slow is given three times its usual', () => {
    const liveness = new Liveness();
    for (let at = 0; at < 10_000; at += 100) liveness.answered(at, 400);
    assert.ok(liveness.patienceMs > 1_190 && liveness.patienceMs < 1_400);
  });

  test('that is out is tried now and then, and is back with a byte', () => {
    const liveness = usual();
    liveness.putOut(20_000, 'silent');
    assert.equal(liveness.mayProbe(20_050, true), false);
    assert.equal(liveness.mayProbe(20_150, true), true);
    assert.equal(liveness.mayProbe(20_150, false), false);
    liveness.probed(20_150);
    assert.equal(liveness.mayProbe(20_300, true), false);
    liveness.answered(20_400, 5);
    assert.equal(liveness.isOut, false);
  });

  test('that refused connections is tried by any request: nothing is lost by it', () => {
    const liveness = usual();
    liveness.putOut(20_000, 'refused');
    assert.equal(liveness.mayProbe(20_150, false), true);
  });
});
