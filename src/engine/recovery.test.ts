import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Scenario, scenario } from './scenario.fixture.ts';
import { service, stack } from './stack.fixture.ts';

const shop = () =>
  stack([
    service('web', { needs: ['api'] }),
    service('api', { needs: ['db'], replicas: 2 }),
    service('db'),
  ]);

function kinds(s: Scenario): string[] {
  return s.incidents().map((one) => `${one.id} ${one.state} ${one.component}`);
}

describe('an exit', () => {
  test('of an instance killed by a signal is restarted in the same step', () => {
    const s = scenario(shop()).up().forget().exits('api/2', 'SIGKILL');
    assert.deepEqual(s.started(), ['api/2']);
    assert.deepEqual(s.sentences(), [
      'restart api/2: it crashed (killed by SIGKILL, its dependencies healthy); ' +
        'by default table a restart mends this',
    ]);
    assert.deepEqual(s.route('api'), ['api/1 serving']);
    assert.equal(s.sent('confirm').length, 0);
    s.passes(12_000);
    assert.deepEqual(kinds(s), ['i1 resolved api/2']);
    assert.deepEqual(
      s.incident().actions.map((one) => one.outcome),
      ['verified'],
    );
    assert.match(
      s.incident().summary,
      /^api\/2 crashed; restart api\/2; recovered after 1\d\d ms, symptoms absent for 10 s$/,
    );
    assert.deepEqual(
      s.sent('notify').map((one) => one.state),
      ['open', 'resolved'],
    );
    assert.deepEqual(s.state.timers, {});
  });

  test('with a code, of an instance with dependencies, asks these first', () => {
    const s = scenario(shop()).up().forget().exits('api/1', 1, ['boom']);
    assert.deepEqual(s.started(), []);
    assert.deepEqual(
      s.sent('confirm').map((one) => one.instances),
      [['db/1']],
    );
    s.passes(20);
    assert.deepEqual(s.started(), ['api/1']);
    assert.match(s.sentences()[0] ?? '', /^restart api\/1: .*its dependencies healthy/);
  });

  test('without dependencies and with a code is restarted in the same step', () => {
    const s = scenario(shop()).up().forget().exits('db/1', 1);
    assert.deepEqual(s.started(), ['db/1']);
  });

  test('of the database under failing dependants is one incident and one restart', () => {
    const s = scenario(shop()).up().forget().turns('db/1', 'hangs').mended('db/1');
    s.exits('db/1', 'SIGKILL');
    s.shows('api/1', 'health-failed')
      .shows('api/2', 'health-failed')
      .shows('web/1', 'health-failed');
    assert.deepEqual(s.started(), ['db/1']);
    s.passes(200).ceases('api/1').ceases('api/2').ceases('web/1').passes(15_000);
    assert.deepEqual(kinds(s), ['i1 resolved db/1']);
    assert.deepEqual(s.started(), ['db/1']);
    assert.deepEqual(s.stopped(), []);
  });

  test('that a failing dependency explains costs no budget and waits for it', () => {
    const s = scenario(shop()).up().forget().exits('db/1', 'SIGKILL').exits('api/1', 1);
    assert.deepEqual(s.started(), ['db/1']);
    assert.equal(s.phase('api/1'), 'held');
    assert.equal(s.note('api/1'), 'waits for db: not ready yet');
    s.passes(100);
    assert.deepEqual(s.started(), ['db/1', 'api/1']);
    s.passes(15_000);
    assert.deepEqual(kinds(s), ['i1 resolved db/1']);
    assert.deepEqual(s.state.services['api']?.acts, []);
    assert.equal(s.state.services['db']?.acts.length, 1);
    assert.deepEqual(s.sentences().slice(1), [
      'hold api/1: it waits for db: not ready yet',
      'start api/1: what it waited for is ready',
    ]);
  });

  test('of a dependant is held when a confirmation finds the dependency failing', () => {
    const s = scenario(shop()).up().forget().turns('db/1', 'hangs').exits('api/1', 1).passes(20);
    assert.deepEqual(s.started(), []);
    assert.equal(s.note('api/1'), 'waits for db: it fails its checks');
    s.shows('db/1', 'health-timeout');
    assert.deepEqual(s.stopped(), ['db/1']);
    s.mended('db/1').passes(200);
    assert.deepEqual(s.started(), ['db/1', 'api/1']);
    s.passes(15_000);
    assert.deepEqual(kinds(s), ['i1 resolved db/1']);
  });

  test('of two unrelated services is two incidents', () => {
    const s = scenario(stack([service('a'), service('b')])).up();
    s.exits('a/1', 'SIGKILL').exits('b/1', 'SIGSEGV').passes(15_000);
    assert.deepEqual(kinds(s), ['i1 resolved a/1', 'i2 resolved b/1']);
  });

  test('of a program that always fails ends at «needs a person» after six starts', () => {
    const s = scenario(stack([service('api'), service('other')]));
    s.turns('api/1', 'dies').ask({ kind: 'up' }).passes(40_000);
    const starts = s.started().filter((one) => one === 'api/1').length;
    assert.ok(starts <= 6, `${starts} starts`);
    s.passes(60_000);
    assert.equal(s.started().filter((one) => one === 'api/1').length, 6);
    assert.deepEqual(s.incident().state, 'needs-person');
    assert.match(
      s.incident().summary,
      /^api\/1 needs a person: .*budget of 5 actions in 10 min is spent; last lines: no such table$/,
    );
    assert.equal(s.phase('other/1'), 'ready');
    s.mended('api/1').passes(300_000);
    assert.equal(s.phase('api/1'), 'ready');
    s.passes(15_000);
    assert.equal(s.incident().state, 'resolved');
    assert.equal(s.incidents().length, 1);
  });

  test('«needs a person» is cleared by reset, and tried at once', () => {
    const s = scenario(stack([service('api')])).turns('api/1', 'dies');
    s.ask({ kind: 'up' }).passes(100_000).mended('api/1').forget();
    s.ask({ kind: 'reset', target: 'api' });
    assert.deepEqual(s.started(), ['api/1']);
    s.passes(15_000);
    assert.equal(s.incident().state, 'resolved');
  });

  test('«needs a person» is tried at once when the program was changed, once per change', () => {
    const s = scenario(stack([service('api'), service('other')])).turns('api/1', 'dies');
    s.ask({ kind: 'up' }).passes(100_000).forget();
    s.tell({ kind: 'program-changed', instance: 'other/1' });
    assert.deepEqual(s.started(), []);
    s.tell({ kind: 'program-changed', instance: 'api/1' }).passes(10_000);
    assert.deepEqual(s.started(), ['api/1']);
    assert.equal(s.incident().state, 'needs-person');
    s.mended('api/1').tell({ kind: 'program-changed', instance: 'api/1' }).passes(15_000);
    assert.deepEqual(s.started(), ['api/1', 'api/1']);
    assert.equal(s.incident().state, 'resolved');
  });

  test('repeated within ten minutes is the same incident, and the outcome was a failure', () => {
    const s = scenario(stack([service('api')]))
      .up()
      .exits('api/1', 'SIGKILL')
      .passes(20_000);
    assert.equal(s.incident().state, 'resolved');
    s.passes(60_000).exits('api/1', 'SIGKILL');
    assert.equal(s.incidents().length, 1);
    assert.equal(s.incident().actions[0]?.outcome, 'failed');
    assert.equal(s.incident().recovered, null);
    const { onset, returned } = s.incident();
    assert.deepEqual([returned, s.at - onset], [s.at, 80_000]);
    s.passes(15_000);
    assert.equal(s.incident().state, 'resolved');
    assert.match(
      s.incident().summary,
      /; recovered 1\d\d ms after it came back, 1\.3 min after it began, symptoms absent/,
    );
    s.passes(700_000).exits('api/1', 'SIGKILL');
    assert.equal(s.incidents().length, 2);
  });

  test('while it is verified takes the recovery back', () => {
    const s = scenario(stack([service('api')]))
      .up()
      .exits('api/1', 'SIGKILL')
      .passes(5_000);
    assert.deepEqual([s.incident().state, s.incident().recovered === null], ['verifying', false]);
    s.exits('api/1', 'SIGKILL');
    assert.deepEqual([s.incident().state, s.incident().recovered], ['open', null]);
  });

  test('with code 0 completes a job, and is restarted where it should go on', () => {
    const policy = (name: 'on-failure' | 'always') => ({ ...service('x').restart, policy: name });
    const s = scenario(
      stack([
        service('job', { restart: policy('on-failure') }),
        service('loop', { restart: policy('always') }),
      ]),
    ).up();
    s.forget().exits('job/1', 0).exits('loop/1', 0);
    assert.equal(s.phase('job/1'), 'completed');
    assert.deepEqual(s.started(), ['loop/1']);
  });

  test('is final with the policy «no»', () => {
    const restart = { ...service('x').restart, policy: 'no' as const };
    const s = scenario(stack([service('job', { restart })]))
      .up()
      .forget()
      .exits('job/1', 3);
    assert.deepEqual(s.started(), []);
    assert.equal(s.incident().state, 'needs-person');
    assert.match(s.incident().summary, /its restart policy is «no»/);
  });
});

