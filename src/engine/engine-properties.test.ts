import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { anyKnowledge } from '../learn/knowledge.fixture.ts';
import type { EngineEvent } from '../model/event.ts';
import { type InstanceId, serviceOf } from '../model/ids.ts';
import type { LogRecord } from '../model/record.ts';
import type {
  DependencyCondition,
  ServiceSpec,
  StackSpec,
  UserActionSpec,
} from '../model/stack-spec.ts';
import { type FaultKind, faultKinds, symptomKinds } from '../model/symptom.ts';
import { replay } from './apply.ts';
import { routeTargets } from './routing.ts';
import { Scenario } from './scenario.fixture.ts';
import { dependency, service, stack } from './stack.fixture.ts';
import { type EngineState, initialState, instancesOf } from './state.ts';
import { step } from './step.ts';
import { nextTimer } from './timers.ts';

const names = ['a', 'b', 'c', 'd'] as const;

/** Up to four services; each may depend on those before it. */
const anyStack: fc.Arbitrary<StackSpec> = fc
  .array(
    fc.record({
      replicas: fc.integer({ min: 1, max: 3 }),
      needs: fc.subarray([0, 1, 2]),
      budget: fc.integer({ min: 1, max: 5 }),
      condition: fc.constantFrom<DependencyCondition>('service_started', 'service_healthy'),
      required: fc.boolean(),
      action: fc.constantFrom('none', 'safe', 'destructive'),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((list) => {
    const spec = stack(
      list.map(({ replicas, needs, budget, condition, required, action }, index): ServiceSpec => {
        const below = needs.filter((one) => one < index).flatMap((one) => names[one] ?? []);
        const dependsOn = below.map((name) => dependency(name, condition, required));
        const base = service(names[index] ?? 'a', { replicas, dependsOn, actions: own(action) });
        const recovery = { ...base.recovery, budget: { count: budget, windowMs: 600_000 } };
        return { ...base, recovery };
      }),
    );
    const told = spec.services.map(
      ({ name, replicas, dependsOn }) =>
        `${name}×${replicas} needs ${dependsOn.map((one) => one.service).join('+')}`,
    );
    return Object.defineProperty(spec, fc.toStringMethod, { value: () => told.join('; ') });
  });

function own(kind: string): UserActionSpec[] {
  if (kind === 'none') return [];
  const destructive = kind === 'destructive';
  const mends: FaultKind[] = ['error', 'hang', 'corruption'];
  const command = { argv: ['mend'] };
  return [{ name: kind, command, mends, costMs: 100, destructive, timeoutMs: 1000 }];
}

const anyInstance = fc
  .tuple(fc.constantFrom(...names), fc.integer({ min: 1, max: 3 }))
  .map(([name, number]) => `${name}/${number}` as InstanceId);

interface Move {
  readonly name: string;
  readonly make: (s: Scenario) => void;
}

/** A move that a counterexample can name. */
function move(name: string, make: Move['make']): Move {
  return Object.assign({ name, make }, { [fc.toStringMethod]: () => name });
}

const anyExit = fc.constantFrom<number | string>('SIGKILL', 'SIGSEGV', 1, 0, 'unknown');
const anySickness = fc.constantFrom<'hangs' | 'fails' | 'dies'>('hangs', 'fails', 'dies');
const anyWish = fc.constantFrom<'start' | 'stop' | 'restart'>('start', 'stop', 'restart');
const observed = symptomKinds.filter((kind) => !['exit', 'oom', 'start-failed'].includes(kind));
const anyTime = fc.oneof(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 30_000 }));

/** What may befall a stack. */
const anyMove: fc.Arbitrary<Move> = fc.oneof(
  fc.tuple(anyInstance, anyExit).map(([id, how]) =>
    move(`${id} exits ${how}`, (s) => {
      if (s.isRunning(id)) s.exits(id, how);
    }),
  ),
  fc
    .tuple(anyInstance, anySickness)
    .map(([id, how]) => move(`${id} ${how}`, (s) => s.turns(id, how))),
  anyInstance.map((id) => move(`${id} mended`, (s) => s.mended(id))),
  fc
    .tuple(anyInstance, fc.boolean())
    .map(([id, retryable]) =>
      move(`${id} cannot start ${retryable}`, (s) => s.cannotStart(id, 'port taken', retryable)),
    ),
  fc
    .tuple(anyInstance, fc.constantFrom(...observed))
    .map(([id, kind]) => move(`${id} shows ${kind}`, (s) => s.shows(id, kind))),
  anyInstance.map((id) => move(`${id} ceases`, (s) => s.ceases(id))),
  fc
    .tuple(anyInstance, fc.boolean())
    .map(([instance, suspected]) =>
      move(`${instance} suspect ${suspected}`, (s) =>
        s.tell({ kind: 'suspect', instance, suspected }),
      ),
    ),
  fc.constantFrom(
    move('controller dies', (s) => s.controllerDies('nothing').controllerReturns()),
    move('controller dies early', (s) => s.controllerDies('commands').controllerReturns()),
    move('slept', (s) => s.tell({ kind: 'slept', ms: 3000 })),
    move('full', (s) => s.tell({ kind: 'store', writable: false, reason: 'disk full' })),
    move('writable', (s) => s.tell({ kind: 'store', writable: true, reason: '' })),
    move('up', (s) => s.ask({ kind: 'up' })),
    move('reset', (s) => s.ask({ kind: 'reset', target: null })),
    move('down', (s) => s.ask({ kind: 'down' })),
    move('approve', (s) => s.ask({ kind: 'approve', incident: 'i1' })),
    move('reject', (s) => s.ask({ kind: 'reject', incident: 'i1' })),
    move('stops fail', (s) => s.stopsFail(true)),
    move('stops succeed', (s) => s.stopsFail(false)),
  ),
  fc
    .tuple(anyInstance, anyWish)
    .map(([target, kind]) => move(`${kind} ${target}`, (s) => s.ask({ kind, target }))),
  anyKnowledge(names).map((knowledge) =>
    move('hostile knowledge', (s) => s.ask({ kind: 'import-knowledge', knowledge })),
  ),
  fc
    .tuple(anyInstance, fc.constantFrom(...faultKinds), fc.boolean())
    .map(([instance, fault, ends]) =>
      move(`drill ${instance} ${fault} ${ends ? 'ends' : 'begins'}`, (s) =>
        s.ask(ends ? { kind: 'drill-end', instance } : { kind: 'drill-begin', instance, fault }),
      ),
    ),
  fc
    .tuple(fc.constantFrom(...names), anyTime, fc.boolean())
    .map(([service, forMs, untilHealthy]) =>
      move(`maintenance of ${service}`, (s) =>
        s.ask({ kind: 'maintenance', service, forMs, untilHealthy }),
      ),
    ),
  fc
    .constantFrom(...names)
    .map((service) =>
      move(`end of maintenance`, (s) => s.ask({ kind: 'maintenance-end', service })),
    ),
  fc
    .integer({ min: 1, max: 3 })
    .map((replicas) =>
      move(`${replicas} of each`, (s) =>
        s.tell({ kind: 'configured', spec: withReplicas(s.state, replicas) }),
      ),
    ),
  anyTime.map((ms) => move(`${ms} ms pass`, (s) => s.passes(ms))),
);

/** Another definition of the same stack. */
function withReplicas({ stack: defined, services }: EngineState, replicas: number): StackSpec {
  assert.ok(defined);
  const stays = Object.values(services).filter((one) => !one.removed);
  return { ...defined, services: stays.map(({ spec }) => ({ ...spec, replicas })) };
}

const anyStory = fc.tuple(anyStack, fc.array(anyMove, { maxLength: 25 }));
const runs = { numRuns: 150 };

function play(spec: StackSpec, moves: readonly Move[]): Scenario {
  const s = new Scenario(spec).ask({ kind: 'up' }).passes(2000);
  for (const { make } of moves) make(s);
  return s.passes(1);
}

describe('whatever happens', () => {
  test('the state is the fold of the records', () => {
    fc.assert(
      fc.property(anyStory, ([spec, moves]) => {
        const s = play(spec, moves);
        assert.deepEqual(replay(s.records), s.state);
        assert.deepEqual(JSON.parse(JSON.stringify(s.state)), s.state);
      }),
      runs,
    );
  });

  test('no service gets more actions than its budget in any window', () => {
    fc.assert(
      fc.property(anyStory, ([spec, moves]) => {
        const quiet = moves.filter(({ name }) => name !== 'reset' && name !== 'approve');
        const s = play(spec, quiet);
        for (const one of spec.services) checkBudget(one, s.records);
      }),
      runs,
    );
  });

  test('under maintenance nothing is begun by itself', () => {
    fc.assert(
      fc.property(anyStory, ([spec, moves]) => {
        const s = play(spec, moves).passes(60_000);
        const under = new Set<string>();
        const planned = new Map(s.planned().map((one) => [one.action, one]));
        for (const record of s.records) {
          if (record.kind === 'maintenance-began') under.add(record.service);
          if (record.kind === 'maintenance-ended') under.delete(record.service);
          if (record.kind !== 'action-begun' || record.incident === null) continue;
          const { kind, target } = planned.get(record.action) ?? { kind: 'wait', target: '' };
          const ends = kind === 'wait' || kind === 'put-back';
          assert.ok(ends || !under.has(serviceOf(target) ?? ''), `${kind} ${target}`);
        }
        assert.deepEqual([...under], [], 'it ends by itself');
      }),
      runs,
    );
  });

  test('every decision has evidence or was asked for, and carries its reason', () => {
    fc.assert(
      fc.property(anyStory, ([spec, moves]) => {
        const s = play(spec, moves);
        for (const record of s.records) {
          if (record.kind !== 'action-planned') continue;
          assert.notEqual(record.planned.reason, '');
          if (record.incident === null) assert.match(record.planned.reason, /asked for it$/);
          else assert.ok(hadSymptom(s.records, record), record.planned.reason);
        }
      }),
      runs,
    );
  });

  test('a command is given once per action, and every request is answered once', () => {
    fc.assert(
      fc.property(anyStory, ([spec, moves]) => {
        const alive = moves.filter(({ name }) => !name.startsWith('controller'));
        const s = play(spec, alive).passes(60_000);
        const given = [...s.sent('start'), ...s.sent('stop'), ...s.sent('run')];
        const keys = given.map((one) => `${one.kind} ${one.action}`);
        assert.equal(new Set(keys).size, keys.length, keys.join(', '));
        const replies = s.sent('reply').map((one) => one.requestId);
        assert.equal(new Set(replies).size, replies.length);
      }),
      runs,
    );
  });

  test('a service with a ready instance always leads somewhere', () => {
    fc.assert(
      fc.property(anyStory, ([spec, moves]) => {
        const s = play(spec, moves);
        for (const { name } of spec.services) {
          const ready = instancesOf(s.state, name).some((one) => one.phase === 'ready');
          const serves = s.route(name).some((one) => one.endsWith('serving'));
          assert.equal(serves, ready, `${name}: ${s.route(name).join(', ')}`);
          const leads = routeTargets(s.state, name).map((one) => `${one.instance} ${one.state}`);
          assert.deepEqual(s.route(name), leads, `${name}: what was commanded last`);
        }
      }),
      runs,
    );
  });

  test('once the faults are over, everything comes back and no incident stays open', () => {
    fc.assert(
      fc.property(anyStory, ([spec, moves]) => {
        // What was sick before it was defined shows nothing here.
        const same = moves.filter(({ name }) => !name.endsWith('of each'));
        const s = play(spec, same);
        s.tell({ kind: 'store', writable: true, reason: '' })
          .stopsFail(false)
          .mendAll()
          .ask({ kind: 'up' });
        s.passes(60_000).endAll().passes(3_600_000);
        for (const one of Object.values(s.state.instances)) {
          const done = one.phase === 'ready' || one.phase === 'completed';
          assert.ok(done, `${one.id} is ${one.phase} (${one.note})`);
        }
        assert.deepEqual(s.state.open, []);
        assert.deepEqual(s.state.timers, {});
        assert.deepEqual(s.state.actions, {});
      }),
      runs,
    );
  });

  test('down ends everything, and nothing is left to wait for', () => {
    fc.assert(
      fc.property(anyStory, ([spec, moves]) => {
        const s = play(spec, moves).stopsFail(false).ask({ kind: 'down' }).passes(120_000);
        assert.equal(s.state.alive, 0);
        assert.deepEqual(s.state.open, []);
        assert.deepEqual(s.state.requests, {});
        assert.deepEqual(s.state.timers, {});
      }),
      runs,
    );
  });
});

describe('events that make no sense', () => {
  const anyAction = fc.integer({ min: 1, max: 30 }).map((number) => `a${number}` as const);
  const anyHappening = fc.oneof(
    fc.record({ kind: fc.constant('started' as const), instance: anyInstance, action: anyAction }),
    fc.record({ kind: fc.constant('stopped' as const), instance: anyInstance, action: anyAction }),
    fc.record({ kind: fc.constant('ready' as const), instance: anyInstance }),
    fc.record({ kind: fc.constant('looked' as const) }),
    fc.record({
      kind: fc.constant('timer' as const),
      timer: fc
        .tuple(fc.constantFrom('verify', 'slow', 'recheck', 'confirm'), anyAction)
        .map(([name, action]) => `${name}:i${action.slice(1)}`),
    }),
    fc.record({
      kind: fc.constant('confirmed' as const),
      instance: anyInstance,
      healthy: fc.boolean(),
      evidence: fc.constant(''),
    }),
    fc.record({
      kind: fc.constant('action-finished' as const),
      action: anyAction,
      ok: fc.boolean(),
      error: fc.constant(null),
    }),
  );

  test('are taken without harm', () => {
    fc.assert(
      fc.property(anyStory, fc.array(anyHappening), ([spec, moves], happenings) => {
        const { state, at, records } = play(spec, moves.slice(0, 8));
        for (const [index, happening] of happenings.entries()) {
          const filled = { pid: 1, port: 1, ...happening };
          const event = { at: at + index, random: 0.5, ...filled } as EngineEvent;
          records.push(...step(state, event).records);
        }
        assert.deepEqual(replay(records), state);
      }),
      runs,
    );
  });
});

test('resolved incidents are forgotten beyond their number, the oldest first', () => {
  const s = new Scenario(stack([service('a', { restart: always })])).up();
  for (let index = 0; index < 230; index += 1) {
    s.shows('a/1', 'log', { name: `n${index}` })
      .ceases('a/1', `n${index}`)
      .passes(1);
  }
  assert.equal(s.incidents().length, 200);
  assert.equal(s.incidents()[0]?.id, 'i31');
});

test('a step costs the same in a large stack', () => {
  const small = recordsOfCrash(3);
  const large = recordsOfCrash(600);
  assert.equal(large, small);
});

const always = { ...service('x').restart, policy: 'always' as const };

/** Counts what a crash touches: the same number of records, whatever else there is. */
function recordsOfCrash(count: number): number {
  const services = Array.from({ length: count }, (_, index) => service(`s${index}`));
  const s = new Scenario(stack(services)).up();
  const touched = watchReads(s.state);
  s.exits('s0/1', 'SIGKILL');
  return touched();
}

/** Counts how often instances other than by their id are reached. */
function watchReads(state: EngineState): () => number {
  let reads = 0;
  state.instances = new Proxy(state.instances, {
    get: (target, key) => {
      reads += 1;
      return Reflect.get(target, key);
    },
  });
  return () => reads;
}

function checkBudget(spec: ServiceSpec, records: readonly LogRecord[]): void {
  const { count, windowMs } = spec.recovery.budget;
  const own = new Set<string>();
  const times: number[] = [];
  for (const record of records) {
    if (record.kind === 'action-planned' && record.planned.target.startsWith(`${spec.name}/`)) {
      const { kind, action } = record.planned;
      if (kind !== 'wait' && kind !== 'ask-person') own.add(action);
    }
    const counts = record.kind === 'action-begun' && record.incident !== null && !record.spared;
    if (counts && own.has(record.action)) times.push(record.at);
  }
  for (const at of times) {
    const within = times.filter((time) => time > at - windowMs && time <= at).length;
    assert.ok(within <= count, `${spec.name}: ${within} of ${count}`);
  }
}

/** Its incident had a symptom before it was planned. */
function hadSymptom(
  records: readonly LogRecord[],
  planned: LogRecord & { readonly kind: 'action-planned' },
): boolean {
  return records
    .slice(0, records.indexOf(planned))
    .some(
      (one) =>
        (one.kind === 'incident-opened' || one.kind === 'incident-joined') &&
        one.incident === planned.incident,
    );
}

test('the earliest timer comes first', () => {
  const state = initialState();
  state.timers = { a: 5, b: 3, c: 9 };
  assert.deepEqual(nextTimer(state), { timer: 'b', due: 3 });
  assert.equal(nextTimer(initialState()), null);
});
