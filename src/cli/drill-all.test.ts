import assert from 'node:assert/strict';
import { test } from 'node:test';
import { service, stack } from '../engine/stack.fixture.ts';
import type { LogRecord, PlannedAction } from '../model/record.ts';
import type { ServiceSpec } from '../model/stack-spec.ts';
import type { IncidentView, InstancePhase, StackView } from '../model/view.ts';
import { type Drillable, plannedDrills } from './drill-plan.ts';
import { type DrillPlan, type DrillResult, resultOf } from './drill-run.ts';
import { drillTimes, noTimes } from './drill-times.ts';
import { plain } from './paint.ts';
import { isPassed, type Scorecard, type ScoredDrill } from './scorecard.ts';
import { drillLine, scorecardText } from './scorecard-text.ts';

function drillable(services: readonly ServiceSpec[], phase: InstancePhase = 'ready'): Drillable {
  const spec = stack(services);
  const views = services.map(({ name, driver, mode }) => ({
    ...{ name, driver, mode, wanted: 'up' as const, dependsOn: [], endpoint: null },
    instances: [{ id: `${name}/1` as const, phase, pid: 7 }],
  }));
  return { view: { services: views } as unknown as StackView, spec, kept: true };
}

function skips(services: readonly ServiceSpec[], phase?: InstancePhase): Record<string, string> {
  const drills = plannedDrills(drillable(services, phase), 1);
  return Object.fromEntries(drills.flatMap(({ fault, skip }) => (skip ? [[fault, skip]] : [])));
}

test('each service is given every fault that it can take', () => {
  const limits = { cpus: null, memoryBytes: 2 ** 30, pids: null };
  assert.deepEqual(skips([service('api', { limits })]), {});
  const memory = { kind: 'expr', name: 'm', expr: "memory.rss > size('1GiB')" } as const;
  const symptoms = [{ ...memory, forMs: 0, keepFiringForMs: 0, faults: [] }];
  assert.deepEqual(skips([service('api', { symptoms })]), {});
  assert.deepEqual(skips([service('api', { healthcheck: null })]), {
    leak: 'neither a memory limit nor a symptom would end the leak',
    slow: 'it has no health check that could tell',
  });
  assert.match(skips([service('api', { driver: 'external' })])['leak'] ?? '', /only what Daruma/);
  const observed = { driver: 'external', mode: 'observe' } as const;
  assert.match(skips([service('api', observed)])['leak'] ?? '', /nor a symptom/);
  assert.deepEqual(skips([service('api', { ...observed, symptoms })]), {});
  assert.equal(skips([service('job')], 'completed')['kill'], 'it has done its work');
  assert.equal(skips([service('api')], 'held')['hang'], 'it is not ready: held');
});

test('the seed decides the order, and nothing else', () => {
  const what = drillable([service('api'), service('db'), service('web')]);
  const order = (seed: number) =>
    plannedDrills(what, seed).map(({ fault, instance }) => `${fault} ${instance}`);
  assert.deepEqual(order(1), order(1));
  assert.notDeepEqual(order(1), order(2));
  assert.deepEqual(order(1).toSorted(), order(2).toSorted());
  assert.equal(new Set(order(3)).size, 16, 'five faults for each, and the controller');
  const lone = plannedDrills({ ...what, kept: false }, 1);
  assert.equal(
    lone.find(({ fault }) => fault === 'controller-kill')?.skip,
    'no keeper would bring it back',
  );
});

test('times of an incident that came back are those of this time', () => {
  const planned = (kind: PlannedAction['kind'], action: `a${number}`) => ({
    ...{ action, kind, target: 'api/1', name: null, reason: '', wouldOnly: false, considered: [] },
  });
  const incident = 'i1' as const;
  const records: LogRecord[] = [
    { at: 100, kind: 'incident-opened', incident: 'i2', symptom: 'db/1#exit', onset: 100 },
    { at: 110, kind: 'incident-reopened', incident, symptom: 'api/1#exit' },
    { at: 115, kind: 'incident-located', incident, causes: [], unsure: false },
    { at: 116, kind: 'action-planned', incident, planned: planned('wait', 'a7') },
    { at: 117, kind: 'action-begun', incident, action: 'a7', spared: true },
    { at: 118, kind: 'action-planned', incident, planned: planned('restart', 'a8') },
    { at: 120, kind: 'action-begun', incident, action: 'a8', spared: false },
    { at: 200, kind: 'incident-verifying', incident, until: 400 },
    { at: 250, kind: 'incident-joined', incident, symptom: 'api/1#exit' },
    { at: 300, kind: 'incident-verifying', incident, until: 500 },
    { at: 500, kind: 'incident-resolved', incident, summary: '' },
  ];
  const times = { detectedMs: 10, locatedMs: 15, actedMs: 20, recoveredMs: 200, verifiedMs: 400 };
  assert.deepEqual(drillTimes(records, incident, 100), times);
  const unfinished = drillTimes(records.slice(0, 9), incident, 100);
  assert.deepEqual([unfinished.recoveredMs, unfinished.verifiedMs], [null, null]);
});

const result: DrillResult = {
  fault: 'kill',
  target: 'api/1',
  end: 'recovered',
  detectedMs: 12,
  locatedMs: 13,
  actedMs: 14,
  recoveredMs: 400,
  verifiedMs: 10_400,
  blamed: { component: 'api/1', right: true },
  incident: 'i1',
  summary: 'restart api/1',
  load: { sent: 300, failed: 1, failedForMs: 9, slowestMs: 20 },
};

