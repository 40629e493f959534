import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { scenario } from './scenario.fixture.ts';
import { database, service, stack } from './stack.fixture.ts';

const pair = () => scenario(stack([database('db')]));
const trio = () => scenario(stack([database('db', { replicas: 3 })]));

describe('a group comes up', () => {
  test('primary first, recorded before it starts; the standby once it serves; then F4', () => {
    const s = pair().up();
    assert.deepEqual(s.steps(), [
      'start db/1 primary 1',
      'promote db/1 1',
      'start db/2 standby 1',
      'admit db/2 1',
    ]);
    assert.equal(s.group('db'), '1 db/1 [db/2] serving');
    const kinds = s.records.map((one) => one.kind);
    assert.ok(kinds.indexOf('primary-chosen') < kinds.indexOf('instance-starting'));
    assert.deepEqual(s.route('db'), ['db/1 serving']);
  });

  test('its endpoint leads nowhere before a write through the primary succeeded (F2)', () => {
    const s = pair();
    s.roles.isSilent('promote', 'db/1');
    s.up();
    assert.equal(s.phase('db/1'), 'ready');
    assert.deepEqual(s.route('db'), []);
    assert.deepEqual(s.sent('route').at(-1)?.group, { epoch: 1, read: [], hold: true });
  });

  test('what depends on it waits for that too', () => {
    const s = scenario(stack([service('api', { needs: ['db'] }), database('db')]));
    s.roles.isSilent('promote', 'db/1');
    s.up();
    assert.equal(s.note('api/1'), 'waits for db: not ready yet');
  });

  test('one admission at a time', () => {
    const s = trio();
    s.roles.isSilent('admit', 'db/2');
    s.up();
    assert.deepEqual(
      s.steps().filter((one) => one.startsWith('admit')),
      ['admit db/2 1'],
    );
  });

  test('goes down with the primary first, and comes back in the same epoch', () => {
    const s = pair().up().forget().ask({ kind: 'down' }).passes(2000);
    assert.deepEqual(s.stopped(), ['db/1', 'db/2']);
    assert.equal(s.group('db'), '1 db/1 [db/2] serving');
    s.forget().up();
    assert.deepEqual(s.steps().slice(0, 2), ['start db/1 primary 1', 'start db/2 standby 1']);
    assert.equal(s.group('db'), '1 db/1 [db/2] serving');
  });

  test('standbys that are caught up are read from', () => {
    const s = pair().up();
    const last = s.sent('route').at(-1);
    assert.deepEqual(
      last?.group?.read.map((one) => one.instance),
      ['db/2'],
    );
  });
});

