/**
 * Daruma itself fails: the controller is killed, or hangs; the keeper or the endpoint process is
 * killed. What it supervises goes on, is adopted, and is looked after again.
 */
import assert from 'node:assert/strict';
import { statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { LogRecord } from '../../src/model/record.ts';
import { identify } from '../../src/ports/process-identity.ts';
import { greetings } from './greetings.ts';
import { type Bench, bench, processesOf, until } from './harness.ts';
import {
  allReady,
  endpointPid,
  greeting,
  instances,
  logWithoutGaps,
  onlyOnce,
} from './only-once.ts';
import { controllerPid, keeperPid } from './own-processes.ts';

const rounds = process.env['DARUMA_TEST_LONG'] === '1' ? 20 : 3;

function kill(pid: number, signal: NodeJS.Signals = 'SIGKILL'): void {
  process.kill(pid, signal);
}

function isRefused(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => resolve(false)).on('error', () => resolve(true));
    socket.on('connect', () => socket.destroy());
  });
}

async function pids(made: Bench): Promise<(number | null)[]> {
  return (await instances(made)).map(({ pid }) => pid);
}

function nextController(made: Bench, before: number): Promise<number> {
  return until('another controller decides', async () => {
    const pid = controllerPid(made);
    if (pid === before) return null;
    const { state } = await made.view();
    return state === 'running' ? pid : null;
  });
}

function healed(made: Bench, id: string, before: number) {
  return until(`${id} is ready again`, async () => {
    const all = await allReady(made);
    return all?.find((one) => one.id === id && one.pid !== before);
  });
}

/** What the latest controller wrote when it looked at what runs. */
async function lookOf(made: Bench): Promise<LogRecord[]> {
  const records = (await made.events()).map(({ record }) => record);
  const from = records.findLastIndex(({ kind }) => kind === 'looking');
  const to = records.findLastIndex(({ kind }) => kind === 'looked');
  return records.slice(from + 1, to);
}

async function down(made: Bench): Promise<void> {
  assert.equal((await made.daruma('down')).code, 0);
  await until('no process is left', () => processesOf(made.directory).length === 0);
  await logWithoutGaps(made);
}

/** A service that takes as long to become ready as the test wants. */
const slowStack = `
name: slow
services:
  slow:
    command: [sleep, "1000"]
    healthcheck:
      test: [CMD-SHELL, "echo >>asked; test -e well"]
      interval: 100ms
      timeout: 20s
      retries: 2
      start_period: 10m
`;

/** A module for NODE_OPTIONS: on SIGUSR2 the controller, and nobody else, computes without end. */
const blocker = `
if (/controller-main/.test(process.argv[1] ?? '')) process.on('SIGUSR2', () => { for (;;); });
`;

