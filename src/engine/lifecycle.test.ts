import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { beginLook } from './look.ts';
import { scenario } from './scenario.fixture.ts';
import { dependency, service, stack } from './stack.fixture.ts';
import { initialState, revive } from './state.ts';

const shop = () =>
  stack([
    service('web', { needs: ['api'] }),
    service('api', { needs: ['db'], replicas: 2 }),
    service('db'),
  ]);

describe('bringing a stack up and down', () => {
  test('starts follow the dependencies, in parallel where they allow', () => {
    const s = scenario(shop()).ask({ kind: 'up' });
    assert.deepEqual(s.started(), ['db/1']);
    assert.equal(s.note('api/1'), 'waits for db: not ready yet');
    s.passes(150);
    assert.deepEqual(s.started(), ['db/1', 'api/1', 'api/2']);
    s.passes(1000);
    assert.deepEqual(s.started(), ['db/1', 'api/1', 'api/2', 'web/1']);
    s.expectPhases({ 'web/1': 'ready', 'api/1': 'ready', 'api/2': 'ready', 'db/1': 'ready' });
    assert.deepEqual(s.incidents(), []);
    assert.equal(s.sent('reply').length, 1);
  });

  test('down stops in reverse order and replies when all are gone, without an incident', () => {
    const s = scenario(shop()).up().forget().ask({ kind: 'down' });
    assert.deepEqual(s.stopped(), ['web/1']);
    assert.equal(s.sent('reply').length, 0);
    s.passes(500);
    assert.deepEqual(s.stopped(), ['web/1', 'api/1', 'api/2', 'db/1']);
    assert.deepEqual(
      s.sent('reply').map((one) => [one.error, one.message]),
      [[null, 'the stack is down']],
    );
    assert.deepEqual(s.incidents(), []);
    assert.equal(s.state.alive, 0);
  });

  test('down while starting ends what has been started and starts nothing more', () => {
    const s = scenario(shop()).ask({ kind: 'up' }).ask({ kind: 'down' }).passes(5000);
    assert.deepEqual(s.started(), ['db/1']);
    assert.equal(s.sent('reply').length, 2);
    s.expectPhases({ 'db/1': 'stopped', 'api/1': 'stopped' });
  });

  test('a dependency may be needed only as started, or as completed', () => {
    const job = service('migrate', { restart: { ...service('x').restart, policy: 'no' } });
    const s = scenario(
      stack([
        job,
        service('api', {
          dependsOn: [dependency('migrate', 'service_completed_successfully')],
        }),
        service('log'),
        service('web', { dependsOn: [dependency('log', 'service_started')] }),
      ]),
    ).ask({ kind: 'up' });
    s.passes(30);
    assert.deepEqual(s.started(), ['migrate/1', 'log/1', 'web/1']);
    s.exits('migrate/1', 0);
    assert.deepEqual(s.started(), ['migrate/1', 'log/1', 'web/1', 'api/1']);
    assert.equal(s.phase('migrate/1'), 'completed');
    assert.deepEqual(s.incidents(), []);
  });

  test('a dependency that is not required does not hold up its dependant once it failed', () => {
    const s = scenario(
      stack([
        service('cache'),
        service('api', { dependsOn: [dependency('cache', 'service_healthy', false)] }),
      ]),
    ).cannotStart('cache/1', 'no such program', false);
    s.up();
    assert.equal(s.phase('api/1'), 'ready');
  });
});

describe('requests', () => {
  test('restart of a service takes one instance at a time', () => {
    const s = scenario(shop()).up().forget().ask({ kind: 'restart', target: 'api' });
    assert.deepEqual(s.stopped(), ['api/1']);
    s.passes(40);
    assert.deepEqual(s.started(), ['api/1']);
    assert.deepEqual(s.stopped(), ['api/1']);
    s.passes(2000);
    assert.deepEqual(s.stopped(), ['api/1', 'api/2']);
    s.expectPhases({ 'api/1': 'ready', 'api/2': 'ready' });
    assert.deepEqual(s.sentences(), [
      'restart api/1: ann asked for it',
      'restart api/2: ann asked for it',
    ]);
    assert.deepEqual(s.incidents(), []);
  });

  test('stop and start of one instance', () => {
    const s = scenario(shop()).up().forget().ask({ kind: 'stop', target: 'api/2' }).passes(100);
    assert.equal(s.phase('api/2'), 'stopped');
    assert.deepEqual(s.route('api'), ['api/1 serving']);
    assert.equal(s.sent('reply').length, 1);
    s.ask({ kind: 'start', target: 'api/2' }).passes(1000);
    assert.deepEqual(s.route('api'), ['api/1 serving', 'api/2 serving']);
  });

  test('a stop that nobody waits for is answered at once', () => {
    const s = scenario(shop()).up().forget();
    s.ask({ kind: 'stop', target: 'api', wait: false });
    assert.deepEqual(
      s.sent('reply').map((one) => one.message),
      ['stopping api/1, api/2'],
    );
    s.passes(100).expectPhases({ 'api/1': 'stopped', 'api/2': 'stopped' });
    assert.equal(s.sent('reply').length, 1);
  });

  test('a restart of a job is done when the job is, and the next one can follow', () => {
    const job = service('job', { restart: { ...service('x').restart, policy: 'no' } });
    const s = scenario(stack([job]))
      .ask({ kind: 'up' })
      .passes(30)
      .exits('job/1', 0)
      .forget();
    for (const round of [1, 2]) {
      s.ask({ kind: 'restart', target: 'job' }).passes(30).exits('job/1', 0);
      assert.equal(s.started().length, round);
      assert.deepEqual(s.state.personal, {});
    }
    s.passes(200);
  });

  test('an unknown target is answered with the names there are', () => {
    const s = scenario(shop()).up().forget();
    s.ask({ kind: 'restart', target: 'apy' }).ask({ kind: 'stop', target: 'api/7' });
    assert.deepEqual(
      s.sent('reply').map((one) => one.error),
      [
        { code: 'NOT_FOUND', message: 'no service «apy»; there are: web, api, db' },
        { code: 'NOT_FOUND', message: 'no instance «api/7»; there are: api/1, api/2' },
      ],
    );
  });

  test('up while going down wins, and whoever asked for down is told', () => {
    const s = scenario(shop()).up().forget().ask({ kind: 'down' }).ask({ kind: 'up' });
    assert.deepEqual(
      s.sent('reply').map((one) => one.error?.code ?? null),
      ['REFUSED', null],
    );
    s.passes(5000).expectPhases({ 'web/1': 'ready', 'api/1': 'ready', 'db/1': 'ready' });
  });
});

