import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type CheckResult,
  type HealthRules,
  type HealthSample,
  type HealthState,
  type HealthVerdict,
  initialHealth,
  observeCheck,
  voidHealth,
} from './health.ts';

const rules: HealthRules = { intervalMs: 500, retries: 2, startPeriodMs: 1_000 };
const ok: CheckResult = { ok: true };
const hung: CheckResult = { ok: false, failure: 'timeout', text: 'timed out after 500 ms' };
const refused: CheckResult = { ok: false, failure: 'refused', text: 'connection refused' };
const wrong: CheckResult = { ok: false, failure: 'failed', text: 'answered 503' };

type Row = readonly [askedAt: number, result: CheckResult, counts?: boolean];

function run(rows: readonly Row[], state: HealthState = initialHealth(0, false)) {
  const told: HealthVerdict[] = [];
  let now = state;
  for (const [askedAt, result, counts = true] of rows) {
    const step = observeCheck(now, rules, { askedAt, result, counts });
    now = step.state;
    told.push(...step.verdicts);
  }
  return { state: now, told: told.map(brief), verdicts: told };
}

function brief(verdict: HealthVerdict): string {
  if (verdict.kind === 'began') return `${verdict.symptom} since ${verdict.began}`;
  if (verdict.kind === 'suspect') return verdict.suspected ? 'suspect' : 'trusted';
  return verdict.kind;
}

const table: readonly (readonly [string, readonly Row[], readonly string[]])[] = [
  ['first pass', [[100, ok]], ['ready']],
  [
    'ready only once',
    [
      [100, ok],
      [200, ok],
    ],
    ['ready'],
  ],
  [
    'failures of the start period',
    [
      [0, refused],
      [500, refused],
      [900, refused],
    ],
    [],
  ],
  [
    'beyond it',
    [
      [900, refused],
      [1_000, refused],
      [1_500, hung],
    ],
    ['unready since 1000'],
  ],
  [
    'extra checks only acquit',
    [
      [1_000, hung],
      [1_100, hung, false],
      [1_200, ok, false],
    ],
    ['ready'],
  ],
  [
    'one failure',
    [
      [100, ok],
      [600, hung],
    ],
    ['ready', 'suspect'],
  ],
  [
    'and a pass',
    [
      [100, ok],
      [600, hung],
      [1_100, ok],
    ],
    ['ready', 'suspect', 'trusted'],
  ],
  [
    'no start period after the first pass',
    [
      [100, ok],
      [600, hung],
      [1_100, hung],
    ],
    ['ready', 'suspect', 'health-timeout since 600'],
  ],
  [
    'kind of the failure that decided',
    [
      [100, ok],
      [600, hung],
      [1_100, wrong],
    ],
    ['ready', 'suspect', 'health-failed since 600'],
  ],
  [
    'one pass ends it',
    [
      [100, ok],
      [600, refused],
      [1_100, refused],
      [1_600, refused],
      [2_100, ok],
    ],
    ['ready', 'suspect', 'health-refused since 600', 'ended', 'trusted'],
  ],
  [
    'answers out of order: the onset is the first that was asked',
    [
      [100, ok],
      [1_100, refused],
      [600, hung],
    ],
    ['ready', 'suspect', 'health-timeout since 600'],
  ],
  [
    'a late failure of before a pass',
    [
      [100, ok],
      [1_100, ok],
      [600, hung],
    ],
    ['ready'],
  ],
  [
    'a late pass of before the failures',
    [
      [100, ok],
      [600, refused],
      [300, ok],
      [1_100, refused],
    ],
    ['ready', 'suspect', 'health-refused since 600'],
  ],
  [
    'a late pass between the failures',
    [
      [100, ok],
      [600, refused],
      [1_100, refused],
      [800, ok],
    ],
    ['ready', 'suspect', 'health-refused since 600', 'ended'],
  ],
  ['asked before the start', [[-1, ok]], []],
];

test('what follows from answers', async (t) => {
  for (const [name, rows, told] of table) {
    await t.test(name, () => assert.deepEqual(run(rows).told, told));
  }
});

test('the evidence says how often and what', () => {
  const { verdicts } = run([
    [100, ok],
    [600, hung],
    [1_100, hung],
  ]);
  const began = verdicts.find((verdict) => verdict.kind === 'began');
  assert.equal(began?.evidence, 'health check failed 2×: timed out after 500 ms');
});

