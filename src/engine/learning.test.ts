import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { sureFrom } from '../locate/tables.ts';
import type { FaultKind } from '../model/symptom.ts';
import { replay } from './apply.ts';
import { knowledgeView } from './knowledge-view.ts';
import { type Scenario, scenario } from './scenario.fixture.ts';
import { service, stack } from './stack.fixture.ts';

const single = () => scenario(stack([service('api')])).up();

const proven = 15_000;
/** Past the time in which it would be the same incident. */
const later = 700_000;

function known(s: Scenario, name = 'api') {
  const { services } = s.state.knowledge;
  assert.ok(services[name], `nothing is known of ${name}`);
  return services[name];
}

function drill(s: Scenario, fault: FaultKind, act: (s: Scenario) => void): void {
  s.ask({ kind: 'drill-begin', instance: 'api/1', fault });
  act(s);
  s.passes(proven).ask({ kind: 'drill-end', instance: 'api/1' });
}

test('what failed before a person mended it counts, whoever tried last', () => {
  for (const how of ['asks', 'changes', 'waits']) {
    const s = single().turns('api/1', 'dies').exits('api/1', 'SIGSEGV').passes(200_000);
    s.mended('api/1');
    if (how === 'asks') s.ask({ kind: 'restart', target: 'api' });
    if (how === 'changes') s.tell({ kind: 'program-changed', instance: 'api/1' });
    s.passes(400_000);
    assert.equal(s.incident().state, 'resolved');
    assert.equal(known(s).outcomes['restart']?.['crash']?.yes, 0, how);
    assert.ok((known(s).outcomes['restart']?.['crash']?.no ?? 0) > 0, how);
  }
});

describe('a verified outcome', () => {
  test('teaches the fault, the remedy, its time and what the detector showed', () => {
    const s = single().exits('api/1', 'SIGKILL').passes(proven);
    const { faults, outcomes, durations, detectors } = known(s);
    assert.deepEqual(faults, { crash: 1 });
    assert.deepEqual(outcomes, { restart: { crash: { yes: 1, no: 0 } } });
    assert.equal(durations['restart']?.count, 1);
    assert.deepEqual(detectors, {
      exit: { byFault: { crash: { hits: 1, misses: 0, kinds: { exit: 1 } } }, falseAlarms: 0 },
    });
    s.passes(later).exits('api/1', 'SIGKILL');
    assert.match(
      s.sentences().at(-1) ?? '',
      /; restart mended 1 of 1 such fault, \d+ ms expected$/,
    );
  });

  test('that did not last counts against it, once', () => {
    const s = single().exits('api/1', 'SIGKILL').passes(proven).exits('api/1', 'SIGKILL');
    assert.deepEqual(known(s).outcomes, { restart: { crash: { yes: 0, no: 1 } } });
    s.passes(proven);
    assert.deepEqual(known(s).outcomes, { restart: { crash: { yes: 1, no: 1 } } });
    assert.deepEqual(known(s).faults, { crash: 1 }, 'it is the same incident');
  });
});

describe('what is not proven', () => {
  test('nobody was sure what it was that the last of several restarts mended', () => {
    const s = single().turns('api/1', 'dies').exits('api/1', 1).passes(10_000);
    s.mended('api/1').passes(60_000);
    const outcomes = s.incident().actions.map((one) => one.outcome);
    assert.deepEqual([outcomes.at(0), outcomes.at(-1)], ['failed', 'verified']);
    assert.deepEqual([known(s).faults, known(s).outcomes], [{}, {}]);
  });

  test('in observe mode no outcome and no fault is learned', () => {
    const s = scenario(stack([service('api', { mode: 'observe' })])).up();
    s.tell({ kind: 'ready', instance: 'api/1' }).passes(1000);
    s.shows('api/1', 'health-timeout').passes(5000).ceases('api/1').passes(proven);
    const own = s.state.knowledge.services['api'];
    assert.deepEqual([own?.faults ?? {}, own?.outcomes ?? {}], [{}, {}]);
  });

  test('a symptom that passed by itself was a false alarm', () => {
    const s = single().passes(later).shows('api/1', 'cpu').passes(5000).ceases('api/1', 'cpu');
    s.passes(proven);
    assert.deepEqual(known(s).detectors, { cpu: { byFault: {}, falseAlarms: 1 } });
    assert.deepEqual(known(s).faults, {});
  });

  test('a log line is no false alarm: there was nothing to prove', () => {
    const s = single().passes(later).shows('api/1', 'log').passes(5000).ceases('api/1', 'log');
    assert.deepEqual(known(s.passes(proven)).detectors, {});
  });

  test('a restart that a dependency explains teaches nothing of its service', () => {
    const s = scenario(stack([service('api', { needs: ['db'] }), service('db')])).up();
    s.exits('db/1', 'SIGKILL').exits('api/1', 1).passes(60_000);
    assert.deepEqual(known(s, 'db').faults, { crash: 1 });
    assert.deepEqual(known(s, 'api').faults, {});
    assert.deepEqual(known(s, 'api').passedOn, { db: { yes: 1, no: 0 } });
  });
});

