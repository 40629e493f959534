/** The state directory is full, read-only, or slow, and then well again. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import type { StoredRecord } from '../../src/model/record.ts';
import type { StackView } from '../../src/model/view.ts';
import { identify } from '../../src/ports/process-identity.ts';
import { atEnd } from '../at-end.ts';
import { freePort } from '../free-port.ts';
import { canMount } from '../store/state-dir.ts';
import { type Bench, bench, until } from './harness.ts';
import { controllerPid, killController } from './own-processes.ts';

const service = path.join(import.meta.dirname, 'services/api.ts');
const mayMount = canMount();

const stack = (port: number) => `
name: stored
services:
  api:
    command: ["\${DARUMA_NODE}", ${service}]
    replicas: 2
    endpoint: ${port}
    environment: { INSTANCE: "\${INSTANCE}" }
    healthcheck: { http: /healthz, interval: 500ms, timeout: 20s, retries: 2, start_period: 30s }
    recovery: { max_actions: 100 per 1m }
    restart: { backoff: { initial: 1ms, max: 1ms } }
`;

/** A stack whose state directory is a small disk of its own. */
async function onSmallDisk(t: TestContext): Promise<Bench> {
  const stand = await bench(t, stack(await freePort()));
  mkdirSync(stand.stateDir, { mode: 0o700 });
  run('mount', '-t', 'tmpfs', '-o', 'size=4m,mode=700', 'tmpfs', stand.stateDir);
  atEnd(t, async () => {
    rmSync(filler(stand), { force: true });
    await stand.daruma('down');
    run('umount', '-l', stand.stateDir);
  });
  await stand.up();
  return stand;
}

/**
 * Whoever opens a file of the state directory by its name meets a read-only file system. It is made
 * aside, where nobody can have a file open for writing, which the kernel would refuse as busy.
 */
function readOnly(t: TestContext, stand: Bench): () => void {
  const aside = mkdtempSync(path.join(tmpdir(), 'daruma-test-'));
  run('mount', '--bind', stand.stateDir, aside);
  run('mount', '-o', 'remount,ro,bind', aside);
  run('mount', '--bind', aside, stand.stateDir);
  run('umount', '-l', aside);
  rmdirSync(aside);
  let mounted = true;
  const mend = () => {
    if (mounted) run('umount', '-l', stand.stateDir);
    mounted = false;
  };
  atEnd(t, mend);
  return mend;
}

/** Kills the controller; resolves with what the next one, which can lock nothing, says. */
async function anotherController(stand: Bench, before: number): Promise<StackView> {
  process.kill(before, 'SIGKILL');
  await until('it is dead', () => identify(before) === null);
  return until('another one decides', async () => {
    const view = await stand.view();
    return view.state === 'running' && !view.storeWritable && view;
  });
}

/** By what is told of the current run, for the controller that comes next. */
function runFile(stand: Bench, instance: string): { readonly pid: number } {
  const name = `run/instances/${instance.replace('/', '.')}.json`;
  return JSON.parse(readFileSync(path.join(stand.stateDir, name), 'utf8'));
}

function run(program: string, ...args: readonly string[]): void {
  execFileSync(program, args, { stdio: ['ignore', 'ignore', 'inherit'] });
}

const filler = (stand: Bench) => path.join(stand.stateDir, 'filler');

function fill(stand: Bench): void {
  for (const size of [65_536, 1]) {
    try {
      for (;;) writeFileSync(filler(stand), 'x'.repeat(size), { flag: 'a' });
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
    }
  }
}

async function writable(stand: Bench, wanted: boolean): Promise<void> {
  await until(`the log can${wanted ? '' : 'not'} be written`, async () => {
    return (await stand.view()).storeWritable === wanted;
  });
}

async function restarted(stand: Bench): Promise<number> {
  const pid = await stand.pid('api/1');
  process.kill(pid, 'SIGKILL');
  return until('it is restarted', async () => {
    const now = await stand.instance('api/1');
    return now.phase === 'ready' && now.routed === 'serving' && now.pid !== pid && now.pid;
  });
}

/** All records, after checking that none is missing between them. */
async function records(stand: Bench): Promise<StoredRecord[]> {
  const all = await stand.events();
  assert.deepEqual(
    all.map(({ seq }) => seq),
    all.map((_, index) => index + 1),
  );
  return all;
}

