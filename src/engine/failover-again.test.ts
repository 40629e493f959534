/** A primary fails again and again: as long as a standby may take over, it takes over. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { scenario } from './scenario.fixture.ts';
import { database, stack } from './stack.fixture.ts';

const often = { count: 1000, windowMs: 600_000 };

function pair() {
  const recovery = { budget: often, allow: [], slowRetryMs: 300_000 };
  const rest = { recovery: { budget: often, maxUnavailableShare: 0.5 } };
  return scenario(stack([database('db', { recovery })], rest)).up();
}

describe('a fail-over', () => {
  test('that another took over by is no failure when the former leads and fails again', () => {
    const s = pair();
    for (let epoch = 2; epoch < 12; epoch += 1) {
      const { primary } = s.groupState('db');
      s.exits(primary ?? 'db/1', 'SIGKILL').passes(epoch % 2 === 0 ? 2_000 : 20_000);
      assert.equal(s.groupState('db').epoch, epoch);
      assert.match(s.group('db'), /\[db\/[12]\] serving$/);
    }
    const all = s.incidents().flatMap(({ actions }) => actions);
    const outcomes = all.flatMap((one) => (one.kind === 'fail-over' ? [one.outcome] : []));
    assert.deepEqual([...new Set(outcomes)].sort(), ['verified']);
  });

  test('that failed is tried again once the primary was well again', () => {
    const s = pair();
    s.roles.reaches('db/2', null);
    s.exits('db/1', 'SIGKILL').passes(20_000);
    assert.equal(s.group('db'), '1 db/1 [db/2] serving');
    s.roles.reaches('db/2', '2000');
    s.forget().exits('db/1', 'SIGKILL').passes(5_000);
    assert.equal(s.group('db'), '2 db/2 [db/1] serving');
  });

  test('that can not be is not tried again at once', () => {
    const s = pair();
    s.roles.fails('fence', 'db/1', 'process 7 could not be ended');
    s.shows('db/1', 'health-timeout').passes(300);
    const kinds = s.planned().map((one) => one.kind);
    assert.deepEqual(kinds.slice(0, 2), ['fail-over', 'restart']);
  });

  test('goes before a restart in place, however quick those were', () => {
    const s = pair();
    const quick = { count: 50, mean: Math.log(50), m2: 0.1 };
    const slow = { count: 50, mean: Math.log(900), m2: 0.1 };
    s.state.knowledge.services['db'] = {
      ...{ observedMs: 1e9, faults: {}, passedOn: {}, detectors: {} },
      durations: { restart: quick, 'fail-over': slow },
      outcomes: {
        restart: { crash: { yes: 50, no: 0 } },
        'fail-over': { crash: { yes: 40, no: 10 } },
      },
    };
    s.exits('db/1', 'SIGKILL');
    assert.equal(s.planned()[0]?.kind, 'fail-over');
  });
});

test('«reset» also forgets what was tried in an incident', () => {
  const s = pair();
  s.roles.fails('fence', 'db/1', 'process 7 could not be ended');
  s.turns('db/1', 'dies').exits('db/1', 'SIGKILL').passes(1_000);
  s.roles.fails('fence', 'db/1', null);
  s.ask({ kind: 'reset', target: 'db' }).exits('db/1', 'SIGKILL');
  assert.equal(s.planned().at(-1)?.kind, 'fail-over');
});
