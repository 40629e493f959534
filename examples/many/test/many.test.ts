/** All four as programs; each is killed under load, and nothing accepted is lost. */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { until } from '../../../test/drivers/scene.ts';
import { freePort } from '../../../test/free-port.ts';
import { TestDatabase } from '../../accounts/test/database.ts';

const directory = fileURLToPath(new URL('..', import.meta.url));
let orders: TestDatabase;
let stock: TestDatabase;
let children: ChildProcess[] = [];
let ports: { sink: number; middleware: number };

beforeEach(async () => {
  [orders, stock] = await Promise.all([TestDatabase.create(), TestDatabase.create()]);
  ports = { sink: await freePort(), middleware: await freePort() };
});

afterEach(async () => {
  for (const child of children) await kill(child);
  children = [];
  await Promise.all([orders.remove(), stock.remove()]);
});

function run(args: string[], env: Record<string, string>): ChildProcess {
  const child = spawn(process.execPath, args, {
    cwd: directory,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  children.push(child);
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

const starts = {
  sink: () =>
    run(['sink.ts'], { PORT: String(ports.sink), SINK_FILE: join(orders.scene.root, 'l') }),
  middleware: () =>
    run(['middleware.ts'], {
      PORT: String(ports.middleware),
      ORDERS_URL: orders.url,
      STOCK_URL: stock.url,
      SINK_URL: `http://127.0.0.1:${ports.sink}`,
    }),
};

async function isUp(name: 'sink' | 'middleware'): Promise<boolean> {
  const answer = await fetch(`http://127.0.0.1:${ports[name]}/healthz`).catch(() => null);
  return answer?.status === 200;
}

async function check() {
  const url = `http://127.0.0.1:${ports.middleware}`;
  const sink = `http://127.0.0.1:${ports.sink}`;
  const args = ['check.ts', '--url', url, '--sink', sink, '--rate', '50', '--duration', '3s'];
  const child = run([...args, '--json'], {});
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  const [code] = await once(child, 'close');
  return { code, report: JSON.parse(text) };
}

async function lines(): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${ports.sink}/healthz`);
  return ((await answer.json()) as { lines: number }).lines;
}

const disturbances: Readonly<Record<string, (running: Programs) => Promise<void>>> = {
  'the stock database': async () => {
    await stock.stop('SIGKILL');
    await stock.start();
  },
  'the orders database': async () => {
    await orders.stop('SIGKILL');
    await orders.start();
  },
  'the sink': async ({ sink }) => {
    await kill(sink);
    starts.sink();
  },
  'the middleware': async ({ middleware }) => {
    await kill(middleware);
    starts.middleware();
  },
};

interface Programs {
  readonly sink: ChildProcess;
  readonly middleware: ChildProcess;
}

for (const [name, disturb] of Object.entries(disturbances)) {
  test(`kill -9 of ${name} under load: nothing accepted is lost`, async () => {
    const running = { sink: starts.sink(), middleware: starts.middleware() };
    await until(async () => (await isUp('sink')) && (await isUp('middleware')));
    const checked = check();
    await until(async () => (await lines()) > 10);
    await disturb(running);
    const { code, report } = await checked;
    assert.deepEqual([report.lost, code], [[], 0]);
    assert.equal(report.accepted, 151);
    const { failures } = report;
    if (name === 'the stock database') assert.equal(failures['reads of orders'], 0);
    if (name === 'the orders database') assert.equal(failures['reads of stock'], 0);
    if (name === 'the sink') assert.equal(failures.orders, 0);
  });
}