describe('failing checks', () => {
  test('a hang with healthy dependencies is restarted without grace', () => {
    const s = scenario(shop())
      .up()
      .forget()
      .turns('api/2', 'hangs')
      .shows('api/2', 'health-timeout');
    assert.deepEqual(s.route('api'), ['api/1 serving', 'api/2 draining']);
    assert.deepEqual(s.stopped(), []);
    s.passes(20);
    assert.deepEqual(
      s.sent('stop').map((one) => [one.instance, one.hurry]),
      [['api/2', true]],
    );
    assert.deepEqual(s.sentences(), [
      'restart api/2: it hangs (health check timed out 3×, process alive, ' +
        'its dependencies healthy); by default table a restart mends this',
    ]);
    s.mended('api/2').passes(12_000);
    assert.deepEqual(kinds(s), ['i1 resolved api/2']);
  });

  test('of dependants that come before those of the database wait for it', () => {
    const s = scenario(shop()).up().forget().turns('db/1', 'hangs');
    s.shows('api/1', 'health-timeout').shows('api/2', 'health-timeout').passes(20);
    assert.deepEqual(s.stopped(), []);
    s.passes(500).shows('web/1', 'health-failed').passes(500).shows('db/1', 'health-timeout');
    assert.deepEqual(s.stopped(), ['db/1']);
    s.mended('db/1').passes(500).ceases('api/1').ceases('api/2').ceases('web/1').passes(15_000);
    assert.deepEqual(kinds(s), ['i1 resolved db/1']);
    assert.deepEqual(s.started(), ['db/1']);
  });

  test('the last instance of a service stays in its endpoint however it fails', () => {
    const s = scenario(shop()).up().tell({ kind: 'suspect', instance: 'api/1', suspected: true });
    assert.deepEqual(s.route('api'), ['api/1 draining', 'api/2 serving']);
    s.tell({ kind: 'suspect', instance: 'api/2', suspected: true });
    assert.deepEqual(s.route('api'), ['api/1 serving', 'api/2 serving']);
    s.tell({ kind: 'suspect', instance: 'api/1', suspected: false });
    assert.deepEqual(s.route('api'), ['api/1 serving', 'api/2 draining']);
  });

  test('that persist after the restart are a failed outcome, and another is tried', () => {
    const s = scenario(stack([service('api')]))
      .up()
      .forget();
    s.turns('api/1', 'hangs').shows('api/1', 'health-timeout').passes(60_000);
    const outcomes = s.incident().actions.map((one) => one.outcome);
    assert.equal(outcomes[0], 'failed');
    assert.ok(outcomes.length >= 2);
  });
});

