/** What is late for want of a processor, its own or ours, is not taken for one that hangs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CheckResult } from '../detect/health.ts';
import type { Question } from './check.ts';
import { HealthWatch } from './health-watch.ts';
import { Turns } from './turns.ts';

const spec = {
  probe: { kind: 'driver' as const },
  intervalMs: 500,
  timeoutMs: 500,
  retries: 2,
  startPeriodMs: 0,
  startIntervalMs: 500,
};

/** A virtual clock, and an instance that answers after `takesMs`; Infinity: it hangs. */
function setUp() {
  const state = { now: 0, takesMs: 10, starved: false, open: 0, openMost: 0 };
  const told: string[] = [];
  const due: { at: number; run: () => void }[] = [];
  const clock = {
    now: () => state.now,
    after: (delayMs: number, run: () => void) => {
      const one = { at: state.now + delayMs, run };
      due.push(one);
      return () => {
        const at = due.indexOf(one);
        if (at !== -1) due.splice(at, 1);
      };
    },
  };
  const question: Question = (settle: (result: CheckResult) => void) => {
    state.open += 1;
    state.openMost = Math.max(state.openMost, state.open);
    const cancel = clock.after(state.takesMs, () => settle({ ok: true }));
    return () => {
      state.open -= 1;
      cancel();
    };
  };
  const watch = new HealthWatch({
    ...{ clock, spec, question, startedAt: 0, wasReady: true },
    random: { next: () => 0 },
    turns: new Turns(clock),
    patience: { isStarved: () => state.starved, question, timeoutMs: 5_000 },
    onVerdict: (verdict) => told.push(verdict.kind === 'began' ? verdict.evidence : verdict.kind),
    onAnswer: () => undefined,
  });
  const pass = async (ms: number) => {
    const end = state.now + ms;
    for (;;) {
      const next = due.sort((a, b) => a.at - b.at)[0];
      if (next === undefined || next.at > end) break;
      due.shift();
      state.now = Math.max(state.now, next.at);
      next.run();
      // A time-out is told after what has arrived by then.
      await new Promise((resolve) => setImmediate(resolve));
    }
    state.now = end;
  };
  return { state, told, pass, watch };
}

test('with a processor at hand, what does not answer hangs', async () => {
  const { state, told, pass, watch } = setUp();
  await pass(5_000);
  state.takesMs = Number.POSITIVE_INFINITY;
  await pass(2_500);
  assert.equal(told.at(-1), 'health check failed 2×: timed out after 500 ms');
  watch.close();
});

test('without one it is late, and suspected; asked one check at a time', async () => {
  const { state, told, pass, watch } = setUp();
  await pass(5_000);
  Object.assign(state, { takesMs: 3_000, starved: true });
  await pass(2_000);
  state.openMost = 0;
  await pass(30_000);
  assert.deepEqual([...new Set(told)], ['ready', 'suspect']);
  assert.equal(state.openMost, 1);
  Object.assign(state, { takesMs: 10, starved: false });
  await pass(10_000);
  told.length = 0;
  // As before.
  state.takesMs = Number.POSITIVE_INFINITY;
  await pass(2_500);
  assert.equal(told.at(-1), 'health check failed 2×: timed out after 500 ms');
  watch.close();
});

test('one that hangs is found out although it has no processor either', async () => {
  const { state, told, pass, watch } = setUp();
  await pass(5_000);
  Object.assign(state, { takesMs: Number.POSITIVE_INFINITY, starved: true });
  await pass(12_000);
  assert.equal(told.at(-1), 'health check failed 2×: timed out after 5000 ms');
  watch.close();
});

/** We are paused for longer than we are awake, all the time. */
async function pausedAgainAndAgain(made: ReturnType<typeof setUp>, times: number) {
  for (let count = 0; count < times; count += 1) {
    await made.pass(50);
    made.state.now += 900;
    // What was due meanwhile is late.
    await made.pass(0);
    made.watch.slept();
  }
}

test('while we are paused again and again, one that answers is well', async () => {
  const made = setUp();
  await made.pass(5_000);
  made.state.takesMs = 200;
  await pausedAgainAndAgain(made, 100);
  assert.deepEqual([...new Set(made.told)], ['ready']);
  made.watch.close();
});

for (const starved of [false, true]) {
  test(`one that hangs is found out all the same${starved ? ', starved too' : ''}`, async () => {
    const made = setUp();
    await made.pass(5_000);
    Object.assign(made.state, { takesMs: Number.POSITIVE_INFINITY, starved });
    await pausedAgainAndAgain(made, 12);
    assert.ok(!made.told.some((text) => text.startsWith('health check failed')));
    await pausedAgainAndAgain(made, 80);
    assert.match(made.told.at(-1) ?? '', /^health check failed 2×: timed out after/);
    made.watch.close();
  });
}