test('an adopted instance has no start period and is ready once it answers', () => {
  const adopted = initialHealth(0, true);
  assert.deepEqual(run([[100, ok]], adopted).told, ['ready']);
  assert.deepEqual(
    run(
      [
        [100, hung],
        [600, hung],
      ],
      adopted,
    ).told,
    ['suspect', 'health-timeout since 100'],
  );
});

test('what was asked before a pause of our own proves nothing', () => {
  const { state } = run([
    [100, ok],
    [600, hung],
  ]);
  const after = voidHealth(state, 5_000);
  assert.deepEqual(
    run(
      [
        [1_100, hung],
        [1_600, ok],
      ],
      after,
    ).told,
    [],
  );
  assert.deepEqual(run([[5_100, hung]], after).told, [], 'a row begins anew');
  assert.deepEqual(
    run(
      [
        [5_100, hung],
        [5_600, hung],
      ],
      after,
    ).told,
    ['health-timeout since 5100'],
  );
});

test('flapping asks for more passes, quiet forgets it', () => {
  const down: Row[] = [
    [600, hung],
    [1_100, hung],
  ];
  const flap: Row[] = [
    [2_100, hung],
    [2_600, hung],
    [3_100, ok],
  ];
  const { told, state } = run([[100, ok], ...down, [1_600, ok], ...flap]);
  assert.equal(told.filter((text) => text.startsWith('health')).length, 2);
  assert.equal(state.unhealthy, true, 'the second time one pass is not enough');
  assert.deepEqual(run([[3_600, ok]], state).told, ['ended', 'trusted']);
  const calm = run(
    [
      [3_600, ok],
      [60_000, hung],
      [60_500, hung],
      [61_000, ok],
    ],
    state,
  );
  assert.equal(calm.state.unhealthy, false);
});

const result = fc.constantFrom(ok, hung, refused, wrong);
const sample = fc.record({
  askedAt: fc.integer({ min: -100, max: 20_000 }),
  result,
  counts: fc.boolean(),
});

function verdictsOf(samples: readonly HealthSample[], retries: number): HealthVerdict[] {
  let state = initialHealth(0, false);
  return samples.flatMap((one) => {
    const step = observeCheck(state, { ...rules, retries }, one);
    state = step.state;
    return step.verdicts;
  });
}

test('beginnings and ends alternate, and so do suspicion and trust', () => {
  fc.assert(
    fc.property(
      fc.array(sample, { maxLength: 60 }),
      fc.integer({ min: 1, max: 4 }),
      (all, retries) => {
        const verdicts = verdictsOf(all, retries);
        const symptoms = verdicts.filter(({ kind }) => kind === 'began' || kind === 'ended');
        for (const [at, one] of symptoms.entries()) {
          assert.equal(one.kind, at % 2 === 0 ? 'began' : 'ended');
        }
        const suspicions = verdicts.filter((verdict) => verdict.kind === 'suspect');
        for (const [at, one] of suspicions.entries()) assert.equal(one.suspected, at % 2 === 0);
        assert.ok(verdicts.filter(({ kind }) => kind === 'ready').length <= 1);
      },
    ),
  );
});

test('no symptom begins without as many counting failures as retries', () => {
  fc.assert(
    fc.property(
      fc.array(sample, { maxLength: 40 }),
      fc.integer({ min: 1, max: 4 }),
      (all, retries) => {
        const failures = all.filter((one) => one.counts && !one.result.ok).length;
        const began = verdictsOf(all, retries).filter(({ kind }) => kind === 'began').length;
        assert.ok(began === 0 || failures >= retries);
      },
    ),
  );
});

test('a row of failures is noticed, whatever was before', () => {
  fc.assert(
    fc.property(
      fc.array(sample, { maxLength: 40 }),
      fc.integer({ min: 1, max: 4 }),
      (all, retries) => {
        const row = Array.from({ length: retries }, (_, at) => ({
          askedAt: 30_000 + at * 500,
          result: hung,
          counts: true,
        }));
        const symptoms = verdictsOf([...all, ...row], retries).filter(
          ({ kind }) => kind === 'began' || kind === 'ended',
        );
        assert.equal(symptoms.at(-1)?.kind, 'began');
      },
    ),
  );
});
