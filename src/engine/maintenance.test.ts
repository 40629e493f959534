import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Scenario, scenario } from './scenario.fixture.ts';
import { database, service, stack } from './stack.fixture.ts';
import { view } from './view.ts';

const shop = () =>
  stack([service('web', { needs: ['api'] }), service('api', { replicas: 2 }), service('db')]);

const hourMs = 3_600_000;

function under(s: Scenario, name: string) {
  return view(s.state, s.at).services.find((one) => one.name === name)?.maintenance;
}

function maintained(name = 'db', how: { forMs?: number | null; untilHealthy?: boolean } = {}) {
  const { forMs = hourMs, untilHealthy = false } = how;
  return scenario(shop())
    .up()
    .forget()
    .ask({ kind: 'maintenance', service: name, forMs, untilHealthy });
}

function answers(s: Scenario): (string | null)[] {
  return s.sent('reply').map((one) => one.error?.message ?? one.message);
}

describe('maintenance', () => {
  test('what dies is located and planned, and started only when the time is over', () => {
    const s = maintained()
      .exits('db/1', 'SIGKILL')
      .passes(hourMs / 2);
    assert.deepEqual(s.started(), []);
    const [planned] = s.planned();
    assert.equal(planned?.wouldOnly, true);
    assert.match(planned?.reason ?? '', /^would restart db\/1: .*; db is under maintenance$/);
    assert.equal(s.incident().causes[0]?.component, 'db/1');
    assert.equal(s.phase('db/1'), 'held');
    assert.match(s.note('db/1') ?? '', /under maintenance/);
    s.passes(hourMs);
    assert.deepEqual(s.started(), ['db/1']);
    assert.equal(s.phase('db/1'), 'ready');
    assert.equal(s.incident().state, 'resolved');
    assert.equal(under(s, 'db'), undefined);
  });

  test('other services are mended as ever', () => {
    const s = maintained().exits('api/1', 'SIGKILL').passes(5_000);
    assert.deepEqual(s.started(), ['api/1']);
  });

  test('what hangs is not restarted either, and is when a person ends it', () => {
    const s = maintained().turns('db/1', 'hangs').shows('db/1', 'health-timeout').passes(60_000);
    assert.deepEqual(s.stopped(), []);
    s.mended('db/1').ask({ kind: 'maintenance-end', service: 'db' }).passes(5_000);
    assert.deepEqual(s.stopped(), ['db/1']);
    assert.deepEqual(s.started(), ['db/1']);
    assert.deepEqual(answers(s), [
      'db is under maintenance: watched, and not acted on',
      'the maintenance of db is over',
    ]);
  });

  test('a restart that backs off is not begun', () => {
    const s = scenario(shop()).up().turns('db/1', 'dies').exits('db/1', 1).passes(100);
    s.passes(200).forget();
    s.ask({ kind: 'maintenance', service: 'db', forMs: hourMs, untilHealthy: false });
    s.mended('db/1').passes(hourMs / 2);
    assert.deepEqual(s.started(), []);
    s.passes(hourMs);
    assert.deepEqual(s.started(), ['db/1']);
  });

  test('a restart that was begun is brought to its end', () => {
    const s = scenario(shop()).up().turns('db/1', 'hangs').shows('db/1', 'health-timeout');
    assert.deepEqual(s.stopped(), ['db/1']);
    s.ask({ kind: 'maintenance', service: 'db', forMs: hourMs, untilHealthy: false });
    s.mended('db/1').passes(5_000);
    assert.equal(s.phase('db/1'), 'ready');
  });

  test('what a person asks for is done', () => {
    const s = maintained().ask({ kind: 'stop', target: 'db' }).passes(100);
    assert.equal(s.phase('db/1'), 'stopped');
    s.ask({ kind: 'start', target: 'db' }).passes(1_000);
    assert.equal(s.phase('db/1'), 'ready');
    s.ask({ kind: 'restart', target: 'db' }).passes(1_000);
    assert.deepEqual(s.started(), ['db/1', 'db/1']);
    s.exits('db/1', 1).passes(60_000).forget().ask({ kind: 'restart', target: 'db' }).passes(1_000);
    assert.deepEqual(s.started(), ['db/1']);
    assert.equal(s.phase('db/1'), 'ready');
  });

  test('what depends on it waits, and is started once it serves again', () => {
    const s = maintained('api').exits('api/1', 1).exits('api/2', 1).exits('web/1', 1);
    s.passes(60_000);
    assert.deepEqual(s.started(), []);
    assert.match(s.note('web/1') ?? '', /waits for api/);
    s.ask({ kind: 'start', target: 'api' }).passes(5_000);
    assert.deepEqual(s.started().sort(), ['api/1', 'api/2', 'web/1']);
  });

  test('a person who consents is told to end it first', () => {
    const spec = stack([
      service('db', {
        recovery: {
          budget: { count: 0, windowMs: 600_000 },
          allow: [],
          slowRetryMs: 300_000,
        },
      }),
    ]);
    const s = scenario(spec).up().exits('db/1', 1).passes(1_000);
    assert.equal(s.incident().state, 'needs-person');
    s.ask({ kind: 'maintenance', service: 'db', forMs: hourMs, untilHealthy: false });
    s.ask({ kind: 'approve', incident: 'i1' });
    assert.equal(answers(s).at(-1), 'db is under maintenance: end that first');
  });
});