describe('a changed stack file', () => {
  test('new services start, removed ones stop, changed ones are left until up is asked', () => {
    const s = scenario(shop()).up().forget();
    const spec = stack([
      service('api', { needs: ['db'], replicas: 1, environment: { A: '1' } }),
      service('db'),
      service('log'),
    ]);
    s.tell({ kind: 'configured', spec }).passes(2000);
    assert.deepEqual(s.stopped().sort(), ['api/2', 'web/1']);
    assert.deepEqual(s.started(), ['log/1']);
    assert.equal(s.note('api/1'), 'its definition changed; `daruma up` applies that');
    assert.equal(s.phase('web/1'), undefined);
    s.forget().ask({ kind: 'up' }).passes(2000);
    assert.deepEqual([s.stopped(), s.started()], [[], []]);
    s.ask({ kind: 'up', restartChanged: true }).passes(2000);
    assert.deepEqual([s.stopped(), s.started()], [['api/1'], ['api/1']]);
    assert.equal(s.note('api/1'), '');
    assert.equal(s.sent('reply').at(-1)?.message, '3 instances are wanted up; restarting api/1');
  });

  test('changed ones are restarted one after the other, dependencies first', () => {
    const s = scenario(shop()).up().forget();
    const environment = { A: '1' };
    const spec = stack([
      service('web', { needs: ['api'], environment }),
      service('api', { needs: ['db'], replicas: 2 }),
      service('db', { environment }),
    ]);
    s.tell({ kind: 'configured', spec }).ask({ kind: 'up', restartChanged: true });
    assert.deepEqual(s.stopped(), ['db/1']);
    s.passes(2000);
    assert.deepEqual(s.stopped(), ['db/1', 'web/1']);
    assert.deepEqual(s.started(), ['db/1', 'web/1']);
  });

  test('what needs a person is tried at once when up is said', () => {
    const s = scenario(stack([service('api'), service('other')])).turns('api/1', 'dies');
    s.ask({ kind: 'up' }).passes(100_000).mended('api/1').forget();
    assert.equal(s.incident().state, 'needs-person');
    s.tell({ kind: 'configured', spec: stack([service('api', { environment: { A: '1' } })]) });
    s.ask({ kind: 'up', restartChanged: true });
    assert.deepEqual(s.started(), ['api/1']);
    assert.equal(s.sent('reply').at(-1)?.message, '1 instance is wanted up; trying api/1 afresh');
    s.passes(15_000);
    assert.equal(s.incident().state, 'resolved');
  });

  test('when a changed dependency does not start, what waits for its restart is left alone', () => {
    const s = scenario(shop()).up().forget();
    const environment = { A: '1' };
    const spec = stack([
      service('web', { needs: ['api'], environment }),
      service('api', { needs: ['db'], replicas: 2 }),
      service('db', { environment }),
    ]);
    s.cannotStart('db/1', 'no such program', false);
    s.tell({ kind: 'configured', spec }).ask({ kind: 'up', restartChanged: true }).passes(500);
    assert.deepEqual(s.stopped(), ['db/1']);
    assert.equal(s.phase('web/1'), 'ready');
  });

  test('removed ones are stopped in reverse order', () => {
    const s = scenario(shop()).up().forget();
    s.tell({ kind: 'configured', spec: stack([service('log')]) }).ask({ kind: 'up' });
    assert.deepEqual(s.stopped(), ['web/1']);
    s.passes(2000);
    assert.deepEqual(s.stopped(), ['web/1', 'api/1', 'api/2', 'db/1']);
    assert.deepEqual(s.state.order, ['log']);
  });

  test('an incident of what was removed is over', () => {
    const s = scenario(shop())
      .up()
      .forget()
      .turns('web/1', 'dies')
      .exits('web/1', 1)
      .passes(60_000);
    assert.equal(s.incident().state, 'needs-person');
    const spec = stack(shop().services.filter(({ name }) => name !== 'web'));
    s.controllerDies();
    s.passes(1000);
    s.controllerReturns(spec).passes(1000);
    assert.deepEqual([s.incident().state, s.state.symptoms], ['resolved', {}]);
  });

  test('a change of what a template takes from another service is a change', () => {
    const url = { DB: '${services.db.url}' };
    const db = service('db');
    const at = (port: number) =>
      stack([
        service('api', { needs: ['db'], environment: url }),
        service('log', { needs: ['db'] }),
        { ...db, endpoint: db.endpoint === null ? null : { ...db.endpoint, port } },
      ]);
    const s = scenario(at(5432)).up().forget();
    s.tell({ kind: 'configured', spec: at(5433) });
    s.ask({ kind: 'up', restartChanged: true }).passes(2000);
    assert.deepEqual(s.started(), ['api/1']);
  });

  test('what is only observed is never restarted, and forgotten when it is removed', () => {
    const s = scenario(stack(shop().services, { mode: 'observe' }));
    const found = { running: true, pid: 7, port: 9000, startedAt: s.at, exit: null };
    s.tell({ kind: 'found', instance: 'db/1', ...found });
    const spec = stack([service('db', { environment: { A: '1' } })], { mode: 'observe' });
    s.tell({ kind: 'configured', spec }).ask({ kind: 'up', restartChanged: true }).passes(500);
    assert.deepEqual(s.stopped(), []);
    s.tell({ kind: 'configured', spec: stack([service('log')], { mode: 'observe' }) }).passes(500);
    assert.deepEqual([s.stopped(), s.phase('db/1')], [[], undefined]);
  });
});

