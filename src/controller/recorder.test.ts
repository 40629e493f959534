import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Command } from '../model/command.ts';
import type { LogRecord, StoredRecord } from '../model/record.ts';
import type { Clock } from '../ports/clock.ts';
import type { Lasting, Store } from '../ports/store.ts';
import { endsWithBoot } from './lasting.ts';
import { Recorder } from './recorder.ts';

type Options = NonNullable<Parameters<Store['append']>[1]>;

/** A store whose appends are answered by the test. */
class ScriptedStore {
  readonly appends: {
    readonly records: readonly LogRecord[];
    readonly unrecorded: boolean;
    readonly lasts: Lasting;
    readonly succeed: () => Promise<void>;
    readonly fail: (reason: string) => Promise<void>;
  }[] = [];
  #seq = 0;

  append(records: readonly LogRecord[], options?: Options): Promise<number> {
    return new Promise((resolve, reject) => {
      this.appends.push({
        records,
        unrecorded: options?.unrecorded ?? false,
        lasts: options?.lasts ?? 'always',
        succeed: () => {
          this.#seq += records.length;
          resolve(this.#seq);
          return settled();
        },
        fail: (reason) => {
          reject(new Error(reason));
          return settled();
        },
      });
    });
  }
}

/** Time that passes only when told to. */
class ManualClock implements Clock {
  #now = 1_000;
  #timers: { readonly due: number; readonly callback: () => void }[] = [];
  now(): number {
    return this.#now;
  }
  after(delayMs: number, callback: () => void): () => void {
    const timer = { due: this.#now + delayMs, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }
  async advance(ms: number): Promise<void> {
    this.#now += ms;
    const due = this.#timers.filter((timer) => timer.due <= this.#now);
    this.#timers = this.#timers.filter((timer) => timer.due > this.#now);
    for (const timer of due) timer.callback();
    await settled();
  }
}

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));
const record = (ms: number): LogRecord => ({ at: ms, kind: 'slept', ms });
const passing: LogRecord = { at: 5, kind: 'instance-ready', instance: 'api/1' };
const safe = (instance: `${string}/${number}`): Command => ({
  kind: 'start',
  instance,
  action: 'a1',
  unrecordedOk: true,
});
const unsafe = (requestId: string): Command => ({
  kind: 'reply',
  requestId,
  error: null,
  message: '',
  unrecordedOk: false,
});

function setUp() {
  const store = new ScriptedStore();
  const clock = new ManualClock();
  const ran: Command[] = [];
  const stored: StoredRecord[] = [];
  const writable: boolean[] = [];
  const recorder = new Recorder({
    store: store as unknown as Store,
    clock,
    lastSeq: 0,
    run: (command) => ran.push(command),
    endsWithBoot: (command) => endsWithBoot(command, (instance) => instance === 'outside/1'),
    onStored: (records) => stored.push(...records),
    onWritable: (now) => writable.push(now),
  });
  return { store, clock, ran, stored, writable, recorder };
}

test('a command runs only once its records are durable', async () => {
  const { store, ran, stored, recorder } = setUp();
  recorder.add([record(1)], [safe('api/1')], null);
  assert.deepEqual(ran, []);
  await store.appends[0]?.succeed();
  assert.deepEqual(ran, [safe('api/1')]);
  assert.deepEqual(stored, [{ seq: 1, record: record(1), unrecorded: false }]);
});

test('what comes while an append is under way shares the next one, in order', async () => {
  const { store, ran, recorder } = setUp();
  recorder.add([record(1)], [safe('api/1')], null);
  recorder.add([record(2)], [safe('api/2')], null);
  recorder.add([record(3)], [unsafe('r')], null);
  await store.appends[0]?.succeed();
  assert.deepEqual(store.appends[1]?.records, [record(2), record(3)]);
  await store.appends[1]?.succeed();
  assert.deepEqual(ran, [safe('api/1'), safe('api/2'), unsafe('r')]);
  assert.equal(recorder.lastSeq, 3);
});

test('while the store fails the safe goes on, the rest waits; all is recorded after', async () => {
  const { store, clock, ran, stored, writable, recorder } = setUp();
  recorder.add([record(1)], [safe('api/1'), unsafe('r')], null);
  await store.appends[0]?.fail('disk full');
  assert.deepEqual(ran, [safe('api/1')]);
  assert.deepEqual(writable, [false]);
  recorder.add([record(2)], [safe('api/2')], null);
  assert.deepEqual(ran, [safe('api/1'), safe('api/2')]);
  await clock.advance(1_000);
  await store.appends[1]?.fail('disk full');
  await clock.advance(1_000);
  await store.appends[2]?.succeed();
  assert.deepEqual(ran, [safe('api/1'), safe('api/2'), unsafe('r')]);
  assert.deepEqual(writable, [false, true]);
  assert.deepEqual(
    stored.map(({ seq, unrecorded }) => [seq, unrecorded]),
    [
      [1, true],
      [2, true],
    ],
  );
});

test('a store that is merely slow holds up what is safe only for its patience', async () => {
  const { store, clock, ran, writable, recorder } = setUp();
  recorder.add([record(1)], [safe('api/1'), unsafe('r')], null);
  await clock.advance(1_999);
  assert.deepEqual(ran, []);
  await clock.advance(1);
  assert.deepEqual(ran, [safe('api/1')]);
  await store.appends[0]?.succeed();
  assert.deepEqual(ran, [safe('api/1'), unsafe('r')]);
  assert.deepEqual(writable, [false, true]);
});

test('a pause of our own is none of the store’s slowness', async () => {
  const { store, clock, ran, writable, recorder } = setUp();
  recorder.add([record(1)], [safe('api/1')], null);
  await clock.advance(2_700);
  assert.deepEqual(writable, []);
  await store.appends[0]?.succeed();
  assert.deepEqual([ran, writable], [[safe('api/1')], []]);
  recorder.add([record(2)], [safe('api/2')], null);
  await clock.advance(2_700);
  await clock.advance(2_000);
  assert.deepEqual(writable, [false], 'it was awake since, and heard nothing');
});

test('a start that waits is not carried out after a stop that did not wait', async () => {
  const { store, clock, ran, recorder } = setUp();
  const start: Command = { ...safe('api/1'), unrecordedOk: false };
  const stop: Command = {
    kind: 'stop',
    instance: 'api/1',
    action: 'a2',
    hurry: false,
    unrecordedOk: true,
  };
  recorder.add([record(1)], [start], null);
  await store.appends[0]?.fail('disk full');
  recorder.add([record(2)], [stop], null);
  assert.deepEqual(ran, [stop]);
  for (const append of [1, 2, 3]) {
    await clock.advance(1_000);
    await store.appends[append]?.succeed();
  }
  assert.deepEqual(ran, [stop]);
});

test('what ends with the machine waits for no disk; what reaches further does', async () => {
  const { store, ran, recorder } = setUp();
  const answer = unsafe('r');
  recorder.add([passing], [answer, safe('outside/1'), safe('api/1')], null);
  recorder.add([record(1)], [safe('api/2')], null);
  assert.deepEqual(store.appends[0]?.records, [passing]);
  assert.equal(store.appends[0]?.lasts, 'boot');
  await store.appends[0]?.succeed();
  assert.deepEqual(ran, [safe('api/1')]);
  assert.deepEqual(store.appends[1]?.records, [record(1)]);
  assert.equal(store.appends[1]?.lasts, 'always');
  await store.appends[1]?.succeed();
  assert.deepEqual(ran, [safe('api/1'), answer, safe('outside/1'), safe('api/2')]);
});

test('the disk has what was kept a moment later; that it can’t is told', async () => {
  const { store, clock, ran, writable, recorder } = setUp();
  recorder.add([passing], [safe('api/1')], null);
  await store.appends[0]?.succeed();
  recorder.add([passing], [safe('api/2')], null);
  await store.appends[1]?.succeed();
  assert.equal(ran.length, 2);
  await clock.advance(100);
  assert.deepEqual([store.appends[2]?.records, store.appends[2]?.lasts], [[], 'always']);
  await store.appends[2]?.fail('disk full');
  assert.deepEqual(writable, [false]);
  await clock.advance(1_000);
  await store.appends[3]?.succeed();
  assert.deepEqual(writable, [false, true]);
  await clock.advance(1_000);
  assert.equal(store.appends.length, 4, 'nothing is left to be synced');
});