describe('a standby is lost', () => {
  test('that is recorded before the primary is told to go on without it (F4)', () => {
    const s = pair().up().forget().exits('db/2', 'SIGKILL');
    assert.equal(s.group('db'), '1 db/1 [] serving');
    const told = s.sent('role').find((one) => one.step === 'set-eligible');
    assert.deepEqual(told?.order, { role: 'primary', epoch: 1, primary: 'db/1', eligible: [] });
    assert.equal(told?.unrecordedOk, false);
    s.passes(20_000);
    assert.deepEqual(s.steps(), ['start db/2 standby 1', 'set-eligible db/1 1', 'admit db/2 1']);
    assert.equal(s.group('db'), '1 db/1 [db/2] serving');
    assert.match(
      s.incident().summary,
      /^db\/2 crashed; restart db\/2; writes waited for 20 ms at most/,
    );
    assert.equal(s.incident().state, 'resolved');
    const reasons = s.records.flatMap((one) =>
      one.kind === 'eligible-changed' ? [one.reason] : [],
    );
    assert.deepEqual(reasons, [
      'F4: db/2 has every acknowledged write, and db/1 waits for it',
      'F4: not eligible any more before db/1 acknowledges without: db/2 does not run',
      'F4: db/2 has every acknowledged write, and db/1 waits for it',
    ]);
  });

  test('by failing its checks, or by what it or its primary shows of its stream', () => {
    const cutOff = { role: 'standby' as const, epoch: 1, standbys: [], streaming: false };
    const alone = { role: 'primary' as const, epoch: 1, standbys: [], streaming: false };
    const ways = [
      (s: ReturnType<typeof pair>) => s.shows('db/2', 'health-timeout'),
      (s: ReturnType<typeof pair>) => s.tell({ kind: 'role-seen', instance: 'db/2', seen: cutOff }),
      (s: ReturnType<typeof pair>) => s.tell({ kind: 'role-seen', instance: 'db/1', seen: alone }),
      (s: ReturnType<typeof pair>) => s.ask({ kind: 'stop', target: 'db/2' }),
    ];
    for (const way of ways) {
      const s = pair().up().forget();
      way(s);
      s.passes(15);
      assert.equal(s.group('db'), '1 db/1 [] serving');
    }
  });

  test('but not by its stream alone, when that ended because its primary is gone', () => {
    const s = pair().up().forget().turns('db/1', 'hangs');
    const cutOff = { role: 'standby' as const, epoch: 1, standbys: [], streaming: false };
    s.tell({ kind: 'role-seen', instance: 'db/2', seen: cutOff }).passes(600);
    // A session that outlives its postmaster.
    const alone = { role: 'primary' as const, epoch: 1, standbys: [], streaming: false };
    s.tell({ kind: 'role-seen', instance: 'db/1', seen: alone }).passes(600);
    assert.equal(s.group('db'), '1 db/1 [db/2] serving');
    s.shows('db/1', 'health-refused').passes(20_000);
    assert.equal(s.groupState('db').epoch, 2);
    assert.match(s.sentences()[0] ?? '', /^fail over from db\/1/);
  });

  test('the primary is told again when it could not be', () => {
    const s = pair().up().forget();
    s.roles.fails('set-eligible', 'db/1', 'no connection');
    s.exits('db/2', 'SIGKILL').passes(5_000);
    assert.ok(s.steps().filter((one) => one.startsWith('set-eligible')).length > 1);
    assert.deepEqual(s.roles.names, ['db/2']);
    s.roles.fails('set-eligible', 'db/1', null);
    s.passes(20_000);
    assert.equal(s.group('db'), '1 db/1 [db/2] serving');
  });

  test('a failed admission makes it not eligible, and the primary does not wait for it', () => {
    const s = pair();
    s.roles.fails('admit', 'db/2', 'it did not catch up');
    s.up();
    assert.equal(s.group('db'), '1 db/1 [] serving');
    assert.deepEqual(s.roles.names, []);
    s.roles.fails('admit', 'db/2', null);
    s.passes(20_000);
    assert.equal(s.group('db'), '1 db/1 [db/2] serving');
  });

  test('while it is admitted ends the admission, and the primary goes on at once', () => {
    const s = pair();
    s.roles.isSilent('admit', 'db/2');
    s.up();
    assert.deepEqual(s.roles.names, ['db/2']);
    s.exits('db/2', 'SIGKILL').passes(50);
    assert.deepEqual(s.roles.names, []);
  });

  test('an admission does not outlive the primary that it was asked of', () => {
    const s = pair();
    s.roles.isSilent('admit', 'db/2');
    s.up();
    const asked = s.sent('role').find((one) => one.step === 'admit');
    s.exits('db/1', 'SIGKILL').passes(50);
    const late = { kind: 'role-done', step: 'admit', instance: 'db/2', error: null } as const;
    s.tell({ ...late, action: asked?.action ?? 'a0', epoch: 1 });
    assert.equal(s.group('db'), '1 db/1 [] serving');
    s.passes(1_000);
    assert.ok(s.steps().includes('set-eligible db/1 1'));
  });

  test('what was seen before it was admitted is not held against it', () => {
    const alone = { role: 'primary' as const, epoch: 1, standbys: [], streaming: false };
    const other = pair();
    other.ask({ kind: 'up' }).passes(190);
    other.tell({ kind: 'role-seen', instance: 'db/1', seen: alone }).passes(5_000);
    assert.equal(other.group('db'), '1 db/1 [db/2] serving');
    assert.equal(other.records.filter((one) => one.kind === 'eligible-changed').length, 1);
  });

  test('a late or doubled answer, or one of an older epoch, changes nothing (F6)', () => {
    const s = pair().up();
    const [first] = s.sent('role').filter((one) => one.step === 'promote');
    s.exits('db/1', 'SIGKILL').passes(20_000);
    const before = s.records.length;
    for (const step of ['promote', 'fence', 'admit', 'set-eligible', 'follow'] as const) {
      for (const instance of ['db/1', 'db/2'] as const) {
        for (const epoch of [1, 2, 3]) {
          const action = first?.action ?? 'a0';
          s.tell({ kind: 'role-done', step, instance, action, epoch, error: null });
          const error = { code: 'TIMED_OUT', message: 'late' };
          s.tell({ kind: 'role-done', step, instance, action, epoch, error });
        }
        const told = { action: 'a7' as const, epoch: 1, position: null, error: null };
        s.tell({ kind: 'position', instance, ...told });
      }
    }
    s.tell({ kind: 'quiesced', service: 'db', action: 'a7', busy: 0 });
    assert.equal(s.records.length, before);
  });

  test('nobody leaves while there is no primary that could acknowledge', () => {
    const s = pair().up().turns('db/1', 'dies');
    s.exits('db/2', 'SIGKILL').exits('db/1', 'SIGKILL');
    const before = pair().up().exits('db/1', 'SIGKILL');
    before.exits('db/2', 'SIGKILL');
    assert.deepEqual(before.groupState('db').eligible, ['db/2']);
  });
});

