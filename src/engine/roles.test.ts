/** Consent to a loss, primaries beside the recorded one, and services without data of their own. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RoleSeen } from '../model/group.ts';
import type { FailoverSpec, ServiceSpec } from '../model/stack-spec.ts';
import { type Scenario, scenario } from './scenario.fixture.ts';
import { database, service, stack } from './stack.fixture.ts';
import { view } from './view.ts';

const pair = () => scenario(stack([database('db')]));

function seen(role: 'primary' | 'standby', rest: Partial<RoleSeen> = {}): RoleSeen {
  return { role, epoch: 1, standbys: [], streaming: role === 'standby', ...rest };
}

describe('no standby has every acknowledged write', () => {
  /** The standby left at 1,010,000; the primary is gone for good 20 s later. */
  function stuck(): Scenario {
    const s = pair().up().passes(5_000);
    const standbys = [{ instance: 'db/2' as const, synchronous: false, lagBytes: 5 * 2 ** 20 }];
    s.roles.fails('admit', 'db/2', 'it did not catch up');
    s.exits('db/2', 'SIGKILL').passes(20_000);
    s.tell({ kind: 'role-seen', instance: 'db/1', seen: seen('primary', { standbys }) });
    s.cannotStart('db/1', 'its data is gone', false).exits('db/1', 'SIGKILL').passes(20_000);
    return s;
  }

  test('it waits, and a person is asked, with the loss', () => {
    const s = stuck();
    assert.equal(s.incident('i2').state, 'needs-person');
    assert.match(
      s.incident('i2').summary,
      /trying again does not help; F3: no standby is known to have every acknowledged write; F3: db\/2 lacks an unknown number of transactions \(5 MiB when last seen\), writes acknowledged in 20 s; consent promotes the most advanced, and that is lost/,
    );
    assert.equal(s.groupState('db').epoch, 1);
    assert.equal(s.sent('route').at(-1)?.group?.hold, false);
    assert.deepEqual(
      s.steps().filter((one) => one.startsWith('promote')),
      ['promote db/1 1'],
    );
    assert.equal(view(s.state, s.at).services[0]?.group?.stage, 'waiting');
  });

  test('the loss is told in transactions where they were counted', () => {
    const s = pair().up();
    s.roles.fails('admit', 'db/2', 'it did not catch up');
    s.exits('db/2', 'SIGKILL').passes(20_000);
    const lacks = [{ instance: 'db/2' as const, transactions: 1234 }];
    s.tell({ kind: 'role-seen', instance: 'db/1', seen: seen('primary', { lacks }) });
    s.cannotStart('db/1', 'its data is gone', false).exits('db/1', 'SIGKILL').passes(20_000);
    assert.match(
      s.incident('i2').summary,
      /F3: db\/2 lacks about 1234 transactions when last seen, writes acknowledged in 20 s; consent/,
    );
  });

  test('consent promotes it, once', () => {
    const s = stuck().forget().ask({ kind: 'approve', incident: 'i2' });
    s.mended('db/1');
    s.roles.fails('admit', 'db/1', 'it did not catch up');
    s.passes(30_000);
    assert.equal(s.group('db'), '2 db/2 [] serving');
    const chosen = s.records.findLast((one) => one.kind === 'primary-chosen');
    assert.match(
      chosen?.kind === 'primary-chosen' ? chosen.reason : '',
      /; a person consented to the loss$/,
    );
    assert.match(
      s.sentences().at(-2) ?? '',
      /^fail over from db\/1: .*a person consented; F3: db\/2/,
    );
    assert.deepEqual(s.state.incidents['i2']?.consent, null);
    assert.equal(s.phase('db/1'), 'ready');
    s.forget().exits('db/2', 'SIGKILL').passes(100);
    assert.deepEqual(
      s.steps().filter((one) => one.startsWith('fence')),
      [],
    );
  });

  test('which is no consent to another one in the same incident', () => {
    const s = stuck().ask({ kind: 'approve', incident: 'i2' }).mended('db/1');
    s.roles.fails('admit', 'db/1', 'it did not catch up');
    s.passes(500).forget().exits('db/2', 'SIGKILL').passes(100);
    assert.notEqual(s.incident('i2').state, 'resolved');
    assert.deepEqual(s.steps().slice(0, 1), ['start db/2 primary 2']);
  });

  test('nor to a second try, when nobody could be promoted: a person is told why', () => {
    const s = stuck().forget();
    s.roles.reaches('db/2', null);
    s.ask({ kind: 'approve', incident: 'i2' }).passes(60_000);
    const fences = s.steps().filter((one) => one.startsWith('fence'));
    assert.deepEqual(fences, ['fence db/1 1']);
    assert.equal(s.incident('i2').state, 'needs-person');
    assert.match(
      s.incident('i2').summary,
      /; the last fail-over failed: F3: none of db\/2 told how far it reaches; F3: db\/2 lacks/,
    );
    s.roles.reaches('db/2', '1000');
    s.ask({ kind: 'approve', incident: 'i2' }).passes(30_000);
    assert.equal(s.groupState('db').primary, 'db/2');
  });

  test('is refused while there is nobody to promote', () => {
    const s = stuck().shows('db/2', 'health-timeout').ask({ kind: 'approve', incident: 'i2' });
    assert.equal(
      s.sent('reply').at(-1)?.error?.message,
      'nobody can take over from db/1: no standby runs and passes its checks; when one does, you are asked again',
    );
    assert.notEqual(s.state.incidents['i2']?.consent, true);
  });

  /** What people are told of a primary that needs them. */
  function asked(s: Scenario): string[] {
    return s.sent('notify').flatMap(({ state, text }) => (state === 'needs-person' ? [text] : []));
  }

  test('who was refused is asked again once somebody can take over', () => {
    const s = stuck().shows('db/2', 'health-timeout').forget();
    s.ask({ kind: 'approve', incident: 'i2' }).ceases('db/2').passes(5_000);
    const [text = '', ...more] = asked(s);
    assert.match(text, /^db\/1 needs a person: .* consent promotes the most advanced/);
    assert.deepEqual(more, []);
    assert.equal(s.incident('i2').summary, text);
    s.ask({ kind: 'approve', incident: 'i2' }).passes(30_000);
    assert.equal(s.groupState('db').primary, 'db/2');
  });

  test('so is who was told that nobody could, but not each time that a standby comes', () => {
    const s = pair().up().exits('db/2', 'SIGKILL').passes(5_000);
    s.roles.fails('admit', 'db/2', 'it did not catch up');
    s.shows('db/2', 'health-timeout');
    s.cannotStart('db/2', 'no room', true).exits('db/2', 'SIGKILL').passes(20_000);
    s.cannotStart('db/1', 'its data is gone', false).exits('db/1', 'SIGKILL').passes(20_000);
    assert.doesNotMatch(asked(s).join(), /consent promotes/);
    s.forget().mended('db/2').passes(600_000);
    assert.equal(asked(s).filter((text) => /consent promotes/.test(text)).length, 1);
    s.forget();
    for (let turn = 0; turn < 20; turn += 1)
      s.shows('db/2', 'health-timeout').passes(3_000).ceases('db/2').passes(3_000);
    assert.ok(asked(s).length <= 3, asked(s).join('\n'));
  });

  test('with a budget that is spent, consent to a fail-over loses nothing', () => {
    const recovery = { budget: { count: 1, windowMs: 600_000 }, allow: [], slowRetryMs: 300_000 };
    const s = scenario(stack([database('db', { recovery })])).up();
    s.exits('db/2', 'SIGKILL').passes(20_000).exits('db/1', 'SIGKILL').passes(1_000);
    const [text = ''] = asked(s);
    assert.match(text, /is spent; F3: db\/2 has every acknowledged write, and consent fails over/);
    s.ask({ kind: 'approve', incident: 'i2' }).passes(30_000);
    assert.equal(s.groupState('db').primary, 'db/2');
  });

  test('nobody consents to what nobody asked, or asks any more', () => {
    const s = pair().up().exits('db/1', 'SIGKILL').ask({ kind: 'approve', incident: 'i1' });
    assert.match(s.sent('reply').at(-1)?.error?.message ?? '', /^i1 asks for nothing: /);
    s.passes(5_000).ask({ kind: 'approve', incident: 'i1' });
    assert.equal(s.sent('reply').at(-1)?.error?.message, 'i1 asks for nothing: verifying');
    assert.equal(s.state.incidents['i1']?.consent, null);
  });

  test('refusal leaves it waiting', () => {
    const s = stuck().forget().ask({ kind: 'reject', incident: 'i2' }).passes(60_000);
    assert.equal(s.groupState('db').epoch, 1);
    assert.deepEqual(
      s.steps().filter((one) => one.startsWith('promote')),
      [],
    );
  });
});

