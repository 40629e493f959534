/** Somebody else begins a run of an external service while a start of ours is under way. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Scenario, scenario } from './scenario.fixture.ts';
import { service, stack } from './stack.fixture.ts';

const id = 'far/1';
const command = { argv: ['do'] };
const external = {
  ...{ start: command, stop: command, status: command, logs: null },
  ...{ timeoutMs: 1000, pidFile: null },
};

/** It has ended and is being started. */
function starting(): Scenario {
  const s = scenario(stack([service('far', { driver: 'external', external })])).up();
  return s
    .forget()
    .exits(id, 'unknown')
    .expectPhases({ [id]: 'starting' });
}

/** Another run of it, which somebody else began, is found. */
function finds(s: Scenario, pid: number): Scenario {
  const run = { instance: id, pid, port: null, startedAt: null, exit: null } as const;
  return s.tell({ kind: 'found', running: true, ...run });
}

const found = (pid: number) => finds(starting(), pid);

/** The process that the start has made. */
const started = 100;

function assertRuns(s: Scenario): void {
  s.expectPhases({ [id]: 'ready' });
  assert.ok((s.state.instances[id]?.pid ?? 0) >= started, `process ${s.state.instances[id]?.pid}`);
  assert.deepEqual(s.started(), [id], 'it is started once');
  s.exits(id, 'unknown')
    .passes(60_000)
    .expectPhases({ [id]: 'ready' });
}

test('that run ended before the start was made: the process that was started counts', () => {
  assertRuns(found(7).passes(20_000));
});

test('the same when its end was told before', () => {
  assertRuns(found(7).exits(id, 'unknown').passes(20_000));
});

test('it goes on, and the start finds it: nothing changes', () => {
  const s = found(started + 1).passes(10);
  const { action } = s.sent('start')[0] ?? {};
  assert.ok(action);
  const before = s.records.length;
  for (const pid of [started + 1, null])
    s.tell({ kind: 'started', instance: id, action, pid, port: null });
  assert.deepEqual(s.records.slice(before), []);
});

test('a person stops it meanwhile: what was started is stopped', () => {
  const s = found(7).exits(id, 'unknown');
  s.ask({ kind: 'stop', target: id }).expectPhases({ [id]: 'stopped' });
  assert.deepEqual(s.stopped(), []);
  s.passes(20_000).expectPhases({ [id]: 'stopped' });
  assert.deepEqual([s.started(), s.stopped(), s.isRunning(id)], [[id], [id], false]);
});

test('while it backs off somebody else starts it: it is left to become ready', () => {
  const s = starting().passes(500).exits(id, 'unknown').passes(100);
  s.expectPhases({ [id]: 'held' }).forget();
  finds(s, 7)
    .passes(1_000)
    .expectPhases({ [id]: 'running' });
  s.tell({ kind: 'ready', instance: id }).passes(20_000);
  assert.deepEqual([s.started(), s.stopped(), s.incident().state], [[], [], 'resolved']);
});

test('and is restarted when it does not become ready in its time', () => {
  const s = starting().passes(500).exits(id, 'unknown').passes(100);
  finds(s.forget(), 7).passes(20_000);
  assert.deepEqual([s.stopped(), s.started()], [[id], [id]]);
});