describe('a primary fails', () => {
  test('its standby takes over; the order of steps is that of the rules', () => {
    const s = pair().up().forget().exits('db/1', 'SIGKILL');
    assert.deepEqual(s.steps(), ['fence db/1 1']);
    assert.deepEqual(
      s.commands.map((one) => one.kind),
      ['route', 'role', 'notify'],
    );
    assert.deepEqual(s.sent('route')[0]?.targets, []);
    assert.deepEqual(s.sent('route')[0]?.group?.hold, true);
    s.passes(20_000);
    assert.deepEqual(s.steps(), [
      'fence db/1 1',
      'survey db/2 1',
      'promote db/2 2',
      'start db/1 standby 2',
      'admit db/1 2',
    ]);
    assert.equal(s.group('db'), '2 db/2 [db/1] serving');
    assert.deepEqual(s.route('db'), ['db/2 serving']);
    assert.deepEqual(
      s.incident().actions.map((one) => `${one.kind} ${one.target} ${one.outcome}`),
      ['fail-over db/1 verified', 'rejoin db/1 verified'],
    );
    assert.equal(s.incident().state, 'resolved');
    assert.match(s.incident().summary, /; writes waited for 115 ms at most; recovered after/);
    assert.deepEqual(s.state.timers, {});
    assert.deepEqual(s.sentences(), [
      'fail over from db/1: it crashed (killed by SIGKILL); by default table a fail-over mends ' +
        'this; F3: db/2 has every acknowledged write',
      'let db/1 rejoin as a standby: db/2 is primary of epoch 2 (F5)',
    ]);
    const chosen = s.records.findLast((one) => one.kind === 'primary-chosen');
    assert.equal(
      chosen?.kind === 'primary-chosen' ? chosen.reason : '',
      'F7: db/2 is primary of epoch 2: F1, F2: db/1 is fenced; ' +
        'F3: it reaches furthest of db/2: 1000 on timeline 1',
    );
  });

  test('a hung one is fenced in a hurry, a slow one in order', () => {
    const hung = pair().up().forget().shows('db/1', 'health-timeout');
    assert.deepEqual(hung.steps(), ['fence db/1 1']);
    assert.equal(hung.sent('role')[0]?.orderly, undefined);
    hung.passes(20_000);
    assert.equal(hung.group('db'), '2 db/2 [db/1] serving');
    assert.equal(hung.incident().state, 'resolved');
    const leaks = pair()
      .up()
      .forget()
      .shows('db/1', 'memory', { faults: ['leak'] });
    assert.equal(leaks.sent('role')[0]?.orderly, true);
  });

  test('with more work than it can do it is left alone', () => {
    const s = pair().up().forget().shows('db/1', 'cpu').shows('db/1', 'pressure');
    assert.deepEqual(s.steps(), []);
  });

  test('with a full disk its standby takes over, unless that one’s disk is full too', () => {
    const s = pair().up().forget().shows('db/1', 'disk').passes(20_000);
    assert.equal(s.group('db'), '2 db/2 [db/1] serving');
    const both = pair().up().forget().shows('db/2', 'disk').shows('db/1', 'disk');
    assert.deepEqual(both.passes(60_000).steps(), []);
    assert.equal(both.phase('db/1'), 'unhealthy');
  });

  test('one that ends of its full disk is started again, although a person was asked', () => {
    const s = pair().up().forget().shows('db/2', 'disk');
    assert.equal(s.incident().state, 'needs-person');
    s.exits('db/2', 1).passes(10_000);
    assert.equal(s.group('db'), '1 db/1 [db/2] serving');
    const alone = scenario(stack([service('api')]))
      .up()
      .forget()
      .shows('api/1', 'disk')
      .exits('api/1', 1)
      .passes(10_000);
    assert.equal(alone.phase('api/1'), 'ready');
  });

  test('of its full disk, about which a person was asked while no standby could take over', () => {
    const s = pair().up().forget();
    s.roles.fails('admit', 'db/2', 'it is slow');
    s.exits('db/2', 'SIGKILL').passes(2_000).shows('db/1', 'disk');
    assert.equal(s.incident().state, 'needs-person');
    s.roles.fails('admit', 'db/2', null);
    s.passes(5_000);
    assert.equal(s.group('db'), '1 db/1 [db/2] serving');
    s.exits('db/1', 1).passes(1_000);
    assert.equal(s.groupState('db').primary, 'db/2');
  });

  test('the most advanced eligible one is chosen, and only those that told stay eligible', () => {
    const s = trio().up().forget();
    assert.equal(s.group('db'), '1 db/1 [db/2 db/3] serving');
    s.roles.reaches('db/2', '999999999999999999999');
    s.roles.reaches('db/3', '1000000000000000000000');
    s.exits('db/1', 'SIGKILL').passes(130);
    assert.equal(s.group('db'), '2 db/3 [db/2] serving');
    assert.ok(s.steps().includes('follow db/2 2'));
    s.passes(20_000);
    assert.equal(s.group('db'), '2 db/3 [db/2 db/1] serving');
    const other = trio().up().forget();
    other.roles.reaches('db/2', null);
    other.exits('db/1', 'SIGKILL').passes(100);
    assert.equal(other.groupState('db').primary, 'db/3');
    assert.deepEqual(other.groupState('db').eligible, []);
  });

  test('one that hangs is not waited for, once another has told how far it reaches', () => {
    const s = trio().up().forget();
    s.roles.isSilent('survey', 'db/2');
    s.exits('db/1', 'SIGKILL').passes(1_000);
    assert.equal(s.groupState('db').primary, 'db/3');
    assert.ok((s.groupState('db').servedAt ?? 0) - s.at < -500);
  });

  test('nothing is promoted before it is fenced (F1)', () => {
    const s = pair().up().forget();
    s.roles.isSilent('fence', 'db/1');
    s.exits('db/1', 'SIGKILL').passes(60_000);
    assert.deepEqual(s.steps(), ['fence db/1 1']);
    assert.equal(s.group('db'), '1 db/1 [db/2] changing');
  });

  test('one that can not be fenced is started again in its own epoch', () => {
    const s = pair().up().forget();
    s.roles.fails('fence', 'db/1', 'process 7 could not be ended');
    s.exits('db/1', 'SIGKILL').passes(20_000);
    assert.equal(s.groupState('db').epoch, 1);
    assert.equal(s.groupState('db').primary, 'db/1');
    assert.ok(s.steps().includes('start db/1 primary 1'));
    assert.match(s.incident().actions[0]?.error ?? '', /^F1: db\/1 could not be fenced: process 7/);
    assert.equal(s.incident().state, 'resolved');
  });

  test('without an eligible standby it is started again in place (F3)', () => {
    const s = pair();
    s.roles.fails('admit', 'db/2', 'it did not catch up');
    s.up().forget().exits('db/1', 'SIGKILL');
    assert.deepEqual(s.steps(), ['start db/1 primary 1']);
    const why = s
      .planned()
      .at(-1)
      ?.considered.find((one) => one.kind === 'fail-over')?.why;
    assert.equal(why, 'F3: no standby is known to have every acknowledged write');
  });

  test('when no standby tells how far it reaches, it is started again in place', () => {
    for (const sick of ['exits', 'hangs'] as const) {
      const s = pair().up().forget();
      s.roles.reaches('db/2', null);
      if (sick === 'exits') s.exits('db/1', 'SIGKILL');
      else s.shows('db/1', 'health-timeout');
      s.passes(20_000);
      assert.equal(s.groupState('db').epoch, 1, sick);
      assert.deepEqual(s.route('db'), ['db/1 serving']);
      assert.equal(s.incident().state, 'resolved');
    }
  });

  test('a promotion that fails is tried again, and nobody else is chosen (F7)', () => {
    const s = trio().up().forget();
    s.roles.fails('promote', 'db/2', 'disk full');
    s.exits('db/1', 'SIGKILL').passes(1_000);
    assert.equal(s.steps().filter((one) => one === 'promote db/2 2').length, 2);
    assert.equal(s.group('db'), '2 db/2 [db/3] promoting');
    assert.deepEqual(s.route('db'), []);
    s.roles.fails('promote', 'db/2', null);
    s.passes(30_000);
    assert.equal(s.group('db'), '2 db/2 [db/3 db/1] serving');
  });

  test('one that always fails: the chosen one is restarted, and only then given up', () => {
    const s = trio().up().forget();
    s.roles.fails('promote', 'db/2', 'disk full');
    s.exits('db/1', 'SIGKILL').passes(60_000);
    const steps = s.steps();
    const order = ['start db/2 primary 2', 'fence db/2 2', 'promote db/3 3'];
    assert.deepEqual(
      order.map((one) => steps.indexOf(one)),
      order.map((one) => steps.indexOf(one)).sort((a, b) => a - b),
    );
    assert.equal(s.groupState('db').primary, 'db/3');
    assert.equal(s.groupState('db').epoch, 3);
    assert.match(
      s.sentences()[1] ?? '',
      /^restart db\/2: .*it could not be promoted 3×: disk full/,
    );
    assert.match(s.sentences()[2] ?? '', /^fail over from db\/2: /);
  });

  test('the chosen one dies before it serves: it is started as primary first (F7)', () => {
    const s = trio().up().forget();
    s.roles.isSilent('promote', 'db/2');
    s.exits('db/1', 'SIGKILL').passes(100).forget().exits('db/2', 'SIGKILL').passes(10);
    assert.deepEqual(s.steps(), ['start db/2 primary 2']);
    const why = s
      .planned()
      .at(-1)
      ?.considered.find((one) => one.kind === 'fail-over')?.why;
    assert.equal(why, 'F7: db/2 was chosen, and that is completed first');
  });

  test('and when it can not, another at a further epoch, after it was fenced', () => {
    const s = trio().up().forget();
    s.roles.isSilent('promote', 'db/2');
    s.exits('db/1', 'SIGKILL').passes(100);
    s.cannotStart('db/2', 'its data is gone', false).exits('db/2', 'SIGKILL').passes(30_000);
    assert.equal(s.groupState('db').primary, 'db/3');
    assert.equal(s.groupState('db').epoch, 3);
    const steps = s.steps();
    assert.ok(steps.indexOf('fence db/2 2') < steps.indexOf('promote db/3 3'));
  });

  test('what was asked of one that is to be fenced does not count any more (F1)', () => {
    const s = trio().up();
    s.roles.isSilent('promote', 'db/2');
    s.exits('db/1', 'SIGKILL').passes(100).exits('db/2', 'SIGKILL').passes(200);
    s.forget().shows('db/2', 'health-timeout');
    const fence = s.sent('role').find((one) => one.step === 'fence');
    assert.equal(fence?.instance, 'db/2');
    s.passes(20);
    assert.equal(s.group('db'), '2 db/2 [db/3] changing');
    s.controllerDies('commands').controllerReturns().passes(5_000);
    assert.deepEqual(
      s.steps().filter((one) => one === 'promote db/2 2'),
      [],
    );
    assert.equal(s.groupState('db').primary, 'db/3');
  });

  test('both at once: the recorded primary is started again', () => {
    const s = pair().up().forget().exits('db/2', 'SIGKILL').exits('db/1', 'SIGKILL');
    s.passes(30_000);
    assert.equal(s.groupState('db').primary, 'db/1');
    assert.equal(s.groupState('db').epoch, 1);
    assert.equal(s.group('db'), '1 db/1 [db/2] serving');
  });

  test('both at once, and the standby is known to have everything: whoever is back first', () => {
    const s = pair().up().forget().exits('db/1', 'SIGKILL').exits('db/2', 'SIGKILL');
    s.passes(60_000);
    assert.equal(s.group('db'), '2 db/2 [db/1] serving');
    const slow = pair().up().cannotStart('db/2', 'port taken', true);
    slow.exits('db/1', 'SIGKILL').exits('db/2', 'SIGKILL').passes(10_000);
    assert.equal(slow.group('db'), '1 db/1 [] serving');
    assert.deepEqual(slow.route('db'), ['db/1 serving']);
  });

  test('in observe mode nothing is done', () => {
    const s = pair().up().forget();
    const spec = stack([database('db', { mode: 'observe' })]);
    s.tell({ kind: 'configured', spec }).exits('db/1', 'SIGKILL').passes(5_000);
    assert.deepEqual(s.steps(), []);
    assert.match(s.sentences().at(-1) ?? '', /^would fail over from db\/1/);
  });

  test('what depends on it and falls with it is not blamed', () => {
    const s = scenario(stack([service('api', { needs: ['db'] }), database('db')])).up();
    s.forget().exits('db/1', 'SIGKILL').exits('api/1', 1).passes(20_000);
    assert.deepEqual(
      s.incidents().map((one) => one.component),
      ['db/1'],
    );
    assert.deepEqual(s.state.services['api']?.acts, []);
    assert.equal(s.phase('api/1'), 'ready');
  });

  test('for how long a controller was away is not learned as its cost', () => {
    const s = pair().up().exits('db/1', 'SIGKILL').controllerDies('commands').passes(60_000);
    s.controllerReturns().passes(700_000);
    assert.equal(s.group('db'), '2 db/2 [db/1] serving');
    assert.equal(s.incident().state, 'resolved');
    assert.equal(s.state.knowledge.services['db']?.durations['fail-over'], undefined);
  });

  test('its learned cost counts', () => {
    const s = pair().up();
    for (let round = 0; round < 2; round += 1) {
      const { primary } = s.groupState('db');
      s.exits(primary ?? 'db/1', 'SIGKILL').passes(700_000);
    }
    assert.equal(s.group('db'), '3 db/1 [db/2] serving');
    s.exits('db/1', 'SIGKILL');
    assert.match(
      s.sentences().at(-1) ?? '',
      /; fail over mended 2 of 2 such faults, \d+ ms expected/,
    );
  });
});