describe('until it is healthy', () => {
  const untilHealthy = { forMs: null, untilHealthy: true };

  test('it goes on while nothing happened yet, and for a day at most', () => {
    const s = maintained('db', untilHealthy).passes(23 * hourMs);
    assert.ok(under(s, 'db'));
    s.passes(2 * hourMs);
    assert.equal(under(s, 'db'), undefined);
  });

  test('it ends ten seconds after every instance is well again', () => {
    const s = maintained('api', untilHealthy).exits('api/1', 1).passes(60_000);
    s.ask({ kind: 'start', target: 'api' }).passes(5_000);
    s.ask({ kind: 'restart', target: 'api/2' }).passes(9_000);
    assert.ok(under(s, 'api'), 'another was restarted meanwhile');
    s.passes(5_000);
    assert.equal(under(s, 'api'), undefined);
    const last = s.records.findLast((one) => one.kind === 'maintenance-ended');
    assert.equal(last?.reason, 'api is healthy');
  });

  test('a stopped instance is not healthy', () => {
    const s = maintained('api', untilHealthy).ask({ kind: 'stop', target: 'api/1' });
    s.passes(60_000);
    assert.ok(under(s, 'api'));
  });

  test('begun while it is down, it ends when it is up', () => {
    const s = scenario(shop()).up().ask({ kind: 'stop', target: 'db' }).passes(1_000);
    s.ask({ kind: 'maintenance', service: 'db', ...untilHealthy }).passes(60_000);
    assert.ok(under(s, 'db'));
    s.ask({ kind: 'start', target: 'db' }).passes(60_000);
    assert.equal(under(s, 'db'), undefined);
  });
});

describe('the record of it', () => {
  test('it survives a restart of the controller, and ends all the same', () => {
    const s = maintained().exits('db/1', 1).passes(1_000);
    s.controllerDies().passes(60_000).controllerReturns().passes(60_000);
    assert.deepEqual(s.started(), []);
    assert.ok(under(s, 'db'));
    s.passes(hourMs);
    assert.deepEqual(s.started(), ['db/1']);
  });

  test('it survives a kill at each record of its begin and its end', () => {
    for (let count = 0; count < 12; count += 1) {
      const s = scenario(shop()).up().exits('db/1', 1).passes(10).diesAfter(count);
      s.ask({ kind: 'maintenance', service: 'db', forMs: 60_000, untilHealthy: true });
      s.passes(1_000);
      if (s.isDead()) s.controllerReturns();
      s.passes(1_000).exits('db/1', 1).diesAfter(count).passes(70_000);
      if (s.isDead()) s.controllerReturns();
      s.passes(hourMs);
      assert.equal(under(s, 'db'), undefined, `${count}`);
      assert.equal(s.phase('db/1'), 'ready', `${count}`);
    }
  });

  test('a later one replaces what is left of it', () => {
    const s = maintained().passes(60_000);
    const since = under(s, 'db')?.since;
    s.ask({ kind: 'maintenance', service: 'db', forMs: 1_000, untilHealthy: false });
    assert.deepEqual(under(s, 'db'), {
      by: 'ann',
      since,
      until: s.at + 1_000,
      untilHealthy: false,
    });
    s.passes(1_000);
    assert.equal(under(s, 'db'), undefined);
  });

  test('what is not there or only observed is refused; so is an end of none', () => {
    const s = scenario(stack([service('db'), service('old', { mode: 'observe' })]))
      .up()
      .forget();
    s.ask({ kind: 'maintenance', service: 'dx', forMs: 1, untilHealthy: false });
    s.ask({ kind: 'maintenance', service: 'old', forMs: 1, untilHealthy: false });
    s.ask({ kind: 'maintenance-end', service: 'db' });
    assert.deepEqual(answers(s), [
      'no service «dx»; there are: db, old',
      'old is in observe mode: nothing is done to it anyway',
      'db is not under maintenance',
    ]);
  });
});

describe('with failover', () => {
  test('nobody takes over, and a lost standby does not hold up writes', () => {
    const s = scenario(stack([database('db')]))
      .up()
      .passes(20_000)
      .forget();
    s.ask({ kind: 'maintenance', service: 'db', forMs: hourMs, untilHealthy: false });
    s.exits('db/2', 'SIGKILL').passes(20_000);
    assert.equal(s.group('db'), '1 db/1 [] serving');
    assert.deepEqual(s.started(), []);
    s.ask({ kind: 'start', target: 'db/2' }).passes(20_000);
    assert.equal(s.group('db'), '1 db/1 [db/2] serving');
    s.exits('db/1', 'SIGKILL').passes(20_000);
    assert.equal(s.group('db'), '1 db/1 [db/2] serving');
    s.ask({ kind: 'maintenance-end', service: 'db' }).passes(60_000);
    assert.equal(s.group('db'), '2 db/2 [db/1] serving');
  });

  test('a switchover that a person asks for is made', () => {
    const s = scenario(stack([database('db')]))
      .up()
      .passes(20_000)
      .forget();
    s.ask({ kind: 'maintenance', service: 'db', forMs: hourMs, untilHealthy: false });
    s.ask({ kind: 'switchover', service: 'db', to: null, limitMs: 5_000 }).passes(30_000);
    assert.equal(s.group('db'), '2 db/2 [db/1] serving');
  });
});