describe('other symptoms', () => {
  test('a leak is restarted gracefully, and not the last ready instance', () => {
    const s = scenario(shop()).up().forget().shows('api/1', 'memory');
    assert.deepEqual(
      s.sent('stop').map((one) => [one.instance, one.hurry]),
      [['api/1', false]],
    );
    s.shows('api/2', 'memory');
    assert.deepEqual(s.stopped(), ['api/1']);
    s.passes(4000);
    assert.deepEqual(s.stopped(), ['api/1', 'api/2']);
    s.passes(20_000);
    assert.deepEqual(kinds(s), ['i1 resolved api/2']);
    assert.equal(s.sentences().length, 2);
  });

  test('log lines alone restart nothing and are told', () => {
    const s = scenario(shop()).up().forget().shows('api/1', 'log', { name: 'panic' });
    s.passes(10_000);
    assert.deepEqual([...s.stopped(), ...s.started()], []);
    assert.match(s.sentences()[0] ?? '', /^look at api\/1: .*alone restarts nothing$/);
    assert.equal(s.sent('notify')[0]?.state, 'open');
    assert.deepEqual([s.phase('api/1'), s.note('api/1')], ['ready', 'log seen'], 'a warning');
    s.shows('api/2', 'log', { name: 'panic', faults: ['hang'] });
    assert.notEqual(s.phase('api/2'), 'ready');
    s.ceases('api/1', 'panic').ceases('api/2', 'panic').passes(60_000);
    assert.equal(s.incident().state, 'resolved');
    assert.match(s.incident().summary, /ended by itself/);
  });

  test('what was told is not told again by another controller, nor taken for over', () => {
    const s = scenario(shop()).up().forget().shows('api/1', 'cpu').passes(5_000);
    const told = s.sentences();
    assert.equal(told.length, 1);
    s.controllerDies().passes(1_000).controllerReturns().passes(5_000);
    assert.notEqual(s.incident().state, 'resolved', 'nobody can know yet');
    s.shows('api/1', 'cpu').passes(5_000);
    assert.deepEqual([s.sentences(), s.incidents().length], [told, 1]);
    assert.deepEqual(
      s.sent('notify').map((one) => one.state),
      ['open'],
    );
    s.shows('api/1', 'memory').passes(1_000);
    assert.equal(s.stopped().length, 1, 'what is new is seen to');
  });

  test('what was told and is not seen any more by another controller is over', () => {
    const s = scenario(shop()).up().forget().shows('api/1', 'log', { name: 'panic' }).passes(5_000);
    s.controllerDies().controllerReturns().passes(60_000);
    assert.equal(s.incident().state, 'resolved');
    assert.match(s.incident().summary, /ended by itself/);
    assert.deepEqual(
      s.sent('notify').map((one) => one.state),
      ['open', 'resolved'],
    );
  });

  test('a busy processor is told, unless the user says that it means a hang', () => {
    const s = scenario(shop()).up().forget().shows('api/1', 'cpu').passes(1000);
    assert.deepEqual(s.stopped(), []);
    assert.match(s.sentences()[0] ?? '', /^look at api\/1: it has more work than it can do/);
    const t = scenario(shop()).up().forget();
    t.shows('api/1', 'cpu', { faults: ['hang'] }).passes(1000);
    assert.deepEqual(t.stopped(), ['api/1']);
  });

  test('a failing device needs a person', () => {
    const s = scenario(shop()).up().forget().shows('host:local', 'io-error').passes(1000);
    assert.equal(s.incident().state, 'needs-person');
    assert.deepEqual([...s.stopped(), ...s.started()], []);
  });

  test('a slow instance is taken out, and put back when it is over', () => {
    const s = scenario(shop()).up().forget();
    s.shows('api/1', 'latency', { faults: ['slow'] }).passes(20);
    const first = s.planned()[0];
    assert.equal(first?.kind, 'take-out');
    assert.deepEqual(s.route('api'), ['api/1 draining', 'api/2 serving']);
    s.ceases('api/1', 'latency');
    assert.deepEqual(s.route('api'), ['api/1 serving', 'api/2 serving']);
  });
});