function card(drills: readonly ScoredDrill[]): Scorecard {
  return { stack: 'shop', at: 0, seed: 7, interrupted: false, drills };
}

test('a scorecard says what came of each, and how it was before', () => {
  const kill = { fault: 'kill', service: 'api', skipped: null, result } as const;
  const before = card([{ ...kill, result: { ...result, recoveredMs: 600 } }]);
  const wrong: DrillResult = {
    ...{ ...result, fault: 'hang', target: 'db/1', end: 'timed-out', recoveredMs: null },
    ...{ load: null, blamed: { component: 'api/1', right: false } },
  };
  const leak = { fault: 'leak', service: 'api', skipped: 'no limit', result: null } as const;
  const now = card([kill, { fault: 'hang', service: 'db', skipped: null, result: wrong }, leak]);
  const lines = scorecardText(now, before, plain);
  assert.deepEqual(lines.slice(0, 6), [
    'FAULT  TARGET  DETECTED  LOCATED    RECOVERED    REQUESTS         BEFORE',
    'kill   api/1   12 ms     13 ms      400 ms       1 of 300 failed  was 600 ms',
    'hang   db/1    12 ms     no: api/1  not in time  –                –',
    'leak   api     –         –          –            –                skipped: no limit',
    '',
    '1 of 2 ended well, the right one was blamed in 1 of 2, 1 skipped (--seed 7)',
  ]);
  assert.match(lines[6] ?? '', /^before: .*, --seed 7$/);
  assert.equal(drillLine(kill), 'kill api/1: recovered in 400 ms');
  assert.equal(drillLine(leak), 'leak api: skipped: no limit');
  assert.deepEqual([isPassed(now), isPassed(before), isPassed(card([leak]))], [false, true, false]);
});

test('the line of a drill says how it ended', () => {
  const line = (over: Partial<DrillResult>) =>
    drillLine({ fault: 'kill', service: 'api', skipped: null, result: { ...result, ...over } });
  assert.equal(line({ recoveredMs: null }), 'kill api/1: recovered');
  assert.equal(line({ end: 'observed' }), 'kill api/1: observed, nothing was touched');
  assert.equal(line({ end: 'needs-person' }), 'kill api/1: needs a person');
  assert.equal(line({ end: 'timed-out' }), 'kill api/1: not in time');
  assert.equal(line({ end: 'interrupted' }), 'kill api/1: interrupted');
  const keeperless = { fault: 'controller-kill', service: null, result: null } as const;
  assert.equal(
    drillLine({ ...keeperless, skipped: 'no keeper' }),
    'controller-kill controller: skipped: no keeper',
  );
});

test('a first scorecard has nothing before it, and nothing blamed is no wrong blame', () => {
  const unseen: DrillResult = { ...result, ...noTimes, end: 'observed', blamed: null, load: null };
  const drill = { fault: 'slow', service: 'api', skipped: null, result: unseen } as const;
  assert.deepEqual(scorecardText(card([drill]), null, plain), [
    'FAULT  TARGET  DETECTED  LOCATED  RECOVERED                      REQUESTS  BEFORE',
    'slow   api/1   –         –        observed, nothing was touched  –         –',
    '',
    '1 of 1 ended well, the right one was blamed in 0 of 0, 0 skipped (--seed 7)',
  ]);
  assert.match(scorecardText(card([]), null, plain).at(-1) ?? '', /^0 of 0 ended well/);
});

test('a drill is summed up by what was done to whom it befell', () => {
  const plan: DrillPlan = {
    ...{ fault: 'kill', instance: 'api/1', timeoutMs: 1, bytesPerSecond: 1, kills: 1 },
    ...{ target: null, external: false, observed: false },
  };
  const action = (target: string, reason: string) => ({ target, reason, wouldOnly: false });
  const cause = (component: string) => ({
    component,
    fault: 'crash',
    probability: 1,
    evidence: [],
  });
  const incident = (over: object) =>
    ({
      ...{ id: 'i3', state: 'resolved', summary: 'api/1 crashed; recovered', unsure: false },
      ...{ causes: [cause('api/1')], actions: [], ...over },
    }) as unknown as IncidentView;
  const told = (over: object) => {
    const { end, blamed, summary } = resultOf(plan, incident(over), noTimes, null);
    return [end, blamed?.component, blamed?.right, summary];
  };
  const actions = [action('api/1', 'restart api/1'), action('web/1', 'restart web/1')];
  assert.deepEqual(told({ actions }), ['recovered', 'api/1', true, 'restart api/1']);
  const elsewhere = { actions: actions.slice(1), causes: [cause('web/1')] };
  assert.deepEqual(told(elsewhere), ['recovered', 'web/1', false, 'restart web/1']);
  assert.deepEqual(told({ unsure: true }).slice(1), ['api/1', false, 'api/1 crashed; recovered']);
  assert.deepEqual(told({ causes: [cause('api')] }).slice(1, 3), ['api', true], 'its service');
  assert.deepEqual(told({ causes: [], state: 'needs-person' })[0], 'needs-person');
  assert.deepEqual(told({ state: 'acting' })[0], 'timed-out');
  const { end, incident: none, summary } = resultOf(plan, null, noTimes, null);
  assert.deepEqual([end, none, summary], ['timed-out', null, '']);
  const would = incident({ state: 'open', actions: [{ ...actions[0], wouldOnly: true }] });
  assert.equal(resultOf({ ...plan, observed: true }, would, noTimes, null).end, 'observed');
});
