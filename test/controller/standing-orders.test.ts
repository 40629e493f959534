/** Standing orders over real processes; the engine is asked by hand. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { StandingOrders } from '../../src/controller/standing-orders.ts';
import { systemClock } from '../../src/controller/system-clock.ts';
import { initialState, step } from '../../src/engine/index.ts';
import { service, stack } from '../../src/engine/stack.fixture.ts';
import type { EngineEvent, Happening } from '../../src/model/event.ts';
import type { RecordBody } from '../../src/model/record.ts';
import type { ServiceSpec } from '../../src/model/stack-spec.ts';
import { atEnd } from '../at-end.ts';
import { lives, type Scene, scene, shell, start, textOf, until } from '../supervise/scene.ts';

const id = 'api/1';

/** One instance that runs, and an engine that was told so. */
class Stand {
  readonly at: Scene;
  readonly noted: RecordBody[] = [];
  readonly logged: string[] = [];
  readonly #clock = systemClock();
  readonly #state = initialState();
  readonly #orders: StandingOrders;

  constructor(t: TestContext, changes: Partial<ServiceSpec>) {
    this.at = scene(t);
    this.#orders = new StandingOrders({
      clock: this.#clock,
      processes: this.at.processes,
      state: () => this.#state,
      note: (body) => this.#note(body),
      log: (text) => this.logged.push(text),
    });
    atEnd(t, () => this.#orders.close());
    this.tell({ kind: 'configured', spec: stack([service('api', changes)]) });
    const request = { kind: 'up' } as const;
    this.tell({ kind: 'requested', requestId: 'up', by: 'test', request });
  }

  #note(body: RecordBody): void {
    this.noted.push(body);
    const record = { at: this.#clock.now(), ...body };
    this.#orders.hear([{ seq: this.noted.length, record, unrecorded: false }]);
  }

  /** `heeded` false: it comes to the engine only. */
  tell(happening: Happening, heeded = true): void {
    const at = this.#clock.now();
    const event = { ...happening, at, random: 0.5 } as EngineEvent;
    const { records } = step(this.#state, event);
    if (heeded) this.#orders.heed(event, records);
  }

  /** Starts what the engine wants started. */
  async run(): Promise<number> {
    const launch = shell('echo $$ >>ran; exec sleep 1000', { workingDir: this.at.directory });
    const { pid } = await start(this.at.processes, launch);
    const action = this.#state.instances[id]?.action ?? 'a0';
    this.tell({ kind: 'started', instance: id, action, pid, port: null });
    this.tell({ kind: 'ready', instance: id });
    return pid;
  }

  /** The engine can't be asked any more. */
  breakEngine(): void {
    Reflect.deleteProperty(this.#state.services['api']?.spec ?? {}, 'restart');
  }

  get kinds(): string[] {
    return this.noted.map(({ kind }) => kind);
  }

  ran(): number[] {
    return textOf(`${this.at.directory}/ran`).split('\n').slice(0, -1).map(Number);
  }

  async ordered(): Promise<void> {
    await until('it has an order', () => this.at.processes.order(id) === 'given');
  }

  /** It is killed; the engine is told by the test. */
  async die(pid: number): Promise<Happening> {
    const before = this.at.exits.length;
    process.kill(pid, 'SIGKILL');
    const [instance, exit] = await until('the exit was told', () => this.at.exits[before]);
    return { kind: 'exited', instance, exit };
  }
}

const maintenanceAsked = {
  kind: 'requested',
  requestId: 'rest',
  by: 'test',
  request: { kind: 'maintenance', service: 'api', forMs: null, untilHealthy: false },
} as const;

test('an order goes on record, is carried out, and counts no more', async (t) => {
  const stand = new Stand(t, {});
  const first = await stand.run();
  await stand.ordered();
  assert.deepEqual(stand.noted, [{ kind: 'order-given', instances: [id] }]);
  stand.tell(await stand.die(first));
  await until('the next one ran', () => stand.ran().length === 2);
  const second = await stand.run();
  assert.deepEqual(stand.ran(), [first, second]);
  assert.deepEqual(stand.kinds, ['order-given']);
  assert.deepEqual(stand.logged, []);
});

test('what the engine does not start is ended at once, and that is told', async (t) => {
  const stand = new Stand(t, {});
  const first = await stand.run();
  await stand.ordered();
  stand.tell(maintenanceAsked, false);
  const exited = await stand.die(first);
  await until('the next one ran', () => stand.ran().length === 2);
  stand.tell(exited);
  await until('it ended', () => !stand.ran().some(lives));
  await until('that is told', () => stand.kinds.length === 2);
  assert.deepEqual(stand.kinds, ['order-given', 'order-withdrawn']);
});

test('what speaks against an order withdraws it', async (t) => {
  const stand = new Stand(t, {});
  await stand.run();
  await stand.ordered();
  stand.tell(maintenanceAsked);
  assert.notEqual(stand.at.processes.order(id), 'given');
  await until('that is told', () => stand.kinds.includes('order-withdrawn'));
});

test('after a crash there is one again when the run has lasted', async (t) => {
  const restart = {
    policy: 'unless-stopped',
    backoffInitialMs: 60_000,
    backoffMaxMs: 60_000,
    resetAfterMs: 3_000,
  } as const;
  const stand = new Stand(t, { restart });
  const first = await stand.run();
  await stand.ordered();
  stand.tell(await stand.die(first));
  await until('the next one ran', () => stand.ran().length === 2);
  const second = await stand.run();
  await stand.ordered();
  assert.deepEqual(stand.kinds, ['order-given', 'order-given']);
  assert.ok(lives(second));
});

test('when the engine cannot be asked any more, no order stays in force', async (t) => {
  const stand = new Stand(t, {});
  const first = await stand.run();
  await stand.ordered();
  stand.breakEngine();
  stand.tell({ kind: 'suspect', instance: id, suspected: true });
  await until('that is told', () => stand.kinds.includes('order-withdrawn'));
  assert.match(stand.logged.join(), /^no more standing orders: /);
  assert.notEqual(stand.at.processes.order(id), 'given');
  assert.deepEqual(stand.ran(), [first]);
});
