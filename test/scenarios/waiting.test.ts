/** `start`, `stop` and `restart` return when it is done, or say why it is not. */

import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { identify } from '../../src/ports/process-identity.ts';
import { type Bench, bench, until } from './harness.ts';
import { killController } from './own-processes.ts';

/** What `program` holds is read at each start, and says which process of the instance is healthy:
 * what one before it said counts no more. */
const stack = `
name: waited
services:
  gated:
    command: ["/bin/sh", "./program"]
    replicas: 2
    stop_grace_period: 2m
    restart: { backoff: { initial: 50ms, max: 200ms } }
    environment: { INSTANCE: "\${INSTANCE}" }
    healthcheck:
      # A zombie has no program.
      test: [CMD-SHELL, 'test -e /proc/$(cat "$INSTANCE")/exe']
      interval: 100ms
      timeout: 5s
      start_period: 1h
  job:
    command: "true"
    restart: no
`;

/** Healthy once there is a file `open`. */
const gate = `while [ ! -e open ]; do sleep 0.05; done
mkdir -p gated
echo $$ > $INSTANCE
`;
const lasting = `${gate}exec sleep 1000\n`;
/** Does not end when it is asked to. */
const stubborn = `trap '' TERM\n${gate}while :; do sleep 1; done\n`;
const failing = 'echo no licence was found >&2; exit 1\n';

function open(stand: Bench): void {
  writeFileSync(path.join(stand.directory, 'open'), '');
}

function shut(stand: Bench): void {
  rmSync(path.join(stand.directory, 'open'));
}

function program(stand: Bench, text: string): void {
  writeFileSync(path.join(stand.directory, 'program'), text);
}

async function up(t: TestContext, text = lasting): Promise<Bench> {
  const stand = await bench(t, stack);
  program(stand, text);
  open(stand);
  await stand.up();
  return stand;
}

async function phase(stand: Bench, id: string): Promise<string> {
  return (await stand.instance(id)).phase;
}

test('each returns when it is done', async (t) => {
  const stand = await up(t);
  const pids = [await stand.pid('gated/1'), await stand.pid('gated/2')];
  const { code, stdout, stderr } = await stand.daruma('restart', 'gated');
  assert.equal(code, 0, stderr);
  const now = [await stand.instance('gated/1'), await stand.instance('gated/2')];
  assert.deepEqual(
    now.map((one) => [one.phase, pids.includes(one.pid ?? 0)]),
    [
      ['ready', false],
      ['ready', false],
    ],
  );
  const [first, second] = now;
  assert.match(stdout, new RegExp(`^gated/1 is ready \\(pid ${first?.pid}\\)$`, 'm'));
  const stopped = await stand.json<{ message: string; instances: { phase: string }[] }>(
    'stop',
    'gated/2',
  );
  assert.equal(stopped.message, 'gated/2 is stopped');
  assert.deepEqual(
    stopped.instances.map((one) => one.phase),
    ['stopped'],
  );
  assert.equal(identify(second?.pid ?? 0), null);
  assert.equal((await stand.daruma('start', 'gated/2')).code, 0);
  assert.equal(await phase(stand, 'gated/2'), 'ready');
  assert.match((await stand.daruma('restart', 'job')).stdout, /job\/1 is completed/);
  assert.match((await stand.daruma('restart', 'job')).stdout, /job\/1 is completed/, 'again');
  assert.equal((await stand.daruma('restart', 'gate')).code, 9);
});

test('with --no-wait at once; with --timeout not for ever', async (t) => {
  const stand = await up(t);
  shut(stand);
  const pid = await stand.pid('gated/1');
  assert.match((await stand.daruma('restart', 'gated/1', '--no-wait')).stdout, /^restarting gated/);
  await until('another runs', async () => {
    const now = await stand.instance('gated/1');
    return now.phase === 'running' && now.pid !== pid;
  });
  const late = await stand.daruma('start', 'gated/1', '--timeout', '1');
  assert.deepEqual([late.code, /gated\/1 is running/.test(late.stderr)], [7, true], late.stderr);
  open(stand);
  assert.equal((await stand.daruma('start', 'gated/1')).code, 0);
  assert.equal(await phase(stand, 'gated/1'), 'ready');

  program(stand, stubborn);
  assert.equal((await stand.daruma('restart', 'gated/1')).code, 0);
  const endless = await stand.daruma('stop', 'gated/1', '--timeout', '1');
  assert.deepEqual([endless.code, /is stopping/.test(endless.stderr)], [7, true], endless.stderr);
  const asked = await stand.daruma('stop', 'gated/1', '--no-wait');
  assert.deepEqual([asked.code, asked.stdout], [0, 'stopping gated/1\n']);
  assert.equal(await phase(stand, 'gated/1'), 'stopping');
  process.kill(await stand.pid('gated/1'), 'SIGKILL');
  assert.equal((await stand.daruma('stop', 'gated/1')).code, 0);
  assert.equal(await phase(stand, 'gated/1'), 'stopped');
});

test('what comes to nothing is an error with the reason', async (t) => {
  const stand = await up(t);
  const second = await stand.pid('gated/2');
  program(stand, failing);
  const failed = await stand.daruma('restart', 'gated');
  assert.equal(failed.code, 1, failed.stdout);
  assert.match(failed.stderr, /gated\/1: it exited/);
  assert.equal(await stand.pid('gated/2'), second, 'left alone');
  const started = await stand.daruma('start', 'gated/1');
  assert.equal(started.code, 1, started.stdout);
  assert.match(started.stderr, /needs a person.*no licence was found/s);
  program(stand, lasting);
  assert.equal((await stand.daruma('restart', 'gated')).code, 0);
  assert.notEqual(await stand.pid('gated/2'), second);
});

test('over a death of the controller, and until somebody stops it after all', async (t) => {
  const stand = await up(t);
  shut(stand);
  const restarted = stand.daruma('restart', 'gated/1');
  await until('it runs', async () => (await phase(stand, 'gated/1')) === 'running');
  await killController(stand);
  open(stand);
  const { code, stderr } = await restarted;
  assert.equal(code, 0, stderr);
  assert.equal(await phase(stand, 'gated/1'), 'ready');
  shut(stand);
  const overtaken = stand.daruma('restart', 'gated/2');
  await until('it runs', async () => (await phase(stand, 'gated/2')) === 'running');
  assert.equal((await stand.daruma('stop', 'gated/2')).code, 0);
  const end = await overtaken;
  assert.ok([1, 8].includes(end.code), `${end.code}: ${end.stderr}`);
  assert.match(end.stderr, /it is to be stopped|overtaken by a later stop/);
});
