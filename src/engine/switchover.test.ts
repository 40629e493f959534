import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { InstanceId } from '../model/ids.ts';
import { type Scenario, scenario } from './scenario.fixture.ts';
import { database, service, stack } from './stack.fixture.ts';
import { view } from './view.ts';

const pair = () => scenario(stack([database('db')]));
const trio = () => scenario(stack([database('db', { replicas: 3 })]));

function ask(s: Scenario, to: InstanceId | null = null, name = 'db'): Scenario {
  return s.ask({ kind: 'switchover', service: name, to, limitMs: 3000 });
}

function answer(s: Scenario): string | undefined {
  const last = s.sent('reply').at(-1);
  return last === undefined ? undefined : (last.error?.message ?? last.message);
}

describe('a switchover', () => {
  test('holds, lets transactions end, ends the primary in order, and promotes', () => {
    const s = ask(pair().up().forget());
    assert.deepEqual(s.steps(), ['quiesce']);
    assert.equal(s.sent('quiesce')[0]?.limitMs, 3000);
    assert.deepEqual(s.sent('route'), []);
    assert.equal(answer(s), undefined);
    s.passes(20_000);
    assert.deepEqual(s.steps(), [
      'quiesce',
      'fence db/1 1',
      'survey db/2 1',
      'promote db/2 2',
      'start db/1 standby 2',
      'admit db/1 2',
    ]);
    assert.equal(s.sent('role')[0]?.orderly, true);
    assert.equal(s.group('db'), '2 db/2 [db/1] serving');
    assert.equal(answer(s), 'db/2 is primary of epoch 2; new writes waited for 140 ms at most');
    assert.deepEqual(s.incidents(), []);
    assert.deepEqual(s.state.services['db']?.queue, []);
    assert.deepEqual(s.state.requests, {});
  });

  test('is what a dependant may have felt whose check began before it was done', () => {
    const web = service('web', { needs: ['db'] });
    for (const laterMs of [10, 60_000]) {
      const s = scenario(stack([database('db'), web]))
        .up()
        .passes(60_000);
      const began = s.at + laterMs;
      ask(s).passes(Math.max(1_000, laterMs));
      s.shows('web/1', 'health-timeout', { began }).passes(1_000);
      assert.equal(s.incident().unsure, laterMs === 10);
    }
  });

  test('that a dependant felt is not blamed on the primary that had failed before', () => {
    const web = service('web', { needs: ['db'] });
    const s = scenario(stack([database('db'), web]))
      .up()
      .passes(60_000);
    s.exits('db/1', 'SIGKILL').passes(30).exits('web/1', 1).passes(60_000);
    assert.equal(s.incident().state, 'resolved');
    ask(s).passes(30).exits('web/1', 1).passes(1);
    const { state, unsure, causes } = s.incident();
    assert.notEqual(state, 'resolved');
    assert.ok(unsure, `${causes[0]?.component} is blamed for sure`);
  });

  test('goes to the one that was named; the others stay eligible', () => {
    const s = ask(trio().up(), 'db/3').passes(20_000);
    assert.equal(s.group('db'), '2 db/3 [db/2 db/1] serving');
  });

  test('that finds connections in a transaction changes nothing', () => {
    const s = pair().up().forget();
    s.roles.busy = 3;
    ask(s).passes(5_000);
    assert.deepEqual(s.steps(), ['quiesce', 'release']);
    assert.equal(
      answer(s),
      '3 connections were still in a transaction, or encrypted (TLS); nothing was changed',
    );
    assert.equal(s.group('db'), '1 db/1 [db/2] serving');
    assert.equal(s.phase('db/1'), 'ready');
  });

  test('is overtaken by a fail-over when the primary fails meanwhile', () => {
    for (const busy of [0, 3]) {
      const s = trio().up().forget();
      s.roles.busy = busy;
      ask(s, 'db/3').shows('db/1', 'health-timeout').passes(60_000);
      assert.equal(answer(s), 'it was overtaken');
      assert.equal(s.group('db'), '2 db/2 [db/3 db/1] serving');
      assert.deepEqual(s.route('db'), ['db/2 serving']);
      assert.deepEqual(s.steps().slice(0, 4), [
        'quiesce',
        'release',
        'fence db/1 1',
        'survey db/2 db/3 1',
      ]);
      assert.deepEqual(s.state.services['db']?.queue, []);
    }
  });

  test('that fails before another is chosen brings the old primary back in its epoch', () => {
    const unfenced = pair().up().forget();
    unfenced.roles.fails('fence', 'db/1', 'a process could not be ended');
    ask(unfenced).passes(20_000);
    assert.match(answer(unfenced) ?? '', /^F1: db\/1 could not be fenced/);
    assert.equal(unfenced.group('db'), '1 db/1 [db/2] serving');
    const silent = pair().up().forget();
    silent.roles.reaches('db/2', null);
    ask(silent).passes(20_000);
    assert.match(answer(silent) ?? '', /^F3: none of db\/2 told how far it reaches/);
    assert.equal(silent.group('db'), '1 db/1 [db/2] serving');
    assert.deepEqual(silent.route('db'), ['db/1 serving']);
    assert.ok(silent.steps().includes('release'));
  });

  test('that came to nothing lets its connections go on, also when the controller dies', () => {
    for (let records = 1; ; records += 1) {
      const s = pair().up().forget();
      s.roles.reaches('db/2', null);
      ask(s.diesAfter(records)).passes(20_000);
      if (!s.isDead()) {
        assert.ok(records > 10);
        return;
      }
      s.controllerReturns().passes(60_000);
      const held = s.commands.findLastIndex((one) => one.kind === 'quiesce');
      const released = s.commands.findLastIndex((one) => one.kind === 'release');
      assert.equal(s.group('db'), '1 db/1 [db/2] serving', `killed at ${records}`);
      assert.ok(held <= released, `killed at ${records}: ${s.steps().join(', ')}`);
    }
  });

  test('is overtaken by a crash of the primary, which fails over', () => {
    const s = ask(pair().up().forget()).exits('db/1', 'SIGKILL').passes(20_000);
    assert.match(answer(s) ?? '', /^db\/1: it exited/);
    assert.equal(s.group('db'), '2 db/2 [db/1] serving');
    assert.ok(s.steps().indexOf('release') < s.steps().indexOf('fence db/1 1'));
  });

  test('is refused, with the rule, where it can not be', () => {
    const lost = pair();
    lost.roles.fails('admit', 'db/2', 'it did not catch up');
    lost.up();
    const cases: [Scenario, InstanceId | null, string, string][] = [
      [pair(), null, 'db', 'db has no primary that serves now'],
      [pair().up(), 'db/1', 'db', 'db/1 is primary already'],
      [pair().up(), 'db/7', 'db', 'no instance «db/7»; there are: db/1, db/2'],
      [pair().up(), null, 'cache', 'no service «cache»; there are: db'],
      [lost, null, 'db', 'F3: no standby is known to have every acknowledged write'],
      [scenario(stack([service('api')])).up(), null, 'api', 'api has no failover'],
      [
        pair().up().shows('db/1', 'health-timeout'),
        null,
        'db',
        'db has no primary that serves now',
      ],
    ];
    for (const [s, to, name, message] of cases) assert.equal(answer(ask(s, to, name)), message);
    const one = trio().up().exits('db/3', 'SIGKILL');
    assert.equal(
      answer(ask(one, 'db/3')),
      'F3: db/3 is not known to have every acknowledged write',
    );
  });

  test('one that is under way answers whoever asks again', () => {
    const s = ask(ask(pair().up().forget())).passes(20_000);
    assert.equal(s.sent('reply').length, 2);
    assert.equal(s.groupState('db').epoch, 2);
  });
});