/** Restarts go on, a person's wish waits, people are told; then all is well again. */
async function goesOnFromMemory(stand: Bench, mend: () => void): Promise<void> {
  let restarts = 1;
  let pid = await restarted(stand);
  // What is left of the log's own room is used up first.
  for (; (await stand.view()).storeWritable; restarts += 1) pid = await restarted(stand);
  assert.match((await stand.daruma('ps')).stdout, /the log can’t be written/);
  const other = await stand.pid('api/2');
  const stopping = stand.daruma('stop', 'api/2');
  await until('it is asked for', async () => (await stand.instance('api/2')).phase === 'stopping');
  const again = await restarted(stand);
  assert.notEqual(again, pid);
  assert.notEqual(identify(other), null, 'what was not recorded is not done');
  mend();
  assert.equal((await stopping).code, 0);
  assert.equal(identify(other), null);
  await writable(stand, true);
  const starts = (await records(stand)).filter(
    ({ record }) => record.kind === 'instance-started' && record.instance === 'api/1',
  );
  assert.equal(starts.length, restarts + 2, 'what was done meanwhile is there');
  assert.ok((await records(stand)).some(({ unrecorded }) => unrecorded));
}

async function wellAgain(stand: Bench): Promise<void> {
  const pid = await stand.pid('api/1');
  await killController(stand);
  assert.equal(await stand.pid('api/1'), pid, 'adopted');
  assert.equal((await stand.instance('api/2')).phase, 'stopped');
  assert.equal((await stand.daruma('start', 'api/2')).code, 0);
  await until('both are ready', async () => {
    const { services } = await stand.view();
    return services[0]?.instances.every(({ phase }) => phase === 'ready');
  });
  await records(stand);
  assert.equal((await stand.daruma('down')).code, 0);
}

if (mayMount) {
  test('full: restarts go on from memory, the rest waits', async (t) => {
    const stand = await onSmallDisk(t);
    fill(stand);
    await goesOnFromMemory(stand, () => rmSync(filler(stand)));
    await wellAgain(stand);
  });

  test('full: a controller that comes back adopts what was started meanwhile', async (t) => {
    const stand = await onSmallDisk(t);
    fill(stand);
    const pid = await restarted(stand);
    const other = await stand.pid('api/2');
    await killController(stand);
    assert.deepEqual([await stand.pid('api/1'), await stand.pid('api/2')], [pid, other]);
    await restarted(stand);
    rmSync(filler(stand));
    await writable(stand, true);
    await records(stand);
    assert.equal((await stand.daruma('down')).code, 0);
  });
}

if (mayMount) {
  test('read-only: another controller adopts what runs, and restarts go on', async (t) => {
    const stand = await bench(t, stack(await freePort()));
    await stand.up();
    const pids = [await stand.pid('api/1'), await stand.pid('api/2')];
    const mend = readOnly(t, stand);
    const { services } = await anotherController(stand, controllerPid(stand));
    assert.deepEqual(
      services[0]?.instances.map(({ pid }) => pid),
      pids,
      'adopted',
    );
    assert.match((await stand.daruma('ps')).stdout, /is on a read-only file system/);
    const again = await restarted(stand);
    const late = await stand.daruma('stop', 'api/2', '--timeout', '1');
    assert.deepEqual([late.code, /log can’t be written/.test(late.stderr)], [7, true], late.stderr);
    assert.notEqual(identify(pids[1] ?? 0), null, 'what was not recorded is not done');
    mend();
    assert.equal((await stand.daruma('stop', 'api/2')).code, 0);
    await writable(stand, true);
    await until('the next controller will find it', () => runFile(stand, 'api/1').pid === again);
    await until('it has the lock', () => controllerPid(stand) > 0);
    assert.doesNotMatch((await stand.daruma('ps')).stdout, /read-only/);
    assert.equal(await stand.pid('api/1'), again);
    await wellAgain(stand);
  });

  test('read-only: nothing is started from there, and why is said', async (t) => {
    const stand = await bench(t, stack(await freePort()));
    mkdirSync(stand.stateDir, { mode: 0o700 });
    const mend = readOnly(t, stand);
    const { code, stderr } = await stand.daruma('up', '--detach');
    assert.deepEqual(
      [code, /\.daruma can't be written: .*read-only/.test(stderr)],
      [6, true],
      stderr,
    );
    mend();
    await stand.up();
  });
} else {
  test('read-only, full: untested, nothing may be mounted; writable is no news', async (t) => {
    const stand = await bench(t, stack(await freePort()));
    await stand.up();
    assert.doesNotMatch((await stand.daruma('ps')).stdout, /read-only|can’t be written/);
  });
}

test('slow: a second for each commit holds up no restart for good', async (t) => {
  const stand = await bench(t, stack(await freePort()));
  await stand.up({ DARUMA_STORE_SYNC_DELAY_MS: '1000' });
  const other = await stand.pid('api/2');
  await restarted(stand);
  assert.equal((await stand.daruma('stop', 'api/2')).code, 0);
  assert.equal(identify(other), null);
  await records(stand);
  await wellAgain(stand);
});
