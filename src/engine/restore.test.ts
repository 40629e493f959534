import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RestorePlan } from '../model/recovery-point.ts';
import { type Scenario, scenario } from './scenario.fixture.ts';
import { database, points, service, stack } from './stack.fixture.ts';

const one = () => scenario(stack([service('db', { recoveryPoints: points })]));
const pair = () => scenario(stack([database('db', { recoveryPoints: points })]));

const to = { kind: 'latest' as const };
const plan: RestorePlan = {
  service: 'db',
  point: 'p1',
  target: to,
  to: 0,
  lossMs: 60_000,
  dataBytes: 1,
  expectedMs: null,
};

function ask(s: Scenario): Scenario {
  return s.ask({ kind: 'restore', service: 'db', to, plan, only: [], identity: null });
}

function answers(s: Scenario): string[] {
  return s.sent('reply').map(({ error, message }) => error?.message ?? message);
}

function steps(s: Scenario): string[] {
  return s.records.flatMap((record) =>
    record.kind === 'restore-step' ? [`${record.step} ${record.state}`] : [],
  );
}

function madePoint(s: Scenario): Scenario {
  const about = { point: 'p1', why: 'schedule', bytes: 1, ms: 1, error: null };
  return s.tell({ kind: 'point', service: 'db', what: 'made', ...about });
}

describe('a restore that a person asks for', () => {
  test('is prepared while the old data serves, and swapped in while nothing runs', () => {
    const s = ask(one().up().forget());
    s.passes(40).expectPhases({ 'db/1': 'ready' });
    assert.deepEqual(steps(s), ['prepare begun']);
    s.passes(40);
    assert.deepEqual(s.stopped(), ['db/1']);
    s.passes(20_000).expectPhases({ 'db/1': 'ready' });
    const all = ['prepare begun', 'prepare done', 'swap asked', 'swap begun', 'swap done'];
    assert.deepEqual(steps(s), all);
    assert.match(
      answers(s)[0] ?? '',
      /^db is restored to what it was 1 min before; what was there/,
    );
    assert.deepEqual(s.incidents(), []);
    assert.deepEqual(s.started(), ['db/1']);
  });

  test('keeps what was before until that is confirmed or undone', () => {
    const s = ask(one().up()).passes(20_000).forget();
    ask(s).passes(1_000);
    assert.match(answers(s)[0] ?? '', /is kept yet: confirm or undo that$/);
    s.ask({ kind: 'restore-undo', service: 'db' }).passes(20_000);
    assert.equal(answers(s)[1], 'db has the data that it had before the restore');
    s.expectPhases({ 'db/1': 'ready' });
    ask(s).passes(20_000).ask({ kind: 'restore-confirm', service: 'db' }).passes(1_000);
    assert.equal(answers(s)[3], 'db: what was before is removed');
    s.ask({ kind: 'restore-confirm', service: 'db' });
    assert.match(answers(s)[4] ?? '', /^nothing was restored/);
  });

  test('that can not be prepared leaves the service alone', () => {
    const s = one().up().forget();
    s.restoreFails = { prepare: 'no key' };
    ask(s).passes(20_000).expectPhases({ 'db/1': 'ready' });
    assert.deepEqual(answers(s), ['prepare: no key']);
    assert.deepEqual(s.stopped(), []);
  });

  test('that can not be swapped in lets the old data serve again', () => {
    const s = one().up().forget();
    s.restoreFails = { swap: 'the disk' };
    ask(s).passes(20_000).expectPhases({ 'db/1': 'ready' });
    assert.deepEqual(answers(s), ['swap: the disk']);
    assert.deepEqual(s.started(), ['db/1']);
  });

  test('that can not stop the service changes nothing', () => {
    const s = one().up().forget().stopsFail(true);
    ask(s).passes(20_000).expectPhases({ 'db/1': 'ready' });
    assert.deepEqual(answers(s), ['swap: a process could not be ended']);
    assert.equal(s.sent('restore').length, 1);
  });

  test('of a stopped service does not start it', () => {
    const s = one().up().ask({ kind: 'stop', target: 'db' }).passes(1_000).forget();
    ask(s).passes(20_000).expectPhases({ 'db/1': 'stopped' });
    assert.match(answers(s).at(-1) ?? '', /^db is restored/);
  });

  test('of what crashes meanwhile is waited for by its incident', () => {
    const s = ask(one().up().forget()).passes(55).exits('db/1', 'SIGKILL').passes(20_000);
    s.expectPhases({ 'db/1': 'ready' });
    assert.equal(steps(s).at(-1), 'swap done');
  });

  test('of what a command loads leaves the service running', () => {
    const nothing = { argv: ['true'] };
    const source = { kind: 'command', dump: nothing, load: nothing, timeoutMs: 1_000 } as const;
    const spec = service('db', { recoveryPoints: { ...points, source } });
    const s = scenario(stack([spec]))
      .up()
      .forget();
    s.isExchangedRunning = true;
    ask(s).passes(1_000).expectPhases({ 'db/1': 'ready' });
    assert.deepEqual([s.stopped(), s.started()], [[], []]);
    assert.match(answers(s)[0] ?? '', /^db is restored/);
    s.ask({ kind: 'restore-undo', service: 'db' }).passes(1_000);
    assert.match(answers(s)[1] ?? '', /had before the restore$/);
    assert.deepEqual(s.stopped(), []);
  });

  test('needs recovery points, and nobody observes only', () => {
    const s = ask(scenario(stack([service('db')])).up());
    assert.match(answers(s).at(-1) ?? '', /has no `recovery_points`/);
    const observed = service('db', { mode: 'observe', recoveryPoints: points });
    assert.match(answers(ask(scenario(stack([observed]))))[0] ?? '', /observe mode/);
  });
});

