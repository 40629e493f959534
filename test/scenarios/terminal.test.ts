/** On a terminal: of `up`, Ctrl-C is `down`, a second one hurries, `d` leaves it running; what a
 * restart comes by is told. */
import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { identify } from '../../src/ports/process-identity.ts';
import { atEnd } from '../at-end.ts';
import { type Bench, bench, until } from './harness.ts';
import { keeperPid } from './own-processes.ts';

const main = path.resolve(import.meta.dirname, '../../src/main.ts');
const family = path.join(import.meta.dirname, 'services/family.ts');
const ctrlC = '\u0003';

const stack = `
name: attended
services:
  quick:
    command: ["\${DARUMA_NODE}", ${family}]
    environment: { ALONE: 1 }
`;
const stubborn = `${stack}
  stubborn:
    command: sh -c "trap '' TERM; for i in $$(seq 1200); do sleep 0.1; done"
    depends_on: [quick]
    stop_grace_period: 1h
`;

interface Terminal {
  readonly child: ChildProcessByStdio<Writable, Readable, null>;
  readonly shown: () => string;
  readonly exit: Promise<unknown>;
}

/** A command on a terminal of its own, by util-linux's `script`. */
function terminal(t: TestContext, stand: Bench, ...command: string[]): Terminal {
  const asked = command.length === 0 ? ['up'] : command;
  const words = [process.execPath, '--disable-warning=ExperimentalWarning', main, ...asked];
  const line = words.map((word) => `'${word}'`).join(' ');
  const child = spawn('script', ['-qefc', line, '/dev/null'], {
    cwd: stand.directory,
    env: stand.environment,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  atEnd(t, () => child.kill('SIGKILL'));
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  // Not `exit`: what it wrote last may still be on its way then.
  const exit = once(child, 'close').then(([code]) => code as unknown);
  return { child, shown: () => text, exit };
}

async function ready({ shown }: Terminal): Promise<void> {
  await until('everything is ready', () => shown().includes('everything is ready'));
}

test('Ctrl-C is down', async (t) => {
  const stand = await bench(t, stack);
  const up = terminal(t, stand);
  await ready(up);
  const keeper = keeperPid(stand);
  const pid = await stand.pid('quick/1');
  up.child.stdin.write(ctrlC);
  assert.equal(await up.exit, 0);
  assert.match(up.shown(), /going down; Ctrl-C again hurries/);
  assert.match(up.shown(), /the stack is down/);
  assert.deepEqual([identify(pid), identify(keeper)], [null, null]);
});

test('a second Ctrl-C hurries', async (t) => {
  const stand = await bench(t, stubborn);
  const up = terminal(t, stand);
  await ready(up);
  const pid = await stand.pid('stubborn/1');
  up.child.stdin.write(ctrlC);
  await until('it is being stopped', async () => {
    return (await stand.instance('stubborn/1')).phase === 'stopping';
  });
  // Two within 300 ms count as one: npm and the terminal may both pass it on.
  await pause(500);
  up.child.stdin.write(ctrlC);
  assert.equal(await up.exit, 0);
  assert.equal(identify(pid), null);
  assert.match(up.shown(), /hurrying[\s\S]*the stack is down/);
});

test('d leaves it running', async (t) => {
  const stand = await bench(t, stack);
  const up = terminal(t, stand);
  await ready(up);
  const pid = await stand.pid('quick/1');
  up.child.stdin.write('d');
  assert.equal(await up.exit, 0);
  assert.match(up.shown(), /the stack goes on without this view/);
  assert.equal(await stand.pid('quick/1'), pid);
  assert.equal((await stand.daruma('down')).code, 0);
});

test('attach is the way back to the view; Ctrl-C leaves it', async (t) => {
  const stand = await bench(t, stack);
  assert.equal((await stand.daruma('attach')).code, 4, 'nothing runs');
  await stand.up();
  const pid = await stand.pid('quick/1');
  for (const key of [ctrlC, 'd']) {
    const attached = terminal(t, stand, 'attach');
    await ready(attached);
    assert.match(attached.shown(), /quick\/1[\s\S]*Ctrl-C or d: leave/);
    attached.child.stdin.write(key);
    assert.equal(await attached.exit, 0);
    assert.match(attached.shown(), /the stack goes on without this view/);
  }
  assert.equal(await stand.pid('quick/1'), pid);
});

test('a terminal that goes away leaves it running', async (t) => {
  const stand = await bench(t, stack);
  const up = terminal(t, stand);
  await ready(up);
  const pid = await stand.pid('quick/1');
  up.child.kill('SIGKILL');
  await up.exit;
  assert.equal((await stand.instance('quick/1')).phase, 'ready');
  assert.equal(await stand.pid('quick/1'), pid);
});

test('SIGTERM to up, without a terminal, is down', async (t) => {
  const stand = await bench(t, stack);
  const up = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, 'up'], {
    cwd: stand.directory,
    env: stand.environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  atEnd(t, () => up.kill('SIGKILL'));
  let text = '';
  up.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  await until('everything is ready', () => text.includes('everything is ready'));
  const pid = await stand.pid('quick/1');
  const ended = once(up, 'close');
  up.kill('SIGTERM');
  assert.deepEqual(await ended, [0, null]);
  assert.match(text, /quick\/1 stopped[\s\S]*the stack is down/);
  assert.equal(identify(pid), null);
});

test('SIGTERM to the keeper is down', async (t) => {
  const stand = await bench(t, stack);
  await stand.up();
  const pid = await stand.pid('quick/1');
  const keeper = keeperPid(stand);
  process.kill(keeper, 'SIGTERM');
  await until('nothing is left', () => identify(keeper) === null && identify(pid) === null);
  assert.equal((await stand.daruma('ps')).code, 4);
});

test('a restart is told step by step', async (t) => {
  const stand = await bench(t, stack);
  await stand.up();
  const restart = terminal(t, stand, 'restart', 'quick');
  assert.equal(await restart.exit, 0);
  assert.match(restart.shown(), /quick\/1 is being stopped[\s\S]*quick\/1 is ready \(pid \d+\)/);
});

test('what stands in the way of `up --detach` is told while it waits', async (t) => {
  const check = 'tcp: 1, interval: 100ms, retries: 1, start_period: 200ms';
  const stand = await bench(t, `${stack}    healthcheck: { ${check} }\n`);
  const up = terminal(t, stand, 'up', '--detach');
  await until('it is told', () => up.shown().includes('connection refused at port 1'));
  up.child.kill('SIGKILL');
  await up.exit;
});