describe('a start that fails', () => {
  test('is tried again where that may help', () => {
    const s = scenario(stack([service('api')])).cannotStart('api/1', 'port 80 is taken', true);
    s.ask({ kind: 'up' }).passes(1500);
    assert.equal(s.planned()[0]?.kind, 'retry');
    assert.match(s.sentences()[0] ?? '', /^start api\/1 again: .*port 80 is taken/);
    s.mended('api/1').passes(30_000);
    assert.equal(s.phase('api/1'), 'ready');
    assert.equal(s.incident().state, 'resolved');
  });

  test('needs a person at once where it can not', () => {
    const s = scenario(stack([service('api')])).cannotStart('api/1', 'no such program', false);
    s.ask({ kind: 'up' }).passes(1500);
    assert.deepEqual(s.started(), ['api/1']);
    assert.equal(s.incident().state, 'needs-person');
    assert.match(s.incident().summary, /no such program/);
    s.mended('api/1').passes(320_000);
    assert.equal(s.phase('api/1'), 'ready');
  });
});

describe('limits', () => {
  test('in observe mode the sentence says what would be done, and nothing is', () => {
    const s = scenario(stack([service('db', { mode: 'observe' })]));
    s.tell({
      kind: 'found',
      instance: 'db/1',
      running: true,
      pid: 7,
      port: 1,
      startedAt: null,
      exit: null,
    });
    s.ask({ kind: 'up' }).tell({ kind: 'ready', instance: 'db/1' }).passes(100);
    s.shows('db/1', 'health-timeout').passes(10_000);
    assert.deepEqual(s.sentences(), [
      'would restart db/1: it hangs (health check timed out 3×, process alive); ' +
        'by default table a restart mends this',
    ]);
    s.exits('db/1', 'SIGKILL').passes(1000);
    assert.match(s.sentences()[1] ?? '', /^would restart db\/1: it crashed/);
    assert.deepEqual([...s.stopped(), ...s.started()], []);
    s.tell({ kind: 'ready', instance: 'db/1' });
    assert.equal(s.incident().state, 'resolved');
  });

  test('a destructive action waits for consent', () => {
    const actions = [
      {
        name: 'wipe',
        command: { argv: ['wipe'] },
        mends: ['error' as const],
        costMs: 1,
        destructive: true,
        timeoutMs: 1000,
      },
    ];
    const recovery = { ...service('x').recovery, budget: { count: 1, windowMs: 600_000 } };
    const s = scenario(stack([service('db', { actions, recovery })]))
      .up()
      .turns('db/1', 'fails');
    s.shows('db/1', 'health-failed').passes(40_000);
    assert.equal(s.incident().state, 'needs-person');
    assert.equal(s.sent('run').length, 0);
    assert.match(s.incident().summary, /«wipe» is destructive and needs consent/);
    s.ask({ kind: 'approve', incident: 'i1' });
    assert.deepEqual(
      s.sent('run').map((one) => [one.name, one.instance]),
      [['wipe', 'db/1']],
    );
    assert.deepEqual(
      s.sent('notify').map((one) => [one.state, one.services]),
      [
        ['open', ['db']],
        ['needs-person', ['db']],
        ['acknowledged', ['db']],
      ],
      'others are told that somebody sees to it',
    );
    assert.match(s.sent('notify').at(-1)?.text ?? '', /^approved by /);
  });

  test('while the store can not write, restarts go on', () => {
    const s = scenario(shop()).up().forget();
    s.tell({ kind: 'store', writable: false, reason: 'disk full' }).exits('api/1', 'SIGKILL');
    assert.deepEqual(
      s.sent('start').map((one) => one.unrecordedOk),
      [true],
    );
  });
});