describe('a primary beside the recorded one', () => {
  test('gets no connection, is fenced, and rejoins as a standby (F1)', () => {
    const s = pair().up().forget();
    s.tell({ kind: 'role-seen', instance: 'db/2', seen: seen('primary') });
    assert.deepEqual(s.steps(), ['fence db/2 1', 'set-eligible db/1 1']);
    assert.deepEqual(s.route('db'), s.sent('route').length === 0 ? [] : ['db/1 serving']);
    assert.equal(
      s.sentences()[0],
      'fence db/2 and let it rejoin as a standby: ' +
        'it is primary although the record of epoch 1 names db/1 (F1)',
    );
    s.passes(20_000);
    assert.deepEqual(s.steps().slice(2), ['start db/2 standby 1', 'admit db/2 1']);
    assert.equal(s.group('db'), '1 db/1 [db/2] serving');
    assert.equal(s.incident().state, 'resolved');
  });

  test('also when it was started by hand and is none of our processes', () => {
    const s = pair().up().ask({ kind: 'stop', target: 'db/2' }).passes(1_000);
    s.ask({ kind: 'start', target: 'db/2' }).cannotStart('db/2', 'port taken', true);
    s.forget().tell({ kind: 'role-seen', instance: 'db/2', seen: seen('primary') });
    assert.ok(s.steps().includes('fence db/2 1'));
  });

  test('what the fenced one was before is not held against it', () => {
    const s = pair().up();
    const standbys = [{ instance: 'db/2' as const, synchronous: true, lagBytes: 0 }];
    s.tell({ kind: 'role-seen', instance: 'db/1', seen: seen('primary', { standbys }) });
    s.exits('db/1', 'SIGKILL').passes(20_000);
    assert.equal(s.group('db'), '2 db/2 [db/1] serving');
    assert.deepEqual(
      s.incidents().map((one) => one.id),
      ['i1'],
    );
  });
});