describe('drills', () => {
  test('teach detectors and remedies, but not how often faults happen', () => {
    const s = single();
    for (let count = 0; count < 3; count += 1) drill(s, 'crash', () => s.exits('api/1', 'SIGKILL'));
    const { faults, outcomes, detectors } = known(s);
    assert.deepEqual(faults, {});
    assert.deepEqual(outcomes, { restart: { crash: { yes: 3, no: 0 } } });
    assert.equal(detectors['exit']?.byFault.crash?.hits, 3);
    assert.equal(s.incidents().length, 3, 'another drill is another incident');
    const exit = knowledgeView(s.state, s.at).detectors.find((one) => one.detector === 'exit');
    assert.deepEqual([exit?.hits, exit?.misses, exit?.falseAlarms], [3, 0, 0]);
    assert.equal(exit?.detects[0]?.fault, 'crash');
    assert.deepEqual(s.state.drills, {});
  });

  test('that kill again what was mended are no evidence against the remedy', () => {
    const s = single();
    drill(s, 'crash', () => {
      for (let kills = 0; kills < 3; kills += 1) s.exits('api/1', 'SIGKILL').passes(5_000);
    });
    const restarts = s.incident().actions.filter((one) => one.kind === 'restart');
    assert.deepEqual(
      restarts.map((one) => one.outcome),
      ['failed', 'failed', 'verified'],
    );
    assert.deepEqual(known(s).outcomes, { restart: { crash: { yes: 1, no: 0 } } });
  });

  test('count where what was started again ended by itself', () => {
    const s = single();
    drill(s, 'crash', () => s.turns('api/1', 'dies').exits('api/1', 'SIGKILL').passes(200_000));
    s.mended('api/1').ask({ kind: 'restart', target: 'api' }).passes(60_000);
    assert.ok((known(s).outcomes['restart']?.['crash']?.no ?? 0) > 0);
  });

  test('that nobody notices are misses', () => {
    const s = single();
    drill(s, 'hang', () => undefined);
    const views = knowledgeView(s.state, s.at).detectors;
    const health = views.find((one) => one.detector === 'health');
    assert.deepEqual([health?.hits, health?.misses], [0, 1]);
  });

  test('what another detector was faster to see is no miss', () => {
    const s = single();
    drill(s, 'hang', () => s.shows('api/1', 'stopped', { name: 'stopped' }));
    assert.equal(known(s).detectors['stopped']?.byFault.hang?.hits, 1);
    assert.equal(known(s).detectors['health'], undefined);
  });
});

describe('knowledge', () => {
  test('is counted while instances run, also without anything happening', () => {
    const s = single().passes(3_600_000);
    const hours = knowledgeView(s.state, s.at).services[0]?.observedHours ?? 0;
    assert.ok(Math.abs(hours - 1) < 0.01, `${hours}`);
    assert.equal(s.state.knowledge.stack.observedMs, 0, 'looking changes nothing');
  });

  test('survives a snapshot and the loss of older records', () => {
    const s = single().exits('api/1', 'SIGKILL').passes(proven);
    const snapshot = JSON.parse(JSON.stringify(s.state));
    assert.deepEqual(snapshot.knowledge, s.state.knowledge);
    assert.deepEqual(replay(s.records).knowledge, s.state.knowledge);
  });

  test('export, reset, import: the same', () => {
    const s = single().exits('api/1', 'SIGKILL').passes(proven);
    const exported = structuredClone(s.state.knowledge);
    s.ask({ kind: 'reset-knowledge' });
    assert.deepEqual(s.state.knowledge.services, {});
    s.ask({ kind: 'import-knowledge', knowledge: exported }).passes(1);
    assert.deepEqual(s.state.knowledge, exported);
    assert.deepEqual(
      s.records.filter((one) => one.kind.startsWith('knowledge')).map((one) => one.kind),
      ['knowledge-reset', 'knowledge-imported'],
    );
    s.passes(later).exits('api/1', 'SIGKILL');
    assert.equal(exported.services['api']?.faults.crash, 1, 'what was given is left alone');
  });
});

describe('two faults within the same second', () => {
  const outcomes = (s: Scenario) =>
    s
      .incidents()
      .flatMap((one) => one.actions)
      .filter((one) => one.kind === 'restart')
      .map((one) => `${one.target} ${one.outcome}`)
      .sort();

  test('at services that have nothing to do with each other: both are mended', () => {
    const s = scenario(stack([service('a'), service('b')]))
      .up()
      .forget();
    s.exits('a/1', 'SIGKILL').passes(500).exits('b/1', 'SIGKILL').passes(proven);
    assert.deepEqual(outcomes(s), ['a/1 verified', 'b/1 verified']);
    assert.deepEqual(
      s.incidents().map((one) => `${one.component} ${one.unsure}`),
      ['a/1 false', 'b/1 false'],
    );
  });

  test('at a service and what it depends on: both are blamed, for sure, and mended', () => {
    const s = scenario(stack([service('api', { needs: ['db'] }), service('db')]))
      .up()
      .forget();
    s.exits('db/1', 'SIGKILL').exits('api/1', 'SIGKILL').passes(60_000);
    assert.ok(outcomes(s).includes('db/1 verified'), outcomes(s).join(', '));
    const located = s.records.flatMap((one) =>
      one.kind === 'incident-located' ? [one.causes] : [],
    );
    const sure = located.map((causes) => causes.filter((one) => one.probability >= sureFrom));
    assert.deepEqual(
      sure.map((causes) => causes.map((one) => `${one.component} ${one.fault}`).sort()),
      [['db/1 crash'], ['api/1 crash', 'db/1 crash']],
    );
    s.expectPhases({ 'api/1': 'ready', 'db/1': 'ready' });
    assert.deepEqual(
      s.incidents().map((one) => one.state),
      s.incidents().map(() => 'resolved'),
    );
  });
});
