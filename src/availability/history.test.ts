import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Scenario, scenario } from '../engine/scenario.fixture.ts';
import { database, service, stack } from '../engine/stack.fixture.ts';
import { view } from '../engine/view.ts';
import type { ServiceAvailability } from '../model/availability.ts';
import { AvailabilityHistory } from './history.ts';

const minuteMs = 60_000;
const shop = () => stack([service('api', { replicas: 2, needs: ['db'] }), service('db')]);

/** What the log from record `first` on tells of a service. */
function known(s: Scenario, name: string, first = 1): ServiceAvailability {
  const history = new AvailabilityHistory();
  s.records.forEach((record, index) => {
    if (index + 1 >= first) history.note({ seq: index + 1, record, unrecorded: false });
  });
  const found = history.report(view(s.state, s.at)).services.find((one) => one.service === name);
  assert.ok(found);
  return found;
}

/** Such as «2000 fault i1», from the start of the outage in milliseconds before now. */
function outages(s: Scenario, name: string, first = 1): string[] {
  return known(s, name, first).outages.map(({ from, until, cause, incident }) => {
    const lasted = until === null ? 'goes on' : `${until - from} ms`;
    return `${lasted}, ${cause}, ${incident}`;
  });
}

describe('an outage', () => {
  test('lasts from the end of the last instance that serves until one serves again', () => {
    const s = scenario(shop())
      .up()
      .passes(10 * minuteMs);
    s.exits('api/1', 'SIGKILL').passes(50).exits('api/2', 'SIGKILL').passes(minuteMs);
    const { state, windows, since } = known(s, 'api');
    assert.equal(state, 'up');
    assert.deepEqual(outages(s, 'api'), ['50 ms, fault, i1']);
    assert.equal(windows.day.downMs, 50);
    assert.equal(windows.day.outages, 1);
    assert.equal(windows.day.from, since);
    assert.equal(windows.day.mtbfMs, windows.day.upMs);
    assert.ok(windows.day.upMs > 11 * minuteMs - 1_000 && windows.day.upMs <= s.at - since);
    assert.equal(windows.day.availability, windows.day.upMs / (windows.day.upMs + 50));
    assert.deepEqual(outages(s, 'db'), []);
    assert.equal(known(s, 'db').windows.day.mtbfMs, null);
  });

  test('of a check that fails begins at the onset, not when it was noticed', () => {
    const s = scenario(shop()).up().passes(minuteMs).turns('db/1', 'hangs');
    s.shows('db/1', 'health-timeout', { began: s.at - 2_000 }).passes(minuteMs);
    const [outage] = known(s, 'db').outages;
    assert.equal(outage?.until, null);
    assert.equal(outage?.from, s.at - minuteMs - 2_000);
    assert.equal(known(s, 'db').state, 'down');
  });

  test('goes on, and the time before the first start counts neither way', () => {
    const s = scenario(shop()).passes(minuteMs).up().passes(minuteMs).turns('db/1', 'dies');
    s.exits('db/1', 1).passes(10 * minuteMs);
    const { uncounted, windows, outages: list } = known(s, 'db');
    assert.equal(list[0]?.until, null);
    assert.ok((uncounted[0]?.until ?? 0) > minuteMs);
    assert.equal(windows.week.upMs + windows.week.downMs + lengthOf(uncounted), windowMs(s));
  });

  test('is told by what it came of', () => {
    const s = scenario(shop()).up().ask({ kind: 'restart', target: 'db' }).passes(minuteMs);
    s.ask({ kind: 'drill-begin', instance: 'db/1', fault: 'crash' });
    s.exits('db/1', 'SIGKILL').passes(minuteMs).ask({ kind: 'drill-end', instance: 'db/1' });
    s.ask({ kind: 'maintenance', service: 'db', forMs: 1_000, untilHealthy: false });
    s.exits('db/1', 'SIGKILL').passes(minuteMs);
    const causes = known(s, 'db').outages.map((one) => `${one.cause} ${one.incident}`);
    assert.deepEqual(causes, ['maintenance i1', 'drill i1', 'request null']);
    assert.equal(known(s, 'db').windows.month.mtbfMs, null);
  });

  test('is none while a person has it stopped', () => {
    const s = scenario(shop()).up().ask({ kind: 'stop', target: 'api' }).passes(minuteMs);
    assert.equal(known(s, 'api').state, 'uncounted');
    s.ask({ kind: 'start', target: 'api' }).passes(minuteMs);
    assert.deepEqual(outages(s, 'api'), []);
    assert.equal(known(s, 'api').windows.day.availability, 1);
  });
});

function lengthOf(spans: readonly { readonly from: number; readonly until: number }[]): number {
  return spans.reduce((sum, { from, until }) => sum + until - from, 0);
}

function windowMs(s: Scenario): number {
  return s.at - (s.records[0]?.at ?? 0);
}

describe('with failover', () => {
  test('it is down until a write through the new primary succeeded', () => {
    const s = scenario(stack([database('db')]))
      .up()
      .passes(minuteMs);
    s.exits('db/1', 'SIGKILL').passes(minuteMs);
    const chosen = s.groupState('db').servedAt ?? 0;
    const [outage, ...others] = known(s, 'db').outages;
    assert.deepEqual(others, []);
    assert.equal(outage?.until, chosen);
    assert.equal(outage?.incident, 'i1');
    s.exits('db/1', 'SIGKILL').passes(minuteMs);
    assert.equal(known(s, 'db').outages.length, 1, 'a standby is no outage');
  });
});

describe('mean times', () => {
  test('to detect and to recover are of the incidents that were blamed on it', () => {
    const s = scenario(shop()).up().passes(minuteMs).turns('db/1', 'hangs');
    s.shows('db/1', 'health-timeout', { began: s.at - 2_000 });
    s.mended('db/1').passes(5 * minuteMs);
    const { mttdMs, mttrMs } = known(s, 'db').windows.day;
    const { onset, detected, recovered } = s.incident('i1');
    assert.equal(mttdMs, detected - onset);
    assert.equal(mttdMs, 2_000);
    assert.equal(mttrMs, (recovered ?? 0) - onset);
    assert.equal(known(s, 'api').windows.day.mttdMs, null);
  });
});

describe('a log of which the beginning is gone', () => {
  test('is taken to tell of what ran all the time', () => {
    const s = scenario(shop()).up().passes(minuteMs);
    const first = s.records.length + 1;
    s.exits('db/1', 'SIGKILL').passes(minuteMs);
    assert.deepEqual(outages(s, 'db', first), outages(s, 'db'));
    const { windows, since } = known(s, 'api', first);
    assert.equal(since, s.at - minuteMs);
    assert.equal(windows.day.availability, 1);
  });

  test('says nothing of before what shows that to be wrong', () => {
    const s = scenario(shop()).up().ask({ kind: 'stop', target: 'db' }).passes(minuteMs);
    const first = s.records.length + 1;
    s.passes(minuteMs).ask({ kind: 'start', target: 'db' }).passes(minuteMs);
    const { since, windows } = known(s, 'db', first);
    assert.ok(since >= s.at - minuteMs);
    assert.equal(windows.day.availability, 1);
    s.ask({ kind: 'stop', target: 'db' }).passes(minuteMs);
    const { windows: none } = known(s, 'db', s.records.length + 1);
    assert.equal(none.day.availability, null);
  });
});