test('a standby that receives nothing for long is restarted', () => {
  const s = pair().up().forget();
  s.tell({ kind: 'role-seen', instance: 'db/2', seen: seen('standby', { streaming: false }) });
  s.passes(11_000);
  assert.match(s.sentences()[0] ?? '', /^restart db\/2: .*it receives nothing from db\/1/);
  s.tell({ kind: 'role-seen', instance: 'db/2', seen: seen('standby') }).passes(20_000);
  assert.equal(s.group('db'), '1 db/1 [db/2] serving');
  assert.equal(s.incident().state, 'resolved');
});

test('one whose primary sees it stream since is not cut off, and is admitted', () => {
  const s = pair().up().exits('db/2', 'SIGKILL').passes(60);
  const cut = seen('standby', { streaming: false });
  s.tell({ kind: 'role-seen', instance: 'db/2', seen: cut }).passes(500);
  assert.equal(s.group('db'), '1 db/1 [] serving');
  const standbys = [{ instance: 'db/2' as const, synchronous: false, lagBytes: 7 }];
  s.tell({ kind: 'role-seen', instance: 'db/1', seen: seen('primary', { standbys }) });
  s.passes(30_000);
  assert.equal(s.group('db'), '1 db/1 [db/2] serving');
  const texts = s.sentences().filter((one) => one.includes('receives nothing'));
  assert.deepEqual(texts, []);
});

test('one that receives and does not replay is not eligible, nor admitted, and restarted', () => {
  const s = pair().up().forget();
  const stuck = seen('standby', { streaming: false, stuck: true });
  s.tell({ kind: 'role-seen', instance: 'db/2', seen: stuck }).passes(1_000);
  const standbys = [{ instance: 'db/2' as const, synchronous: false, lagBytes: 7 }];
  s.tell({ kind: 'role-seen', instance: 'db/1', seen: seen('primary', { standbys }) });
  s.passes(1_000);
  assert.equal(s.group('db'), '1 db/1 [] serving');
  s.passes(10_000);
  assert.match(
    s.sentences()[0] ?? '',
    /^restart db\/2: .*it replays nothing of db\/1's: the process that does is stopped/,
  );
});

describe('with asynchronous durability', () => {
  const lagging = (lagBytes: number) => {
    const failover: FailoverSpec = {
      mode: 'replication',
      durability: { kind: 'asynchronous', maxLagBytes: 1000 },
      switchoverLimitMs: 5000,
      holdMs: 1000,
    };
    const s = scenario(stack([database('db', { failover })]))
      .up()
      .forget();
    const standbys = [{ instance: 'db/2' as const, synchronous: false, lagBytes }];
    return s.tell({ kind: 'role-seen', instance: 'db/1', seen: seen('primary', { standbys }) });
  };

  test('nothing is waited for, and a standby within the limit is promoted', () => {
    const s = lagging(900).exits('db/1', 'SIGKILL');
    assert.match(s.sentences()[0] ?? '', /F3: db\/2 may lack at most 1000 bytes \(asynchronous\)$/);
    s.passes(20_000);
    assert.equal(s.group('db'), '2 db/2 [] serving');
    assert.deepEqual(
      s.steps().filter((one) => /admit|set-eligible/.test(one)),
      [],
    );
    assert.equal(s.incident().state, 'resolved');
  });

  test('one beyond it is not', () => {
    const s = lagging(1100).exits('db/1', 'SIGKILL').passes(20_000);
    assert.equal(s.group('db'), '1 db/1 [] serving');
    const why = s.planned()[0]?.considered.find((one) => one.kind === 'fail-over')?.why;
    assert.equal(why, 'F3: no standby is known to lack no more than allowed');
  });
});