describe('Daruma itself fails', { concurrency: 3 }, () => {
  test('the controller killed under load: adopted, nothing twice, no failure', async (t) => {
    const { made, port, starts } = await onlyOnce(t);
    await made.up();
    const before = await pids(made);
    const load = greetings(t, port, 200);
    for (let round = 0; round < rounds; round += 1) {
      const killed = controllerPid(made);
      kill(killed);
      await nextController(made, killed);
      const adopted = (await lookOf(made)).filter(({ kind }) => kind === 'instance-adopted');
      assert.equal(adopted.length, 3);
    }
    const { begun, greeted, cut, refused } = await load.stop();
    assert.deepEqual({ greeted, cut, refused }, { greeted: begun, cut: 0, refused: [] });
    assert.deepEqual(await pids(made), before);
    assert.deepEqual(await made.incidents(), []);
    assert.deepEqual(starts(), { 'base/1': 1, 'front/1': 1, 'front/2': 1 });
    await down(made);
  });

  test('a fault right after a kill of the controller is healed', async (t) => {
    const { made, starts } = await onlyOnce(t);
    await made.up();
    const killed = controllerPid(made);
    const victim = await made.pid('front/1');
    kill(killed);
    await nextController(made, killed);
    kill(victim);
    await healed(made, 'front/1', victim);
    assert.deepEqual(starts(), { 'base/1': 1, 'front/1': 2, 'front/2': 1 });
  });

  test('an instance that ends while there is no controller is seen', async (t) => {
    const { made, starts } = await onlyOnce(t);
    await made.up();
    const killed = controllerPid(made);
    const victim = await made.pid('front/2');
    kill(killed, 'SIGSTOP');
    kill(victim);
    kill(killed);
    await healed(made, 'front/2', victim);
    assert.deepEqual(starts(), { 'base/1': 1, 'front/1': 1, 'front/2': 2 });
    const [incident, ...others] = await made.incidents();
    assert.deepEqual(others, []);
    assert.equal(incident?.component, 'front/2');
    await down(made);
  });

  test('what is still starting when the controller is killed keeps its start period', async (t) => {
    const made = await bench(t, slowStack);
    const [asked, well] = ['asked', 'well'].map((name) => path.join(made.directory, name));
    assert.ok(asked && well);
    const up = made.up();
    const pid = await until('it runs', async () => (await made.instance('slow/1')).pid);
    kill(controllerPid(made));
    await until('it is adopted', async () =>
      (await lookOf(made)).some(({ kind }) => kind === 'instance-adopted'),
    );
    const before = statSync(asked).size;
    await until('it is asked again and again', () => statSync(asked).size > before + 10);
    writeFileSync(well, '');
    await up;
    assert.equal(await made.pid('slow/1'), pid);
    assert.deepEqual(await made.incidents(), []);
  });

  test('a stopped controller is replaced, and what it missed is seen', async (t) => {
    const { made, port, starts } = await onlyOnce(t);
    await made.up();
    const hung = controllerPid(made);
    const victim = await made.pid('front/1');
    const { port: own } = await made.instance('front/1');
    kill(hung, 'SIGSTOP');
    kill(victim);
    // Until its last thread has ended the kernel may accept connections that nobody answers.
    await until('nobody listens there any more', () => isRefused(own ?? 0));
    const load = greetings(t, port, 50);
    await healed(made, 'front/1', victim);
    const { begun, greeted } = await load.stop();
    assert.equal(greeted, begun, 'the other instance serves all');
    assert.equal(identify(hung), null);
    assert.match(await made.controllerLog(), new RegExp(`controller ${hung} hangs`));
    assert.deepEqual(starts(), { 'base/1': 1, 'front/1': 2, 'front/2': 1 });
  });

  test('a controller whose loop is blocked is replaced', async (t) => {
    const { made, starts } = await onlyOnce(t);
    const module = path.join(made.directory, 'blocker.cjs');
    writeFileSync(module, blocker);
    await made.up({ NODE_OPTIONS: `--require ${module}` });
    const hung = controllerPid(made);
    kill(hung, 'SIGUSR2');
    await nextController(made, hung);
    assert.match(await made.controllerLog(), new RegExp(`controller ${hung} hangs`));
    const victim = await made.pid('front/1');
    kill(victim);
    await healed(made, 'front/1', victim);
    assert.deepEqual(starts(), { 'base/1': 1, 'front/1': 2, 'front/2': 1 });
    await down(made);
  });

  test('the keeper killed: another takes over, and nothing is restarted', async (t) => {
    const { made, port, starts } = await onlyOnce(t);
    await made.up();
    const before = await pids(made);
    const keeper = keeperPid(made);
    const controller = controllerPid(made);
    const load = greetings(t, port, 100);
    kill(keeper);
    await nextController(made, controller);
    assert.notEqual(keeperPid(made), keeper);
    const { begun, greeted, cut, refused } = await load.stop();
    assert.deepEqual({ greeted, cut, refused }, { greeted: begun, cut: 0, refused: [] });
    assert.deepEqual(await pids(made), before);
    assert.deepEqual(starts(), { 'base/1': 1, 'front/1': 1, 'front/2': 1 });
    await down(made);
  });

  test('the endpoint process killed at 300 connections per second: none refused', async (t) => {
    const { made, port } = await onlyOnce(t);
    await made.up();
    const load = greetings(t, port, 300);
    for (let round = 0; round < rounds; round += 1) {
      const killed = endpointPid(made);
      kill(killed);
      await until('another endpoint process serves', async () => {
        return endpointPid(made) !== killed && (await greeting(port));
      });
      const { greeted } = load.tally;
      await until('it serves on', () => load.tally.greeted > greeted + 100);
    }
    const { begun, greeted, cut, refused } = await load.stop();
    assert.deepEqual(refused, []);
    assert.equal(greeted + cut, begun);
    assert.deepEqual(await made.incidents(), []);
    await down(made);
  });
});
