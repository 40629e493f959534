/**
 * Whatever happens to a group, its world (`roles.fixture.ts`) sees no second primary (F1), no order
 * of an older epoch (F6), and no promotion of a standby that lacks an acknowledged write (F3, F4).
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { RoleSeen } from '../model/group.ts';
import { type InstanceId, instanceId } from '../model/ids.ts';
import { replay } from './apply.ts';
import { Scenario } from './scenario.fixture.ts';
import { database, service, stack } from './stack.fixture.ts';

interface Move {
  readonly name: string;
  readonly make: (s: Scenario) => void;
}

function move(name: string, make: Move['make']): Move {
  return Object.assign({ name, make }, { [fc.toStringMethod]: () => name });
}

const anyMember = fc.integer({ min: 1, max: 3 }).map((number) => instanceId('db', number));
const anyStep = fc.constantFrom<'fence' | 'promote' | 'follow' | 'set-eligible' | 'admit'>(
  ...(['fence', 'promote', 'follow', 'set-eligible', 'admit'] as const),
);
const anyTime = fc.oneof(fc.integer({ min: 1, max: 150 }), fc.integer({ min: 1, max: 20_000 }));
const anyKind = fc.constantFrom<'health-timeout' | 'health-failed' | 'cpu' | 'memory' | 'disk'>(
  ...(['health-timeout', 'health-failed', 'cpu', 'memory', 'disk'] as const),
);

function seenAs(id: InstanceId, streaming: boolean): Move['make'] {
  return (s) => {
    const leads = s.state.services['db']?.group?.primary === id;
    const epoch = s.state.services['db']?.group?.epoch ?? null;
    const all = s.state.services['db']?.instances ?? [];
    const others = all.filter((one) => one !== id);
    const standbys = others.map((instance) => ({ instance, synchronous: true, lagBytes: 0 }));
    const seen: RoleSeen = leads
      ? { role: 'primary', epoch, standbys: streaming ? standbys : [], streaming: false }
      : { role: 'standby', epoch, standbys: [], streaming };
    s.tell({ kind: 'role-seen', instance: id, seen });
  };
}

const anyMove: fc.Arbitrary<Move> = fc.oneof(
  { weight: 4, arbitrary: anyTime.map((ms) => move(`${ms} ms pass`, (s) => s.passes(ms))) },
  {
    weight: 3,
    arbitrary: anyMember.map((id) =>
      move(`${id} exits`, (s) => {
        if (s.isRunning(id)) s.exits(id, 'SIGKILL');
      }),
    ),
  },
  anyMember.map((id) =>
    move(`${id} dies with the controller`, (s) => {
      s.controllerDies('nothing');
      if (s.isRunning(id)) s.diesUnseen(id);
      s.controllerReturns();
    }),
  ),
  fc
    .tuple(anyMember, anyKind)
    .map(([id, kind]) => move(`${id} shows ${kind}`, (s) => s.shows(id, kind))),
  anyMember.map((id) => move(`${id} ceases`, (s) => s.ceases(id))),
  fc
    .tuple(anyMember, fc.boolean())
    .map(([id, streams]) => move(`${id} streams ${streams}`, seenAs(id, streams))),
  fc
    .tuple(anyStep, anyMember, fc.boolean())
    .map(([step, id, fails]) =>
      move(`${step} ${id} ${fails ? 'fails' : 'succeeds'}`, (s) =>
        s.roles.fails(step, id, fails ? 'for the test' : null),
      ),
    ),
  fc
    .tuple(anyMember, fc.boolean())
    .map(([id, retryable]) =>
      move(`${id} cannot start`, (s) => s.cannotStart(id, 'port taken', retryable)),
    ),
  anyMember.map((id) => move(`${id} mended`, (s) => s.mended(id))),
  fc
    .tuple(anyMember, fc.constantFrom<'start' | 'stop' | 'restart'>('start', 'stop', 'restart'))
    .map(([target, kind]) => move(`${kind} ${target}`, (s) => s.ask({ kind, target }))),
  anyMember.map((to) =>
    move(`switchover ${to}`, (s) =>
      s.ask({ kind: 'switchover', service: 'db', to, limitMs: 1000 }),
    ),
  ),
  fc.constantFrom(
    move('restart db', (s) => s.ask({ kind: 'restart', target: 'db' })),
    move('busy', (s) => {
      s.roles.busy = 2;
    }),
    move('idle', (s) => {
      s.roles.busy = 0;
    }),
    move('down', (s) => s.ask({ kind: 'down' })),
    move('up', (s) => s.ask({ kind: 'up' })),
    move('reset', (s) => s.ask({ kind: 'reset', target: null })),
    move('full', (s) => s.tell({ kind: 'store', writable: false, reason: 'disk full' })),
    move('writable', (s) => s.tell({ kind: 'store', writable: true, reason: '' })),
    move('controller dies', (s) => s.controllerDies('nothing').controllerReturns()),
    move('controller dies early', (s) => s.controllerDies('commands').controllerReturns()),
  ),
  fc.tuple(fc.integer({ min: 1, max: 12 }), anyTime).map(([records, ms]) =>
    move(`controller dies after ${records}, away for ${ms} ms`, (s) => {
      s.diesAfter(records).passes(ms);
      if (s.isDead()) s.controllerReturns();
      else s.diesAfter(Number.POSITIVE_INFINITY);
    }),
  ),
);

const anyStory = fc.tuple(
  fc.integer({ min: 2, max: 3 }),
  fc.array(anyMove, { minLength: 1, maxLength: 25 }),
);
const runs = { numRuns: 300 };

function play(replicas: number, moves: readonly Move[]): Scenario {
  const spec = stack([database('db', { replicas }), service('api', { needs: ['db'] })]);
  const s = new Scenario(spec);
  s.roles.counts = true;
  s.ask({ kind: 'up' }).passes(2_000);
  for (const { make } of moves) make(s);
  return s.passes(1);
}

describe('whatever happens to a group', () => {
  test('no acknowledged write is lost, no two are primary, and the state is the fold', () => {
    fc.assert(
      fc.property(anyStory, ([replicas, moves]) => {
        const s = play(replicas, moves);
        assert.deepEqual(replay(s.records), s.state);
        assert.deepEqual(JSON.parse(JSON.stringify(s.state)), s.state);
      }),
      runs,
    );
  });

  test('once the faults are over, it serves, all standbys are eligible, nothing stays open', () => {
    fc.assert(
      fc.property(anyStory, ([replicas, moves]) => {
        const s = play(replicas, moves);
        s.tell({ kind: 'store', writable: true, reason: '' }).mendAll();
        s.roles.mendAll();
        s.ask({ kind: 'up' }).passes(60_000);
        for (let number = 1; number <= replicas; number += 1)
          seenAs(instanceId('db', number), true)(s);
        s.endAll().passes(3_600_000);
        const { servedAt, change, eligible, primary } = s.groupState('db');
        const told = `${s.group('db')} ${s.note(primary ?? 'db/1')}`;
        assert.ok(servedAt !== null && change === null, told);
        assert.equal(eligible.length, replicas - 1, told);
        assert.deepEqual(s.route('db'), [`${primary} serving`]);
        assert.deepEqual(s.state.open, []);
        assert.deepEqual(s.state.services['db']?.queue, []);
        assert.deepEqual(s.state.requests, {});
        assert.deepEqual(s.state.timers, {});
      }),
      runs,
    );
  });

  test('down ends everything', () => {
    fc.assert(
      fc.property(anyStory, ([replicas, moves]) => {
        const s = play(replicas, moves);
        s.roles.mendAll();
        s.ask({ kind: 'down' }).passes(120_000);
        assert.equal(s.state.alive, 0);
        assert.deepEqual(s.state.open, []);
        assert.deepEqual(s.state.requests, {});
      }),
      runs,
    );
  });
});
