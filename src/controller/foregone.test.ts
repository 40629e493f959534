import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type EngineState, initialState, step } from '../engine/index.ts';
import { database, service, stack } from '../engine/stack.fixture.ts';
import type { EngineEvent, Happening, PersonRequest } from '../model/event.ts';
import type { ServiceSpec, StackSpec } from '../model/stack-spec.ts';
import { isForegone } from './foregone.ts';

const id = 'api/1';
const restart = {
  policy: 'unless-stopped',
  backoffInitialMs: 1000,
  backoffMaxMs: 30_000,
  resetAfterMs: 10_000,
} as const;

/** A stack whose instances start as soon as they are told to, and work. */
class Play {
  readonly state: EngineState = initialState();
  at = 1_000;

  constructor(services: readonly ServiceSpec[], rest: Partial<StackSpec> = {}) {
    this.tell({ kind: 'configured', spec: stack(services, rest) });
    this.ask({ kind: 'up' });
    this.at += 60_000;
  }

  ask(request: PersonRequest): void {
    this.tell({ kind: 'requested', requestId: 'test', by: 'test', request });
  }

  tell(happening: Happening): void {
    this.at += 1;
    const event = { ...happening, at: this.at, random: 0.5 } as EngineEvent;
    for (const command of step(this.state, event).commands) {
      if (command.kind !== 'start') continue;
      const { instance, action } = command;
      this.tell({ kind: 'started', instance, action, pid: 2, port: 3 });
      this.tell({ kind: 'ready', instance });
    }
  }

  die(): void {
    const exit = { code: 1, signal: null, known: true, oom: false, lastLines: [] };
    this.tell({ kind: 'exited', instance: id, exit });
  }

  get foregone(): boolean {
    return isForegone(this.state, id, this.at);
  }
}

test('what works would be started again at once, and to ask changes nothing', () => {
  const play = new Play([service('api')]);
  const before = JSON.stringify(play.state);
  assert.equal(play.foregone, true);
  assert.equal(JSON.stringify(play.state), before);
});

test('not as long as it would have to back off', () => {
  const play = new Play([service('api')]);
  play.die();
  assert.equal(play.foregone, true);
  play.die();
  assert.equal(play.state.instances[id]?.phase, 'ready');
  assert.equal(play.foregone, false);
  play.at += restart.resetAfterMs;
  assert.equal(play.foregone, true);
});

test('not when the budget is spent', () => {
  const play = new Play([service('api')]);
  for (let crash = 0; crash < 5; crash += 1) {
    assert.equal(play.foregone, true);
    play.die();
    play.at += restart.resetAfterMs;
  }
  assert.equal(play.foregone, false);
});

test('not under maintenance, and again after it', () => {
  const play = new Play([service('api')]);
  const rest = { service: 'api', forMs: null, untilHealthy: false };
  play.ask({ kind: 'maintenance', ...rest });
  assert.equal(play.foregone, false);
  play.ask({ kind: 'maintenance-end', service: 'api' });
  assert.equal(play.foregone, true);
});

test('not when it is down, and not when a dependency is', () => {
  const play = new Play([service('base'), service('api', { needs: ['base'] })]);
  play.ask({ kind: 'stop', target: 'base' });
  assert.equal(play.foregone, false);
  play.ask({ kind: 'stop', target: 'api' });
  assert.equal(play.foregone, false);
});

for (const [what, specs, rest] of [
  ['in observe mode', [service('api')], { mode: 'observe' }],
  ['in a service in observe mode', [service('api', { mode: 'observe' })], {}],
  ['in a service with failover', [database('api')], {}],
  ['where an exit may be final', [service('api', { restart: { ...restart, policy: 'no' } })], {}],
  [
    'where a clean exit is final',
    [service('api', { restart: { ...restart, policy: 'on-failure' } })],
    {},
  ],
  ['of what its driver makes ready', [service('api', { driver: 'postgres' })], {}],
] as const) {
  test(`not ${what}`, () => {
    assert.equal(new Play(specs, rest).foregone, false);
  });
}
