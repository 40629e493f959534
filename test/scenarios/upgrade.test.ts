/** A newer Daruma takes over from the tarball of an earlier commit. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { StoredRecord } from '../../src/model/record.ts';
import type { StackView } from '../../src/model/view.ts';
import { atEnd } from '../at-end.ts';
import { freePort } from '../free-port.ts';
import { type RunResult, until } from './harness.ts';
import { type Installed, packEarlier, packThis } from './packages.ts';

/** Says its pid, and says it again for each line that it is sent. */
const service = `
import { createServer } from 'node:net';
createServer((socket) => {
  socket.on('error', () => socket.destroy());
  socket.on('data', () => socket.write(process.pid + '\\n'));
}).listen(Number(process.env.PORT), '127.0.0.1');
`;

class Site {
  readonly directory: string;
  constructor(directory: string) {
    this.directory = directory;
  }

  run(by: Installed, ...args: string[]): Promise<RunResult> {
    return new Promise((resolve) => {
      execFile(by.program, args, { cwd: this.directory }, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr });
      });
    });
  }

  async json<T>(by: Installed, ...args: string[]): Promise<T> {
    const { code, stdout, stderr } = await this.run(by, ...args, '--json');
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout) as T;
  }

  async sequence(by: Installed): Promise<number[]> {
    const { stdout } = await this.run(by, 'events', '--json', '--lines', '100000');
    const lines = stdout.split('\n').filter((line) => line !== '');
    return lines.map((line) => (JSON.parse(line) as StoredRecord).seq);
  }

  async instances(by: Installed) {
    const { services } = await this.json<StackView>(by, 'ps');
    return services.flatMap(({ instances }) => instances);
  }
}

async function ask(socket: Socket): Promise<number> {
  socket.write('who?\n');
  const [answer] = await once(socket, 'data');
  return Number(String(answer));
}

async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  return socket;
}

test('an upgrade restarts nothing, cuts no connection, keeps the account', async (t) => {
  const base = await mkdtemp(path.join(tmpdir(), 'daruma-upgrade-'));
  let down = async (): Promise<RunResult | null> => null;
  atEnd(t, async () => {
    await down();
    await rm(base, { recursive: true, force: true });
  });
  const older = await packEarlier(base, '0.0.1');
  const newer = await packThis(base, '0.0.2');
  const site = new Site(path.join(base, 'site'));
  await mkdir(site.directory);
  const port = await freePort();
  const web = {
    command: `${process.execPath} web.mjs`,
    endpoint: port,
    replicas: 2,
    healthcheck: { tcp: true, interval: '1s', timeout: '5s', start_period: '30s' },
  };
  await writeFile(path.join(site.directory, 'web.mjs'), service);
  const stack = JSON.stringify({ name: 'site', services: { web } });
  await writeFile(path.join(site.directory, 'daruma.yaml'), stack);
  down = () => site.run(newer, 'down');

  const up = await site.run(older, 'up', '--detach');
  assert.equal(up.code, 0, up.stderr);
  const before = await site.instances(older);
  const sockets = [await open(port), await open(port), await open(port)];
  atEnd(t, () => sockets.map((socket) => socket.destroy()));
  const served = await Promise.all(sockets.map(ask));
  const written = await site.sequence(older);

  const over = await site.run(newer, 'up', '--detach');
  assert.equal(over.code, 0, over.stderr);
  assert.match(over.stderr, /0\.0\.2 takes over from 0\.0\.1; nothing is restarted/);
  assert.equal((await site.run(newer, '--version')).stdout, '0.0.2\n');
  const after = await site.instances(newer);
  const essence = ({ id, pid, port, phase, restarts }: (typeof after)[number]) => ({
    ...{ id, pid, port, phase, restarts },
  });
  assert.deepEqual(after.map(essence), before.map(essence));
  assert.deepEqual(await Promise.all(sockets.map(ask)), served, 'open connections go on');
  const kept = (await site.sequence(newer)).slice(0, written.length);
  assert.deepEqual(kept, written, 'what the older wrote is there');
  assert.equal((await site.run(newer, 'up', '--detach')).code, 5, 'it runs already');

  const [first] = after;
  assert.ok(first?.pid);
  process.kill(first.pid, 'SIGKILL');
  const healed = await until('the fault is healed', async () => {
    const now = await site.instances(newer);
    return now.every(({ phase }) => phase === 'ready') && now[0]?.pid !== first.pid && now;
  });
  assert.deepEqual([healed[0]?.restarts, healed[1]?.pid], [1, after[1]?.pid]);
  const again = await open(port);
  const answering = await ask(again);
  assert.ok(healed.some(({ pid }) => pid === answering));
  again.destroy();
  const ended = await site.run(newer, 'down');
  assert.equal(ended.code, 0, ended.stderr);
});
