import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Happening } from '../model/event.ts';
import type { RoleSeen } from '../model/group.ts';
import type { InstanceId } from '../model/ids.ts';
import type { Sample } from '../model/sample.ts';
import type { ServiceSpec } from '../model/stack-spec.ts';
import { RoleWatch } from './role-watch.ts';

const service = { name: 'db', driver: 'postgres', replicas: 2, failover: {} } as ServiceSpec;

function setUp() {
  const state = {
    now: 1_000,
    runs: new Map<InstanceId, number>([['db/1', 1]]),
    looks: [] as InstanceId[],
    seen: new Map<InstanceId, RoleSeen | Error>(),
    told: [] as Happening[],
    samples: [] as Sample[],
    services: [{ ...service, name: 'plain', failover: undefined } as never, service],
    delays: [] as number[],
  };
  let timer: (() => void) | null = null;
  const watch = new RoleWatch({
    clock: {
      now: () => state.now,
      after: (delayMs, callback) => {
        state.delays.push(delayMs);
        timer = callback;
        return () => {
          timer = null;
        };
      },
    },
    services: () => state.services,
    runOf: (_, instance) => state.runs.get(instance) ?? null,
    look: async (_, instance) => {
      state.looks.push(instance);
      const seen = state.seen.get(instance) ?? new Error('no answer');
      if (seen instanceof Error) throw seen;
      return seen;
    },
    push: (happening) => state.told.push(happening),
    add: (samples) => state.samples.push(...samples),
  });
  watch.begin();
  const pass = async (ms: number) => {
    for (const end = state.now + ms; state.now < end; ) {
      state.now += 250;
      timer?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { state, watch, pass, isOn: () => timer !== null };
}

function primary(lagBytes: number, synchronous = true): RoleSeen {
  const standbys = [{ instance: 'db/2' as const, synchronous, lagBytes }];
  return { role: 'primary', epoch: 1, standbys, streaming: false };
}

test('what differs is told once; a lag only when it is of another size', async () => {
  const { state, pass } = setUp();
  state.seen.set('db/1', primary(0));
  await pass(5_000);
  assert.deepEqual(state.told, [{ kind: 'role-seen', instance: 'db/1', seen: primary(0) }]);
  state.seen.set('db/1', primary(60_000));
  await pass(5_000);
  assert.equal(state.told.length, 1);
  state.seen.set('db/1', primary(1_000_000));
  await pass(5_000);
  assert.equal(state.told.length, 2);
  state.seen.set('db/1', primary(1_000_000, false));
  await pass(5_000);
  assert.equal(state.told.length, 3);
  assert.deepEqual(state.samples.at(-1), {
    ...{ component: 'db/2', signal: 'replication.lag_bytes', value: 1_000_000 },
    at: state.samples.at(-1)?.at,
  });
});

test('each second, and at once when something was done or is seen to change', async () => {
  const { state, watch, pass } = setUp();
  state.seen.set('db/1', primary(0));
  await pass(500);
  // The second look sees whether more has changed.
  assert.equal(state.looks.length, 2);
  await pass(10_000);
  assert.equal(state.looks.length, 12);
  watch.soon(service);
  await pass(250);
  assert.equal(state.looks.length, 13);
});

test('a standby that does not receive yet is looked at sooner', async () => {
  const { state, pass } = setUp();
  const standby = { role: 'standby', epoch: 1, standbys: [] } as const;
  state.seen.set('db/1', { ...standby, streaming: false });
  await pass(2_000);
  assert.equal(state.looks.length, 8);
  state.seen.set('db/1', { ...standby, streaming: true });
  await pass(250);
  assert.equal(state.told.length, 2);
});

test('another run is told anew; one that does not answer is asked again', async () => {
  const { state, pass } = setUp();
  await pass(2_000);
  assert.deepEqual(state.told, []);
  assert.equal(state.looks.length, 2);
  state.seen.set('db/1', primary(0));
  await pass(2_000);
  state.runs.delete('db/1');
  await pass(2_000);
  state.runs.set('db/1', 2);
  await pass(2_000);
  assert.equal(state.told.length, 2);
});

test('closed, it looks no more', async () => {
  const { watch, isOn } = setUp();
  watch.close();
  assert.equal(isOn(), false);
});

test('what a standby that is lost lacks is counted, and told as it grows by a tenth', async () => {
  const { state, pass } = setUp();
  const leads = (transactions: number): RoleSeen => ({ ...primary(0), standbys: [], transactions });
  state.runs.set('db/2', 1);
  const standby = { role: 'standby' as const, epoch: 1, standbys: [], streaming: true };
  state.seen.set('db/2', { ...standby, transactions: 1_000 });
  state.seen.set('db/1', { ...primary(0), transactions: 1_000 });
  await pass(3_000);
  const before = state.told.length;
  // While it follows, what it lacks is told with its lag alone.
  state.seen.set('db/1', { ...primary(0), transactions: 1_050 });
  await pass(3_000);
  assert.equal(state.told.length, before);
  state.runs.delete('db/2');
  for (let transactions = 1_050; transactions <= 2_000; transactions += 1) {
    state.seen.set('db/1', leads(transactions));
    await pass(1_000);
  }
  const told = state.told.slice(before).flatMap((one) => {
    return one.kind === 'role-seen' ? (one.seen.lacks ?? []) : [];
  });
  assert.ok(told.length > 20 && told.length < 60, `${told.length} told`);
  const last = told.at(-1);
  assert.equal(last?.instance, 'db/2');
  assert.ok((last?.transactions ?? 0) > 900 && (last?.transactions ?? 0) <= 1_000);
});

test('without roles to look at it wakes up once a second, until there are some', async () => {
  const { state, pass } = setUp();
  const [plain] = state.services.splice(0, 2);
  state.services.push(plain as never);
  await pass(250);
  state.delays.length = 0;
  await pass(250);
  assert.deepEqual(state.delays, [500], 'at the next full second');
  assert.deepEqual(state.looks, []);
  state.services.push(service);
  await pass(250);
  assert.deepEqual([state.delays.at(-1), state.looks], [250, ['db/1']]);
});
