/**
 * The controller is killed at every named point of a change of primary. Whatever the moment: a
 * fence that has begun is completed (F1), what was decided is completed and never decided anew
 * (F7), all come back, and every acknowledged write is there once.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { isSound } from '../../src/ledger/judge.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import type { LogRecord } from '../../src/model/record.ts';
import { failoverPoints } from '../../src/ports/fault-point.ts';
import { freePort } from '../free-port.ts';
import { arm } from './fault-arming.ts';
import { type Bench, bench, until } from './harness.ts';
import { greeting } from './only-once.ts';

type Point = (typeof failoverPoints)[number];
type Cause = 'primary killed' | 'standby killed' | 'switchover';

const inDatabase: Readonly<Partial<Record<Point, Cause>>> = {
  'fence.begun': 'primary killed',
  'fence.after-stop': 'primary killed',
  'fence.after-mark': 'primary killed',
  'survey.after': 'primary killed',
  'promote.before': 'primary killed',
  'promote.after': 'primary killed',
  'follow.after': 'primary killed',
  'set-eligible.after': 'standby killed',
  'admit.after': 'standby killed',
  'quiesce.after': 'switchover',
};
const inProgram: Readonly<Partial<Record<Point, Cause>>> = {
  'promote.before-start': 'primary killed',
  'promote.after-start': 'primary killed',
};

interface Group {
  readonly epoch: number;
  readonly primary: string;
  readonly eligible: readonly string[];
  readonly serves: boolean;
  /** All epochs, in the order in which they were decided. */
  readonly epochs: readonly number[];
}

/** As the log tells it. */
async function groupOf(made: Bench): Promise<Group> {
  let group: Group = { epoch: 0, primary: '', eligible: [], serves: false, epochs: [] };
  for (const { record } of await made.events()) group = told(group, record);
  return group;
}

function told(group: Group, record: LogRecord): Group {
  if (record.kind === 'primary-chosen') {
    const { epoch, primary, eligible } = record;
    return { epoch, primary, eligible, serves: false, epochs: [...group.epochs, epoch] };
  }
  if (record.kind === 'primary-serves') return { ...group, serves: true };
  if (record.kind === 'eligible-changed') return { ...group, eligible: record.eligible };
  return group;
}

/** Steady, with all standbys in step where the service has data. */
function whole(made: Bench, eligible: number): Promise<Group> {
  return until('the group is whole', async () => {
    const group = await groupOf(made);
    const view = await made.view();
    const ready = view.services[0]?.instances.every(({ phase }) => phase === 'ready');
    return ready && group.serves && group.eligible.length === eligible ? group : null;
  });
}

async function bringAbout(made: Bench, cause: Cause, { primary }: Group): Promise<void> {
  if (cause === 'switchover') {
    // The controller dies over it: whether it took place is told by the log.
    void made.daruma('switchover', 'db', '--limit', '5s');
    return;
  }
  const all = (await made.view()).services[0]?.instances ?? [];
  const whom = all.find(({ id }) => (id === primary) === (cause === 'primary killed'));
  if (whom?.pid == null) throw new Error(`nobody runs to be hit: ${cause}`);
  process.kill(whom.pid, 'SIGKILL');
}

/** How often the role goes to another. A switchover that is asked for again may find connections
 * that are busy for too long, and then changes nothing. */
const changesOf: Readonly<Record<Cause, readonly number[]>> = {
  'primary killed': [1],
  'standby killed': [0],
  switchover: [0, 1],
};

/** What came to nothing, and by which rule. */
async function failures(made: Bench): Promise<string> {
  const reasons = (await made.events()).flatMap(({ record }) =>
    record.kind === 'action-outcome' && record.outcome === 'failed' ? [record.reason] : [],
  );
  return reasons.join('; ');
}

/** Kills the controller at one point; the group is whole again afterwards. */
async function strike(made: Bench, point: Point, cause: Cause, eligible: number): Promise<void> {
  const struck = await arm(made, point);
  const before = await whole(made, eligible);
  rmSync(struck, { force: true });
  await bringAbout(made, cause, before);
  await until('the controller was killed', () => existsSync(struck));
  const after = await whole(made, eligible);
  const changes = after.epoch - before.epoch;
  const told = `${changes} changes of primary: ${await failures(made)}`;
  assert.ok(changesOf[cause].includes(changes), told);
  const wanted = Array.from({ length: after.epoch }, (_, index) => index + 1);
  assert.deepEqual(after.epochs, wanted, 'each epoch was decided once');
}

function rounds(points: Readonly<Partial<Record<Point, Cause>>>): [Point, Cause][] {
  return Object.entries(points) as [Point, Cause][];
}

async function database(t: TestContext): Promise<void> {
  const port = await freePort();
  const many = 'recovery: { max_actions: 1000 per 10m }';
  const made = await bench(
    t,
    `name: points
${many}
services:
  db:
    driver: postgres
    replicas: 3
    endpoint: ${port}
    failover: { durability: synchronous }
    ${many}
    healthcheck: { interval: 500ms, timeout: 5s, retries: 3, start_period: 60s }
    postgres: { users: { app: { password: test, owner: true } } }
`,
  );
  await made.up();
  const target = { host: '127.0.0.1', port, user: 'app', password: 'test', database: 'app' };
  const random = () => 0.5;
  const ledger = await Ledger.begin({
    target,
    clients: 2,
    everyMs: 20,
    impatientOneIn: 1e9,
    random,
  });
  for (const [point, cause] of rounds(inDatabase)) {
    await t.test(`${point}, ${cause}`, () => strike(made, point, cause, 2));
  }
  const judgement = await ledger.end();
  assert.ok(judgement.acknowledged > 0);
  assert.ok(isSound(judgement), JSON.stringify(judgement));
}

async function program(t: TestContext): Promise<void> {
  const port = await freePort();
  const made = await bench(
    t,
    `name: points
recovery: { max_actions: 1000 per 10m }
services:
  job:
    command: ["\${DARUMA_NODE}", "${path.join(import.meta.dirname, 'services/only-primary.ts')}"]
    replicas: 2
    endpoint: ${port}
    failover: { standby: hot }
    recovery: { max_actions: 1000 per 10m }
`,
  );
  made.environment['REIGNS'] = path.join(made.directory, 'reigns');
  for (const [point, cause] of rounds(inProgram)) {
    await t.test(`${point}, ${cause}`, () => strike(made, point, cause, 0));
  }
  const reigns = readFileSync(made.environment['REIGNS'], 'utf8').trimEnd().split('\n');
  const epochs = reigns.map((line) => line.split(' ').slice(0, 2).join(' '));
  assert.deepEqual([...new Set(epochs)], ['reign 1', 'reign 2', 'reign 3']);
  assert.match(await greeting(port), /^primary 3$/);
}

describe('the controller is killed at', () => {
  test('a point of a database’s fail-over', database);
  test('a point of a program’s fail-over', program);
});

test('every point is struck', () => {
  const struck = [...rounds(inDatabase), ...rounds(inProgram)].map(([point]) => point);
  assert.deepEqual(struck.sort(), [...failoverPoints].sort());
});