describe('active-standby', () => {
  const failover = (standby: 'hot' | 'warm' | 'cold'): Partial<ServiceSpec> => ({
    replicas: 2,
    failover: { mode: 'active-standby', standby, switchoverLimitMs: 1000, holdMs: 1000 },
  });
  const job = (standby: 'hot' | 'cold') => scenario(stack([service('job', failover(standby))]));

  test('a hot standby takes over without a survey', () => {
    const s = job('hot').up().forget().exits('job/1', 'SIGKILL').passes(20_000);
    assert.deepEqual(s.steps(), ['fence job/1 1', 'promote job/2 2', 'start job/1 standby 2']);
    assert.match(s.sentences()[0] ?? '', /job\/2 is ready to take over$/);
    assert.equal(s.incident().state, 'resolved');
  });

  test('a cold one is started when it is needed, and the former waits in its stead', () => {
    const s = job('cold').up();
    assert.deepEqual(s.started(), ['job/1']);
    assert.equal(s.phase('job/2'), 'held');
    assert.equal(view(s.state, s.at).state, 'running');
    s.forget().exits('job/1', 'SIGKILL').passes(20_000);
    assert.deepEqual(s.steps(), ['fence job/1 1', 'start job/2 primary 2', 'promote job/2 2']);
    s.expectPhases({ 'job/1': 'held', 'job/2': 'ready' });
    assert.equal(s.incident().state, 'resolved');
    assert.deepEqual(s.route('job'), ['job/2 serving']);
  });

  test('what has no way to be fenced is never promoted (F1)', () => {
    const external = { start: { argv: ['start'] }, stop: null, status: null, logs: null };
    const spec = service('job', {
      ...failover('hot'),
      driver: 'external',
      external: { ...external, timeoutMs: 1000, pidFile: null },
    });
    const s = scenario(stack([spec]))
      .up()
      .forget()
      .exits('job/1', 'SIGKILL');
    assert.deepEqual(s.steps(), ['start job/1 primary 1']);
    const why = s.planned()[0]?.considered.find((one) => one.kind === 'fail-over')?.why;
    assert.equal(why, 'F1: job has no `fence` command');
    s.passes(5_000).ask({ kind: 'switchover', service: 'job', to: null, limitMs: 10 });
    assert.equal(s.sent('reply').at(-1)?.error?.message, 'F1: job has no `fence` command');
  });

  test('a switchover goes to it too', () => {
    const s = job('hot').up().forget();
    s.ask({ kind: 'switchover', service: 'job', to: 'job/2', limitMs: 10 }).passes(5_000);
    assert.equal(s.group('job'), '2 job/2 [] serving');
    s.ask({ kind: 'restart', target: 'job' }).passes(10_000);
    assert.equal(s.group('job'), '3 job/1 [] serving');
  });
});

test('people are shown whom the address for reading leads to', () => {
  const endpoint = service('x').endpoint;
  assert.ok(endpoint);
  const s = scenario(stack([database('db', { endpointRead: { ...endpoint, port: 8001 } })]));
  const shown = () => view(s.state, s.at).services[0];
  const readers = () =>
    shown()
      ?.instances.filter(({ reads }) => reads)
      .map(({ id }) => id);
  assert.equal(shown()?.endpointRead, '127.0.0.1:8001');
  s.up();
  assert.deepEqual(readers(), ['db/2']);
  s.exits('db/2', 'SIGKILL');
  assert.deepEqual(readers(), ['db/1']);
  assert.equal(
    view(scenario(stack([database('db')])).state, 0).services[0]?.endpointRead,
    undefined,
  );
});

test('people are shown roles, epoch and stage', () => {
  const s = pair();
  const group = () => view(s.state, s.at).services[0]?.group;
  assert.equal(group()?.stage, 'new');
  s.up();
  assert.deepEqual(group(), {
    epoch: 1,
    primary: 'db/1',
    eligible: ['db/2'],
    stage: 'steady',
    note: '',
  });
  const roles = view(s.state, s.at).services[0]?.instances.map((one) => one.role);
  assert.deepEqual(roles, ['primary', 'standby']);
  const stages = new Set<string>();
  s.exits('db/1', 'SIGKILL');
  for (let ms = 0; ms < 200; ms += 5) stages.add(group()?.stage ?? '') && s.passes(5);
  assert.deepEqual([...stages], ['fencing', 'choosing', 'promoting', 'steady']);
  assert.match(group()?.note ?? '', /^F4: db\/1 not eligible/);
});