describe('with failover', () => {
  test('the restored one is primary of a new epoch, and the standby follows', () => {
    const s = pair().up().forget();
    for (const [id, role] of [
      ['db/1', 'primary'],
      ['db/2', 'standby'],
    ] as const) {
      const seen = { role, epoch: 1, standbys: [], streaming: true };
      s.tell({ kind: 'role-seen', instance: id, seen });
    }
    ask(s).passes(110);
    assert.deepEqual(s.started(), []);
    s.passes(80);
    assert.deepEqual(s.started(), ['db/1'], 'the standby waits for its data');
    s.passes(20_000);
    assert.equal(s.group('db'), '2 db/1 [db/2] serving');
    assert.match(answers(s)[0] ?? '', /^db is restored/);
    assert.deepEqual(s.stopped(), ['db/1', 'db/2']);
    assert.deepEqual(s.incidents(), []);
    const instances = s.sent('start').map((one) => one.instance);
    assert.deepEqual(instances, ['db/1', 'db/2']);
    const chosen = s.records.find((one) => one.kind === 'primary-chosen' && one.epoch === 2);
    assert.match(chosen?.kind === 'primary-chosen' ? chosen.reason : '', /nothing of db ran/);
  });

  test('connections are held meanwhile', () => {
    const s = ask(pair().up().forget()).passes(150);
    assert.equal(s.sent('route').at(-1)?.group?.hold, true);
  });

  test('undone, it is primary of one more epoch', () => {
    const s = ask(pair().up()).passes(20_000);
    s.ask({ kind: 'restore-undo', service: 'db' }).passes(20_000);
    assert.equal(s.group('db'), '3 db/1 [db/2] serving');
  });
});

describe('damaged data', () => {
  test('of a primary is failed over; it comes back with a fresh copy', () => {
    const s = pair().up().forget().shows('db/1', 'integrity').passes(60_000);
    assert.equal(s.group('db'), '2 db/2 [db/1] serving');
    assert.match(s.sentences().at(0) ?? '', /^fail over from db\/1: its data is damaged/);
    const again = s.sent('start').find((one) => one.instance === 'db/1');
    assert.equal(again?.order?.fresh, true);
    assert.equal(s.state.instances['db/1']?.damaged, undefined);
  });

  test('of a standby is copied afresh', () => {
    const s = pair().up().forget().shows('db/2', 'integrity').passes(60_000);
    assert.equal(s.group('db'), '1 db/1 [db/2] serving');
    assert.match(s.sentences()[0] ?? '', /^copy db\/2: its data is damaged/);
    assert.equal(s.sent('start').find((one) => one.instance === 'db/2')?.order?.fresh, true);
  });

  test('of both is for a person: none is promoted', () => {
    const s = pair().up();
    s.shows('db/2', 'integrity').shows('db/1', 'integrity').passes(1_000);
    assert.equal(s.groupState('db').primary, 'db/1');
  });

  test('without a standby is restored once a person consents', () => {
    const s = madePoint(one().up()).passes(120_000).forget();
    s.shows('db/1', 'integrity').passes(1_000);
    const reason = s.sentences().at(-1) ?? '';
    assert.match(reason, /^db\/1 needs a person: its data is damaged/);
    assert.match(reason, /a restore needs consent: it restores point p1, made 2 min ago/);
    assert.deepEqual(s.stopped(), []);
    s.ask({ kind: 'approve', incident: 'i1' }).passes(60_000);
    s.expectPhases({ 'db/1': 'ready' });
    assert.equal(steps(s).at(-1), 'swap done');
    assert.equal(s.incident().state, 'resolved');
  });

  test('is not restored when that was rejected', () => {
    const s = madePoint(one().up()).forget();
    s.shows('db/1', 'integrity').passes(1_000).ask({ kind: 'reject', incident: 'i1' });
    s.passes(60_000);
    assert.deepEqual(steps(s), []);
  });
});

test('points that are late are told, and restart nothing', () => {
  const evidence = 'the newest is 3 h old';
  const s = one().up().forget().shows('db', 'recovery-point', { evidence }).passes(60_000);
  assert.equal(s.sentences()[0], 'look at the recovery points of db: the newest is 3 h old');
  assert.deepEqual(s.stopped(), []);
  assert.equal(s.sent('notify')[0]?.state, 'open');
  s.ceases('db', 'recovery-point').passes(60_000);
  assert.equal(s.incident().state, 'resolved');
});

/** What the controller had begun when it was killed is carried out, or not; then it comes back. */
function killedAt(make: () => Scenario, record: number, lose: 'commands' | 'nothing'): Scenario {
  const s = make().up().diesAfter(record);
  ask(s).passes(20_000);
  if (lose === 'commands') s.controllerDies('commands');
  return s.controllerReturns().passes(60_000);
}

describe('killed at any record, a restore is completed or leaves the old data serving', () => {
  for (const [name, make] of Object.entries({ one, pair })) {
    const whole = make().up();
    const before = whole.records.length;
    const count = ask(whole).passes(20_000).records.length - before;
    for (const lose of ['commands', 'nothing'] as const) {
      test(`${name}, what was commanded ${lose === 'nothing' ? 'done' : 'lost'}`, () => {
        for (let record = 1; record <= count; record += 1) {
          const s = killedAt(make, record, lose);
          const told = `killed at record ${record}: ${steps(s).join(', ')}`;
          s.expectPhases({ 'db/1': 'ready' });
          assert.ok(['swap done', undefined].includes(steps(s).at(-1)), told);
          assert.deepEqual(s.state.requests, {}, told);
          if (name === 'pair') assert.match(s.group('db'), /^[123] db\/1 \[db\/2\] serving$/, told);
        }
      });
    }
  }
});
