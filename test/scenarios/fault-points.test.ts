/**
 * The controller is killed at every named fault point, at start-up, while an instance is healed or
 * restarted, and at `down`. Whatever the moment: what was asked for is done, nothing runs twice,
 * nothing is left, and the log has no gap.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import {
  type FaultPoint,
  type failoverPoints,
  faultPoints,
  type recoveryPoints,
} from '../../src/ports/fault-point.ts';
import { processesOf, until } from './harness.ts';
import { allReady, greeting, logWithoutGaps, type OnlyOnce, onlyOnce } from './only-once.ts';

const rounds = process.env['DARUMA_TEST_LONG'] === '1' ? 5 : 1;

type Phase = 'up' | 'heal' | 'restart' | 'down';

/** The others have a test of their own. */
type OwnPoint = Exclude<
  FaultPoint,
  (typeof failoverPoints)[number] | (typeof recoveryPoints)[number]
>;

/** In which phases each point is passed. */
const passed: Readonly<Record<OwnPoint, readonly Phase[]>> = {
  'up.locked': ['up'],
  'up.store-open': ['up'],
  'up.recovered': ['up'],
  'up.looked': ['up'],
  'records.before-append': ['up', 'heal', 'down'],
  'records.after-append': ['up', 'heal', 'down'],
  'command.before': ['up', 'heal', 'down'],
  'start.prepared': ['up', 'heal'],
  'start.gone': ['up', 'heal'],
  'launch.before-run-file': ['up', 'heal'],
  'launch.after-run-file': ['up', 'heal'],
  'launch.after-gate': ['up', 'heal'],
  'order.recorded': ['up'],
  'order.after-run-file': ['up'],
  'order.given': ['up'],
  'stop.drained': ['restart', 'down'],
  'stop.after-signal': ['restart', 'down'],
  'stop.before-kill': ['restart', 'down'],
  'stop.stopped': ['restart', 'down'],
  'down.replied': ['down'],
  'down.endpoints-closed': ['down'],
};

/** The run is on record and its program never ran: that can't be told from an end unseen. */
const neverRan: OwnPoint = 'launch.after-run-file';

/** The file whose absence arms the fault point. */
class Guard {
  readonly file: string;

  constructor(directory: string) {
    this.file = path.join(directory, 'struck');
  }

  /** Runs a phase with the point armed or not, and sees that it struck if it was to. */
  async during(armed: boolean, work: () => Promise<void>): Promise<void> {
    if (armed) rmSync(this.file, { force: true });
    else writeFileSync(this.file, '');
    await work();
    assert.ok(existsSync(this.file), 'the fault point was passed');
  }
}

async function up({ made, port }: OnlyOnce, point: OwnPoint, guard: Guard): Promise<void> {
  await made.up({ DARUMA_FAULT_POINT: point, DARUMA_FAULT_ONCE: guard.file });
  await until('the endpoint leads to an instance', () => greeting(port));
  // Orders are given a while after the start, and later ones are not asked for in this test.
  if (point.startsWith('order.')) await until('it struck', () => existsSync(guard.file));
}

async function heal({ made, taken }: OnlyOnce, point: OwnPoint): Promise<void> {
  const pid = await until('front/1 runs', async () => (await made.instance('front/1')).pid);
  process.kill(pid, 'SIGKILL');
  await until('front/1 is ready again', async () => {
    const all = await allReady(made);
    return all?.some((one) => one.id === 'front/1' && one.pid !== pid);
  });
  const due = point === neverRan ? ['base/1', 'front/1'] : ['front/1'];
  const blamed = (await made.incidents()).map(({ component }) => component ?? 'nobody');
  const ours = blamed.filter((one) => due.includes(one) || !taken().has(one));
  assert.deepEqual(ours.sort(), due, await made.story());
}

async function restart({ made }: OnlyOnce): Promise<void> {
  const pid = await made.pid('front/2');
  const { code, stderr } = await made.daruma('restart', 'front/2');
  assert.equal(code, 0, stderr);
  await until('front/2 is ready again', async () => {
    const all = await allReady(made);
    return all?.some((one) => one.id === 'front/2' && one.pid !== pid);
  });
}

async function down({ made }: OnlyOnce): Promise<void> {
  const { code, stderr } = await made.daruma('down');
  assert.equal(code, 0, stderr);
  await until('no process is left', () => processesOf(made.directory).length === 0);
}

async function scenario(t: TestContext, point: OwnPoint): Promise<void> {
  const stack = await onlyOnce(t);
  const guard = new Guard(stack.made.directory);
  const during = (phase: Phase, work: () => Promise<void>) =>
    guard.during(passed[point].includes(phase), work);
  const restarts = passed[point].includes('restart');
  await during('up', () => up(stack, point, guard));
  await (restarts
    ? during('restart', () => restart(stack))
    : during('heal', () => heal(stack, point)));
  await during('down', () => down(stack));
  const expected = { 'base/1': 1, 'front/1': restarts ? 1 : 2, 'front/2': restarts ? 2 : 1 };
  const records = await logWithoutGaps(stack.made);
  const story = records.map(({ seq, record }) => `${seq} ${JSON.stringify(record)}`).join('\n');
  assert.deepEqual(stack.starts(), expected, story);
}

describe('the controller is killed at', { concurrency: 3 }, () => {
  for (let round = 0; round < rounds; round += 1) {
    const own = Object.keys(passed) as OwnPoint[];
    for (const point of own) test(point, (t) => scenario(t, point));
  }
});

test('each fault point is used in exactly one place', () => {
  const root = path.resolve(import.meta.dirname, '../../src');
  const text = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((file) => /(?<!\.test)\.ts$/.test(file))
    .map((file) => readFileSync(path.join(root, file), 'utf8'))
    .join('\n');
  const used = [...text.matchAll(/\bfaultPoint\('([^']+)'\)/g)].map(([, name]) => name);
  assert.deepEqual(used.sort(), [...faultPoints].sort());
});
