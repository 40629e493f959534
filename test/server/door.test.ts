/** The API process comes with the first connection and may die at any moment: nobody is lost. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { text as whole } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Door } from '../../src/keeper/door.ts';
import { defaultConsole } from '../../src/model/console-spec.ts';
import { layout } from '../../src/model/layout.ts';
import { askOnce } from '../../src/ports/json-lines.ts';
import type { ConsoleFile, KeeperStatus } from '../../src/ports/keeper.ts';
import { identify } from '../../src/ports/process-identity.ts';
import { socketPath } from '../../src/ports/socket-path.ts';
import { atEnd } from '../at-end.ts';
import { freePort } from '../free-port.ts';
import { type Bench, bench, until } from '../scenarios/harness.ts';

function stackFile(port: number): string {
  return JSON.stringify({
    name: 'door',
    console: { address: port },
    services: { sleeper: { command: ['sleep', '100000'] } },
  });
}

async function apiPid({ stateDir }: Bench): Promise<number | null> {
  const path = socketPath(layout(stateDir).runDir, 'keeper.sock');
  const status = (await askOnce(path, { kind: 'status' }, 10_000)) as KeeperStatus;
  return status.api?.pid ?? null;
}

/** On a connection of its own. */
function get(
  port: number,
  path: string,
  onConnected = (): void => undefined,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const call = request({ port, host: '127.0.0.1', path, agent: false }, (response) => {
      const status = response.statusCode ?? 0;
      whole(response).then((text) => resolve({ status, text }), reject);
    });
    call.on('socket', (socket) => socket.on('connect', onConnected));
    call.on('error', reject).end();
  });
}

function told({ stateDir }: Bench): ConsoleFile | null {
  try {
    return JSON.parse(readFileSync(layout(stateDir).consoleFile, 'utf8'));
  } catch {
    return null; // It is not there yet.
  }
}

async function upWithConsole(made: Bench): Promise<ConsoleFile> {
  await made.up();
  return until('the console is told of', () => told(made));
}