describe('a rolling restart of a group', () => {
  test('takes standbys first, each eligible again before the next, then hands over', () => {
    const s = trio().up().forget().ask({ kind: 'restart', target: 'db' }).passes(60_000);
    const steps = s.steps().filter((one) => !one.startsWith('set-eligible'));
    assert.deepEqual(steps, [
      'start db/2 standby 1',
      'admit db/2 1',
      'start db/3 standby 1',
      'admit db/3 1',
      'quiesce',
      'fence db/1 1',
      'survey db/2 db/3 1',
      'promote db/2 2',
      'follow db/3 2',
      'start db/1 standby 2',
      'admit db/1 2',
    ]);
    assert.equal(s.group('db'), '2 db/2 [db/3 db/1] serving');
    assert.deepEqual(s.state.services['db']?.queue, []);
    assert.deepEqual(s.incidents(), []);
  });

  test('whose connections are busy tries to hand over again, then says why it could not', () => {
    const s = pair().up().forget();
    s.roles.busy = 2;
    s.ask({ kind: 'restart', target: 'db/1' }).passes(6_000);
    assert.deepEqual(s.steps(), ['quiesce', 'release', 'quiesce', 'release']);
    assert.match(
      view(s.state, s.at).services[0]?.group?.note ?? '',
      /^its role is handed over later \(2 of 3 tries\): 2 connections were still in a transaction/,
    );
    s.roles.busy = 0;
    s.passes(20_000);
    assert.equal(s.group('db'), '2 db/2 [db/1] serving');
    const other = pair().up().forget();
    other.roles.busy = 2;
    other.ask({ kind: 'restart', target: 'db/1' }).passes(60_000);
    assert.equal(other.sent('quiesce').length, 3);
    assert.equal(other.group('db'), '1 db/1 [db/2] serving');
    const outcome = other.records.findLast((one) => one.kind === 'action-outcome');
    assert.equal(
      outcome?.kind === 'action-outcome' ? `${outcome.outcome}: ${outcome.reason}` : '',
      'failed: db/1 was not restarted: its role could not be handed over in 3 tries: ' +
        '2 connections were still in a transaction, or encrypted (TLS); nothing was changed',
    );
    assert.deepEqual(other.state.services['db']?.queue, []);
  });

  test('goes on trying after a restart of the controller', () => {
    for (const records of [1, 2, 3, 4, 5, 6, 7]) {
      const s = pair().up().forget();
      s.roles.busy = 1;
      s.diesAfter(records).ask({ kind: 'restart', target: 'db/1' }).passes(1_000);
      s.roles.busy = 0;
      s.controllerReturns().passes(60_000);
      assert.deepEqual(s.state.services['db']?.queue, [], `${records}`);
      assert.deepEqual(s.route('db').length, 1);
    }
  });

  test('without a standby to hand over to restarts the primary in place', () => {
    const s = pair();
    s.roles.fails('admit', 'db/2', 'it did not catch up');
    s.up().forget().ask({ kind: 'restart', target: 'db/1' }).passes(5_000);
    assert.deepEqual(s.stopped(), ['db/1']);
    assert.equal(s.groupState('db').epoch, 1);
    assert.deepEqual(s.route('db'), ['db/1 serving']);
  });
});
