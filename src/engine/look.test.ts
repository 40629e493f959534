import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ExitInfo } from '../model/exit.ts';
import { beginLook } from './index.ts';
import { type Scenario, scenario } from './scenario.fixture.ts';
import { service, stack } from './stack.fixture.ts';

const exit: ExitInfo = { code: null, signal: 'SIGKILL', known: true, oom: false, lastLines: [] };

/** The controller is back, and finds that the only instance has ended. */
function findsGone(s: Scenario, startedAt: number): Scenario {
  s.records.push(...beginLook(s.state, s.at));
  const gone = { running: false, pid: null, port: null, startedAt, exit };
  return s.tell({ kind: 'found', instance: 'api/1', ...gone }).tell({ kind: 'looked' });
}

/** It was killed and was to be started again when the controller died. */
function killed(): Scenario {
  return scenario(stack([service('api')]))
    .up()
    .exits('api/1', 'SIGKILL')
    .controllerDies('commands')
    .forget();
}

describe('a look finds an instance gone that was being started', () => {
  test('its last run was the one before: it is started, once', () => {
    const s = killed();
    const { at } = s;
    s.passes(1_000).controllerDies('commands');
    findsGone(s, at - 2_000);
    assert.deepEqual(s.started(), ['api/1']);
    assert.equal(s.phase('api/1'), 'starting');
    assert.equal(s.incidents().length, 1);
  });

  test('it ran and ended meanwhile: another exit, another action', () => {
    const s = killed();
    const { at } = s;
    s.passes(1_000).controllerDies('commands');
    findsGone(s, at + 500);
    const { actions } = s.incident();
    assert.deepEqual(
      actions.map(({ outcome }) => outcome),
      ['failed', null],
    );
    assert.equal(s.phase('api/1'), 'held');
    assert.deepEqual(Object.keys(s.state.timers), ['backoff:api/1']);
  });
});

test('what nobody sees any more after a stop that failed leaves no incident open', () => {
  const s = scenario(stack([service('api')]))
    .up()
    .stopsFail(true)
    .shows('api/1', 'cpu');
  s.ask({ kind: 'restart', target: 'api/1' }).passes(600_000);
  assert.equal(s.phase('api/1'), 'ready');
  assert.equal(s.incident().state, 'resolved');
});
