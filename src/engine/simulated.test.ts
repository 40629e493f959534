/** Situations that the simulator found; each names the seed that it came from. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { InstanceId } from '../model/ids.ts';
import type { LogRecord } from '../model/record.ts';
import { replay } from './apply.ts';
import { type Scenario, scenario } from './scenario.fixture.ts';
import { dependency, service, stack } from './stack.fixture.ts';

const { recovery } = service('x');
const tight = { recovery: { ...recovery, budget: { count: 3, windowMs: 600_000 } } };

function actsAt(records: readonly LogRecord[]): number {
  return records.filter((one) => one.kind === 'action-begun' && !one.spared).length;
}

test('two instances that back off do not spend the same last action (seed 393)', () => {
  const s = scenario(stack([service('a', { replicas: 2, ...tight })])).up();
  s.exits('a/1', 'SIGSEGV').passes(5_000).exits('a/1', 'SIGSEGV');
  assert.equal(s.phase('a/1'), 'held');
  s.exits('a/2', 1).passes(500).exits('a/2', 1).passes(60_000);
  assert.equal(actsAt(s.records), 3);
});

test('a new controller takes its store for writable until told otherwise (seed 1323)', () => {
  const s = scenario(stack([service('a')])).up();
  s.tell({ kind: 'store', writable: false, reason: 'disk full' });
  s.controllerDies().controllerReturns();
  assert.equal(s.state.storeWritable, true);
});

test('a fault beside another one is located by its own symptoms (seed 29)', () => {
  const s = scenario(stack([service('b', { replicas: 2 }), service('g', { needs: ['b'] })])).up();
  s.turns('g/1', 'hangs').shows('g/1', 'stopped', { name: 'stopped' });
  s.shows('g/1', 'health-timeout');
  s.shows('b/1', 'latency', { name: 'latency' }).passes(600);
  assert.doesNotMatch(s.sentences().join('\n'), /needs a person/);
  assert.ok(s.planned().some((one) => one.target === 'b/1' && one.kind === 'take-out'));
});

test('a take-out that does not help is judged, and something else is tried (seed 1158)', () => {
  const s = scenario(stack([service('b', { replicas: 2 })])).up();
  s.shows('b/1', 'latency', { name: 'latency' }).passes(60_000);
  const kinds = s.planned().map((one) => one.kind);
  assert.deepEqual(kinds.slice(0, 2), ['take-out', 'restart']);
  assert.equal(s.incident().actions[0]?.outcome, 'failed');
});

test('a dependency that has to be started only holds dependants when it fails (seed 1387)', () => {
  const c = service('c');
  const f = service('f', { dependsOn: [dependency('c', 'service_started')] });
  const s = scenario(stack([c, f]))
    .turns('c/1', 'fails')
    .up();
  s.shows('c/1', 'unready').shows('f/1', 'health-failed').passes(600);
  assert.ok(!s.stopped().includes('f/1'), s.sentences().join('\n'));
});

test('one instance on its way does not make a failing dependency well (seed 406)', () => {
  const s = scenario(stack([service('d', { replicas: 2 }), service('g', { needs: ['d'] })])).up();
  s.turns('d/1', 'fails').turns('d/2', 'hangs').exits('d/2', 'SIGSEGV').passes(30);
  s.shows('d/1', 'health-failed').shows('g/1', 'health-failed').forget().passes(600);
  assert.ok(!s.stopped().includes('g/1'), s.sentences().join('\n'));
});

test('nothing is released while another of its dependencies fails (seed 1576)', () => {
  const s = scenario(stack([service('a'), service('d'), service('f', { needs: ['a', 'd'] })])).up();
  s.turns('d/1', 'fails').exits('a/1', 'SIGKILL').exits('f/1', 1).shows('d/1', 'health-failed');
  assert.equal(s.phase('f/1'), 'held');
  s.forget().passes(200);
  assert.equal(s.phase('a/1'), 'ready');
  assert.deepEqual(
    s.started().filter((one) => one === 'f/1'),
    [],
  );
});

test('a dependency that is only late when asked is not waited for without end (seed 688)', () => {
  const s = scenario(stack([service('a'), service('b', { needs: ['a'] })])).up();
  // It answers its own checks: no symptom; but not within the time of a check on request.
  s.turns('a/1', 'hangs').exits('b/1', 1).passes(120_000);
  assert.equal(s.phase('b/1'), 'ready', s.sentences().join('\n'));
});

test('what was waited for once does not cover a later symptom (seed 666)', () => {
  const once = { recovery: { ...recovery, budget: { count: 1, windowMs: 600_000 } } };
  const s = scenario(stack([service('a', once), service('b', { needs: ['a'] })])).up();
  s.exits('a/1', 'SIGKILL').passes(20_000).turns('a/1', 'fails').shows('a/1', 'health-failed');
  s.shows('b/1', 'health-failed').passes(600).mended('a/1').ceases('a/1').ceases('b/1');
  s.passes(7_000).forget().turns('b/1', 'fails').shows('b/1', 'health-failed').passes(2_000);
  assert.ok(s.stopped().includes('b/1'), s.sentences().join('\n'));
});

test('a start that took an hour is tried again before a person is asked (seed 22837)', () => {
  const s = scenario(stack([service('a')]))
    .turns('a/1', 'hangs')
    .up();
  s.passes(3_600_000).tell({ kind: 'ready', instance: 'a/1' }).mended('a/1');
  s.exits('a/1', 'SIGKILL').passes(5_000);
  assert.equal(s.phase('a/1'), 'ready', s.sentences().join('\n'));
});

test('a job that is run again releases what failed meanwhile (seed 3274)', () => {
  const job = service('a', {
    healthcheck: null,
    restart: { ...service('x').restart, policy: 'no' },
  });
  const b = service('b', { dependsOn: [dependency('a', 'service_completed_successfully')] });
  const s = scenario(stack([job, b]))
    .up()
    .exits('a/1', 0)
    .passes(1_000);
  assert.equal(s.phase('b/1'), 'ready');
  s.ask({ kind: 'start', target: 'a' }).passes(200).exits('b/1', 3);
  assert.equal(s.phase('b/1'), 'held');
  s.exits('a/1', 0).passes(1_000);
  assert.equal(s.phase('b/1'), 'ready');
});

test('who is blamed while a dependency is suspected is not sure (seeds 152, 3243, 3267)', () => {
  const s = scenario(stack([service('b'), service('f', { needs: ['b'] })])).up();
  s.tell({ kind: 'suspect', instance: 'b/1', suspected: true });
  s.exits('f/1', 1).passes(600);
  assert.equal(s.incident().unsure, true);
});

test('an incident whose symptoms went to another one comes to its end (seeds 420, 893)', () => {
  const s = scenario(stack([service('a'), service('e', { needs: ['a'] })])).up();
  s.shows('e/1', 'memory', { name: 'memory', faults: ['leak'] }).passes(300);
  s.ceases('e/1', 'memory').exits('a/1', 'SIGKILL').exits('e/1', 1).passes(120_000);
  assert.deepEqual(s.state.open, []);
});

test('what a mended cause was thought to explain is looked at again (seed 12996)', () => {
  const s = scenario(
    stack([service('a'), service('b', { needs: ['a'] }), service('c', { needs: ['b'] })]),
  ).up();
  s.turns('c/1', 'fails').exits('a/1', 'SIGKILL').shows('c/1', 'health-failed').passes(1_000);
  assert.equal(s.phase('a/1'), 'ready');
  // Neither a check nor a dependency of its own will bring anybody back to c.
  assert.deepEqual(Object.keys(s.state.timers).sort(), ['effect:a4', 'recheck:i1']);
  s.passes(20_000);
  assert.ok(s.stopped().includes('c/1'), s.sentences().join('\n'));
});

test('what was killed waits for a dependency that is gone too (seed 13681)', () => {
  const s = scenario(stack([service('a'), service('b', { needs: ['a'] })])).up();
  s.turns('a/1', 'hangs').exits('a/1', 'SIGKILL').exits('b/1', 'SIGKILL').passes(1_000);
  assert.deepEqual([s.phase('b/1'), s.note('b/1')], ['held', 'waits for a: not ready yet']);
  s.mended('a/1').tell({ kind: 'ready', instance: 'a/1' }).passes(1_000);
  assert.equal(s.phase('b/1'), 'ready');
});

test('a dependency that is to be stopped is nothing to rely on (seed 14462)', () => {
  const s = scenario(stack([service('a'), service('b', { needs: ['a'] })])).up();
  s.stopsFail(true).ask({ kind: 'stop', target: 'a' }).passes(1_000);
  assert.equal(s.phase('a/1'), 'ready');
  s.forget().exits('b/1', 1).passes(5_000);
  assert.deepEqual([s.started(), s.note('b/1')], [[], 'waits for a: it is not wanted up']);
});

test('what is blamed and shows nothing is not waited for without end (seed 12159)', () => {
  const s = scenario(stack([service('c'), service('f', { needs: ['c'] })])).up();
  // It answers its own checks: no symptom; but not within the time of a check on request.
  s.turns('c/1', 'hangs').shows('f/1', 'latency', { name: 'latency' }).passes(120_000);
  assert.match(s.sentences()[0] ?? '', /^leave f\/1: it waits for c/);
  assert.ok(s.stopped().includes('f/1'), s.sentences().join('\n'));
});

test('what was seen of it counts when it is wanted again before it is gone (seed 35401)', () => {
  for (const when of ['before', 'after']) {
    const s = scenario(stack([service('a'), service('b', { needs: ['a'] })])).up();
    if (when === 'before') s.shows('a/1', 'cpu');
    s.ask({ kind: 'down' }).passes(10);
    if (when === 'after') s.shows('a/1', 'cpu');
    assert.deepEqual(s.state.open, [], when);
    s.ask({ kind: 'up' });
    assert.equal(s.incidents().at(-1)?.state, 'open', when);
    s.ceases('a/1', 'cpu').passes(20_000);
    assert.deepEqual(s.state.open, [], when);
  }
});

test('a check that passed since says more than one that failed on request (seed 21029)', () => {
  const dependants = [service('e', { needs: ['d'] }), service('f', { needs: ['d'] })];
  const s = scenario(stack([service('d'), ...dependants])).up();
  s.tell({ kind: 'suspect', instance: 'd/1', suspected: true });
  s.turns('d/1', 'fails').exits('e/1', 1).passes(1_000).mended('d/1');
  s.tell({ kind: 'suspect', instance: 'd/1', suspected: false }).forget();
  s.shows('f/1', 'health-timeout');
  assert.deepEqual(
    s.sent('confirm').map((one) => one.instances),
    [['d/1']],
  );
});

test('who fails a check on request may do so by its dependency (seed 21029)', () => {
  const s = scenario(
    stack([
      service('b'),
      service('d', { needs: ['b'] }),
      service('e', { needs: ['d'], replicas: 2 }),
    ]),
  ).up();
  s.tell({ kind: 'suspect', instance: 'b/1', suspected: true }).turns('d/1', 'fails');
  s.shows('e/1', 'health-timeout').shows('e/2', 'health-timeout').passes(20);
  const [{ component } = { component: '' }] = s.incident().causes;
  assert.deepEqual([component, s.incident().unsure], ['d/1', true]);
});

test('what could not be stopped is watched anew, and what was seen of it asked again', () => {
  const once = { recovery: { ...recovery, budget: { count: 1, windowMs: 600_000 } } };
  const s = scenario(stack([service('a', once)])).up();
  s.stopsFail(true).turns('a/1', 'hangs').shows('a/1', 'health-timeout').passes(20);
  s.mended('a/1').passes(60_000);
  assert.deepEqual([s.phase('a/1'), s.incident().state], ['ready', 'resolved']);
});

test('what was seen of a host is noticed anew by a new controller (seed 318)', () => {
  const s = scenario(stack([service('a')])).up();
  s.shows('host:local', 'io-error').passes(1_000);
  assert.equal(s.incident().state, 'needs-person');
  s.controllerDies().controllerReturns().passes(20_000);
  assert.equal(s.incident().state, 'resolved');
});

test('a restart that has to wait its turn comes before a person is asked (seed 2044)', () => {
  const wipe = {
    name: 'wipe',
    command: { argv: ['wipe'] },
    mends: ['error' as const],
    costMs: 1,
    destructive: true,
    timeoutMs: 1_000,
  };
  const s = scenario(stack([service('b', { replicas: 2, actions: [wipe] })])).up();
  s.turns('b/1', 'fails').turns('b/2', 'fails');
  s.shows('b/1', 'health-failed').shows('b/2', 'health-failed').passes(20);
  assert.doesNotMatch(s.sentences().join('\n'), /needs a person/);
});

describe('the controller dies between any two records (seed 1262)', () => {
  const stories: Readonly<Record<string, (s: Scenario) => void>> = {
    'crashes and back-off': (s) =>
      s.exits('a/1', 'SIGSEGV').passes(3_000).exits('a/1', 1).passes(10).exits('b/1', 1),
    'a hang, and dependants that wait': (s) =>
      s
        .turns('a/1', 'hangs')
        .shows('a/1', 'health-timeout')
        .shows('b/1', 'health-failed')
        .passes(700),
    'starts that fail': (s) =>
      s.cannotStart('b/1', 'port taken', true).exits('b/1', 1).passes(2_000),
    'restarts that a person asked for': (s) => s.ask({ kind: 'restart', target: 'b' }).passes(40),
    'a take-out': (s) => s.shows('c/1', 'latency', { name: 'latency' }).passes(8_000),
    'stop and start': (s) =>
      s
        .ask({ kind: 'stop', target: 'b' })
        .passes(10)
        .ask({ kind: 'start', target: 'b' })
        .passes(10),
  };
  for (const [title, play] of Object.entries(stories)) {
    test(title, () => {
      const whole = begin();
      const first = whole.records.length;
      play(whole);
      for (let kept = first; kept <= whole.records.length; kept += 1) {
        const s = begin();
        play(s);
        comesBack(s, kept);
      }
    });
  }

  function begin(): Scenario {
    const b = service('b', { needs: ['a'], replicas: 2 });
    return scenario(stack([service('a'), b, service('c', { replicas: 2 })])).up();
  }

  function comesBack(s: Scenario, kept: number): void {
    const next = JSON.stringify(s.records[kept]);
    s.records.length = kept;
    s.controllerDies('commands');
    // The rest of the log is lost, and nothing that it led to was carried out.
    s.state = replay(s.records);
    s.controllerReturns().mendAll().ask({ kind: 'up' }).passes(60_000).endAll().passes(3_600_000);
    for (const id of ['a/1', 'b/1', 'b/2', 'c/1', 'c/2'] as InstanceId[])
      assert.equal(s.phase(id), 'ready', `${id}, without ${next} and what follows`);
    assert.deepEqual(s.state.open, [], next);
    assert.deepEqual(s.state.actions, {}, next);
    assert.deepEqual(s.state.requests, {}, next);
    assert.deepEqual(s.state.timers, {}, next);
  }
});

test('a person who was to be asked when the controller died is asked (seed 304028)', () => {
  const once = { recovery: { ...recovery, budget: { count: 2, windowMs: 600_000 } } };
  const s = scenario(stack([service('a', once)])).up();
  s.exits('a/1', 'SIGSEGV').passes(3_000).exits('a/1', 'SIGSEGV').passes(30_000);
  s.exits('a/1', 1);
  s.records.length = s.records.findLastIndex((one) => one.kind === 'incident-needs-person');
  s.controllerDies('commands').controllerReturns().passes(1_000);
  assert.equal(s.incident().state, 'needs-person');
});

test('what became ready while it was to be stopped is ready when it is wanted again (seed 41381)', () => {
  const s = scenario(stack([service('a'), service('b', { needs: ['a'] })])).up();
  s.exits('a/1', 'SIGKILL').passes(30).ask({ kind: 'down' });
  s.tell({ kind: 'ready', instance: 'a/1' }).ask({ kind: 'up' }).passes(1_000);
  s.expectPhases({ 'a/1': 'ready', 'b/1': 'ready' });
});

test('a back-off ends in waiting when a dependency fails by then (seed 27364)', () => {
  const s = scenario(stack([service('a'), service('b', { needs: ['a'] })])).up();
  s.exits('b/1', 'SIGSEGV').passes(500).exits('b/1', 'SIGSEGV').forget();
  assert.equal(s.phase('b/1'), 'held');
  s.turns('a/1', 'fails').shows('a/1', 'health-failed').passes(1_500);
  assert.ok(!s.started().includes('b/1') || s.phase('a/1') === 'ready', s.sentences().join('\n'));
});

test('who fails beside a dependency still coming up waits until it is ready (seed 404838)', () => {
  const a = service('a');
  const c = service('c', { ...tight, dependsOn: [dependency('a', 'service_started')] });
  const s = scenario(stack([a, c]))
    .turns('a/1', 'fails')
    .ask({ kind: 'up' })
    .passes(30);
  s.passes(200).exits('c/1', 1).passes(1_000);
  assert.equal(s.note('c/1'), 'waits for a: not ready yet');
  assert.equal(s.incident().unsure, true);
  s.mendAll().passes(1_000).expectPhases({ 'a/1': 'ready', 'c/1': 'ready' });
  assert.equal(actsAt(s.records), 0);
});

test('instances that never became ready do not wait for each other (seed 21717)', () => {
  const s = scenario(stack([service('d', { replicas: 2 })])).turns('d/1', 'hangs');
  s.turns('d/2', 'hangs').ask({ kind: 'up' }).passes(6_000).forget();
  s.shows('d/1', 'unready').shows('d/2', 'unready').passes(100);
  assert.ok(s.stopped().length > 0, s.sentences().join('\n'));
});

test('what comes up after the fault that explains it was mended is looked at (seed 19046)', () => {
  const s = scenario(stack([service('b'), service('d', { needs: ['b'] })])).up();
  s.exits('b/1', 'SIGKILL').passes(1_000).forget();
  s.turns('d/1', 'fails').shows('d/1', 'health-failed').passes(3_000);
  assert.deepEqual(s.stopped(), []);
  s.passes(6_000);
  assert.deepEqual(s.stopped(), ['d/1']);
});

test('a restart of what is stopped waits for what it needs, not for a turn (seed 502242)', () => {
  const s = scenario(stack([service('a'), service('b', { needs: ['a'], replicas: 2 })])).up();
  s.ask({ kind: 'down' }).passes(1_000).ask({ kind: 'restart', target: 'b' }).passes(1_000);
  const note = 'waits for a: it is not wanted up';
  assert.deepEqual([s.note('b/1'), s.note('b/2')], [note, note]);
  s.ask({ kind: 'up' }).passes(2_000).expectPhases({ 'b/1': 'ready', 'b/2': 'ready' });
});

test('what is only observed is not lost from sight by a «down» that is taken back', () => {
  const s = scenario(stack([service('a', { mode: 'observe' }), service('b', { needs: ['a'] })]));
  const run = { pid: 7, port: 9007, startedAt: null, exit: null };
  s.ask({ kind: 'up' }).tell({ kind: 'found', instance: 'a/1', running: true, ...run });
  s.tell({ kind: 'ready', instance: 'a/1' }).passes(1_000);
  s.expectPhases({ 'a/1': 'ready', 'b/1': 'ready' });
  s.ask({ kind: 'down' }).passes(1_000).expectPhases({ 'a/1': 'ready', 'b/1': 'stopped' });
  assert.equal(s.sent('reply').at(-1)?.message, 'the stack is down');
  s.ask({ kind: 'up' }).passes(1_000).expectPhases({ 'a/1': 'ready', 'b/1': 'ready' });
  assert.deepEqual(s.stopped(), ['b/1']);
});

test('what came back by itself is not left to the restart planned before (seed 706689)', () => {
  const s = scenario(stack([service('a')]))
    .up()
    .exits('a/1', 1)
    .passes(500)
    .exits('a/1', 1);
  const run = { pid: 7, port: 9007, startedAt: null, exit: null };
  s.tell({ kind: 'found', instance: 'a/1', running: true, ...run });
  s.tell({ kind: 'ready', instance: 'a/1' }).passes(5_000).forget();
  s.shows('a/1', 'health-failed').passes(100);
  assert.deepEqual(s.stopped(), ['a/1']);
});

test('what is stopped on request is not taken for being mended (seed 39346)', () => {
  const s = scenario(stack([service('a'), service('d', { needs: ['a'] })])).up();
  s.exits('a/1', 1).passes(500).exits('a/1', 1).ask({ kind: 'stop', target: 'a' });
  s.turns('d/1', 'fails').shows('d/1', 'health-failed').passes(100);
  assert.equal(s.sentences().at(-1), 'leave d/1: it waits for a: it is not wanted up');
});