describe('after a restart of the controller', () => {
  test('everything is adopted, nothing is started, all routes are given again', () => {
    const s = scenario(shop()).up().forget();
    s.controllerDies().controllerReturns().passes(1000);
    assert.deepEqual(s.started(), []);
    assert.deepEqual(s.route('api'), ['api/1 serving', 'api/2 serving']);
    s.expectPhases({ 'web/1': 'ready', 'api/1': 'ready', 'db/1': 'ready' });
    assert.deepEqual(s.incidents(), []);
  });

  test('an instance that ended meanwhile is an incident', () => {
    const s = scenario(shop()).up().forget();
    s.controllerDies().diesUnseen('db/1').controllerReturns().passes(1000);
    assert.deepEqual(s.started(), ['db/1']);
    assert.equal(s.incident().component, 'db/1');
    assert.match(s.sentences()[0] ?? '', /^restart db\/1: it crashed \(exited, status unknown/);
  });

  test('a command that was lost is given again with the same action', () => {
    const s = scenario(shop()).up().forget().exits('db/1', 'SIGKILL');
    const first = s.sent('start')[0]?.action;
    s.controllerDies('commands').forget().controllerReturns();
    assert.deepEqual(
      s.sent('start').map((one) => one.action),
      [first],
    );
    s.passes(15_000);
    assert.equal(s.incident().state, 'resolved');
  });

  test('going down is gone on with', () => {
    const s = scenario(shop()).up().forget().ask({ kind: 'down' });
    s.controllerDies('commands').controllerReturns().passes(1000);
    assert.equal(s.state.alive, 0);
    assert.deepEqual([...new Set(s.stopped())], ['web/1', 'api/1', 'api/2', 'db/1']);
  });

  test('what is asked while it looks is done afterwards', () => {
    const s = scenario(shop());
    s.state = initialState();
    s.records.length = 0;
    s.records.push(...beginLook(s.state, s.at));
    s.tell({ kind: 'configured', spec: shop() }).ask({ kind: 'up' });
    assert.deepEqual(s.commands, []);
    s.tell({ kind: 'looked' });
    assert.deepEqual(s.started(), ['db/1']);
    assert.equal(s.sent('reply').length, 1);
    s.passes(2000).expectPhases({ 'web/1': 'ready' });
  });

  test('a hung instance that came right meanwhile is left alone', () => {
    const s = scenario(shop()).up();
    const spec = stack(shop().services, { mode: 'observe' });
    s.tell({ kind: 'configured', spec }).shows('db/1', 'health-timeout');
    s.controllerDies().controllerReturns().passes(100);
    assert.equal(s.incident().state, 'resolved');
    assert.equal(s.phase('db/1'), 'ready');
  });

  test('a snapshot of an older version gets what it lacked', () => {
    const s = scenario(shop()).up();
    const old = JSON.parse(JSON.stringify(s.state));
    delete old.acts;
    delete old.instances['db/1'].stale;
    assert.deepEqual(revive(old), s.state);
  });
});