describe('the door', () => {
  test('opens the API process at the first connection', async (t) => {
    const port = await freePort();
    const made = await bench(t, stackFile(port));
    assert.deepEqual(await upWithConsole(made), { host: '127.0.0.1', port, tls: false });
    assert.equal(await apiPid(made), null);
    assert.deepEqual(await get(port, '/healthz'), { status: 200, text: '{"status":"ok"}' });
    const pid = await apiPid(made);
    assert.ok(pid !== null && identify(pid) !== null);
    assert.equal((await get(port, '/readyz')).status, 200);
    assert.equal((await get(port, '/api/v1/stack')).status, 401);
    await made.daruma('down');
    await until('the API process is gone', () => identify(pid) === null);
    await assert.rejects(get(port, '/healthz'), { code: 'ECONNREFUSED' });
  });

  test('loses no connection when the API process is killed before it takes it', async (t) => {
    const port = await freePort();
    const made = await bench(t, stackFile(port));
    await upWithConsole(made);
    await get(port, '/healthz');
    const pids = new Set<number>();
    for (let kill = 0; kill < 3; kill += 1) {
      const pid = await until('an API process', () => apiPid(made));
      assert.ok(!pids.has(pid));
      pids.add(pid);
      // It takes nothing from here on; what comes now waits with the keeper, or is on its way.
      process.kill(pid, 'SIGSTOP');
      let connected = 0;
      const count = () => {
        connected += 1;
      };
      const asked = Array.from({ length: 40 }, () => get(port, '/healthz', count));
      await until('all are connected', () => connected === asked.length);
      process.kill(pid, 'SIGKILL');
      const answers = await Promise.all(asked);
      assert.ok(answers.every(({ status }) => status === 200));
    }
  });

  test('lets the API process go when nobody needs it, and loses nobody over that', async (t) => {
    const port = await freePort();
    const stateDir = mkdtempSync(`${tmpdir()}/daruma-door-`);
    const { runDir, secretsDir, consoleFile } = layout(stateDir);
    for (const directory of [runDir, secretsDir]) mkdirSync(directory);
    const lines: string[] = [];
    const log = (text: string) => lines.push(text);
    const door = new Door({ stateDir, logFile: `${stateDir}/log`, file: consoleFile, log });
    const pids = new Set<number>();
    atEnd(t, async () => {
      door.close();
      await until('all are gone', () => [...pids].every((pid) => identify(pid) === null));
      rmSync(stateDir, { recursive: true });
    });
    const where = { ...defaultConsole, port, orNext: false };
    // So short that it asks to end between almost any two requests.
    door.set({ ...where, stackId: 'door', idleMs: 1 });
    await until('it listens', () => lines.some((line) => line.startsWith('console on')));
    // The next request may come first, again and again, unless it waits a little now and then.
    for (let turn = 0; turn < 60 || (pids.size < 2 && turn < 1_000); turn += 1) {
      assert.equal((await get(port, '/healthz')).status, 200);
      if (door.pid !== null) pids.add(door.pid);
      if (turn % 10 === 9) await pause(turn / 10);
    }
    assert.ok(pids.size > 1, `${pids.size} processes`);
    await until('nobody is left', () => door.pid === null);
    assert.deepEqual(
      lines.filter((line) => !line.startsWith('console on')),
      [],
    );
  });

  test('tells that its address is taken, and takes it once it is free', async (t) => {
    const port = await freePort();
    const other: Server = createServer();
    await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
    atEnd(t, () => other.close());
    const made = await bench(t, stackFile(port));
    await made.up();
    const { taken } = await until('that it is taken', () => told(made));
    assert.match(taken ?? '', /EADDRINUSE/);
    other.close();
    await until('it is taken over', () => told(made)?.taken === undefined);
    assert.equal((await get(port, '/healthz')).status, 200);
  });

  test('stays where it is when a changed stack file is applied', async (t) => {
    const port = await freePort();
    const made = await bench(t, stackFile(port));
    await upWithConsole(made);
    await get(port, '/healthz');
    const before = await apiPid(made);
    await made.rewrite(stackFile(port).replace('100000', '100001'));
    await made.up();
    await until('another API process answers', async () => {
      const answer = await get(port, '/healthz');
      return answer.status === 200 && (await apiPid(made)) !== before;
    });
    assert.equal(told(made)?.port, port);
  });

  test('takes the next port where nobody asked for one, and stays with it', async (t) => {
    const port = await freePort();
    const stateDir = mkdtempSync(`${tmpdir()}/daruma-door-`);
    atEnd(t, () => rmSync(stateDir, { recursive: true }));
    const { runDir, consoleFile } = layout(stateDir);
    mkdirSync(runDir);
    const settings = { ...defaultConsole, port, stackId: 'door' };
    const opened = (): Door => {
      const log = () => undefined;
      const door = new Door({ stateDir, logFile: `${stateDir}/log`, file: consoleFile, log });
      atEnd(t, () => door.close());
      door.set(settings);
      return door;
    };
    const place = () => (existsSync(consoleFile) ? readFileSync(consoleFile, 'utf8') : '');
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
    const first = opened();
    await until('it is elsewhere', () => /"port"/.test(place()));
    const { port: found } = JSON.parse(place()) as ConsoleFile;
    assert.ok(found > port && found < port + 10);
    await new Promise((resolve) => other.close(resolve));
    // Its successor comes while it is still there.
    opened();
    first.close();
    await until('the successor is there', async () => {
      const probe = createServer();
      return new Promise<boolean>((resolve) => {
        probe.once('error', () => resolve(true));
        probe.listen(found, '127.0.0.1', () => probe.close(() => resolve(false)));
      });
    });
    assert.equal((JSON.parse(place()) as ConsoleFile).port, found);
  });

  test('is not there where none is wanted', async (t) => {
    const stack = { name: 'door', console: false, services: { sleeper: { command: 'sleep 100' } } };
    const made = await bench(t, JSON.stringify(stack));
    await made.up();
    assert.equal(told(made), null);
  });
});
