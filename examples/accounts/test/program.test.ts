/** The API and the page as programs, with load on them, and a database that is killed. */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { createServer, request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { until } from '../../../test/drivers/scene.ts';
import { freePort } from '../../../test/free-port.ts';
import { TestDatabase } from './database.ts';

const directory = fileURLToPath(new URL('..', import.meta.url));
let postgres: TestDatabase;
let children: ChildProcess[] = [];

beforeEach(async () => {
  postgres = await TestDatabase.create();
});

afterEach(async () => {
  for (const child of children) {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }
  children = [];
  await postgres.remove();
});

function run(args: string[], env: Record<string, string>): ChildProcess {
  const child = spawn(process.execPath, args, {
    cwd: directory,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  return child;
}

async function startApi(more: Record<string, string> = {}) {
  const port = await freePort();
  const child = run(['api.ts'], {
    PORT: String(port),
    DATABASE_URL: postgres.url,
    JWT_SECRET_FILE: join(postgres.scene.root, 'secrets', 'jwt'),
    ARGON2_MEMORY_KIB: '64',
    ARGON2_PASSES: '1',
    ...more,
  });
  child.stdout?.resume();
  const url = `http://127.0.0.1:${port}`;
  await until(() => isHealthy(url));
  return { child, url };
}

async function isHealthy(url: string): Promise<boolean> {
  const answer = await fetch(`${url}/healthz`).catch(() => null);
  return answer?.status === 200;
}

async function load(url: string, ...args: string[]) {
  const child = run(['load.ts', '--url', url, '--json', ...args], {});
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  const [code] = await once(child, 'close');
  return { code, report: JSON.parse(text) };
}

test('load finds nothing lost; SIGTERM ends it with 0 and no failed request', async () => {
  const { child, url } = await startApi();
  // On a busy machine a request may take long; none fails.
  const patient = ['--timeout', '60s'];
  const { code, report } = await load(url, '--rate', '100', '--duration', '2s', ...patient);
  assert.equal(code, 0);
  assert.deepEqual([report.failed, report.lost, report.wrong], [0, [], []]);
  assert.equal(report.requests, 200);
  assert.ok(report.acknowledged >= 5);
  assert.equal((await stat(join(postgres.scene.root, 'secrets', 'jwt'))).mode & 0o777, 0o600);
  const begun = await Promise.all(
    Array.from({ length: 5 }, (_, index) => beginLogin(url, `nobody${index}`)),
  );
  child.kill('SIGTERM');
  const answers = begun.map((login) => login.finish());
  assert.deepEqual(await once(child, 'exit'), [0, null]);
  for (const status of await Promise.all(answers)) assert.equal(status, 401);
});

/** A request that the server has begun with, by its own word («100 Continue»), and not answered. */
async function beginLogin(url: string, name: string) {
  const body = JSON.stringify({ name, password: 'not their password' });
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    expect: '100-continue',
  };
  const request = httpRequest(`${url}/api/login`, { method: 'POST', headers, agent: false });
  const answered = once(request, 'response');
  request.flushHeaders();
  await once(request, 'continue');
  return {
    async finish(): Promise<number | undefined> {
      request.end(body);
      const [response] = await answered;
      response.resume();
      return response.statusCode;
    },
  };
}

test('a database that is killed under load loses nothing that was acknowledged', async () => {
  const { url } = await startApi();
  const args = ['--rate', '100', '--duration', '4s', '--registrations', '300', '--keep-alive'];
  const loaded = load(url, ...args);
  await until(async () => (await query('select from accounts')) > 20);
  await postgres.stop('SIGKILL');
  await until(async () => !(await isHealthy(url)));
  await postgres.start();
  const { code, report } = await loaded;
  assert.deepEqual([report.lost, report.wrong, code], [[], [], 0]);
  assert.ok(report.failed > 0);
});

/** The number of rows. */
async function query(text: string): Promise<number> {
  const client = new Client({ connectionString: postgres.url });
  await client.connect();
  const { rowCount } = await client.query(text);
  await client.end();
  return rowCount ?? 0;
}

test('accounts that vanish are told as lost', async () => {
  const { url } = await startApi();
  const loaded = load(url, '--rate', '50', '--duration', '2s', '--registrations', '500');
  await until(async () => (await query('select from accounts')) > 10);
  await query('delete from accounts');
  const { code, report } = await loaded;
  assert.equal(code, 1);
  assert.ok(report.lost.length > 0);
});

test('a frozen database: answers come in time, and the API recovers', async () => {
  const { url } = await startApi();
  await postgres.signal('SIGSTOP');
  assert.equal((await fetch(`${url}/healthz`)).status, 503);
  await postgres.signal('SIGCONT');
  await until(() => isHealthy(url));
});

test('Daruma hears of errors, at most once a second for each', async () => {
  const reports: unknown[] = [];
  const socket = join(postgres.scene.root, 'control.sock');
  const daruma = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request.setEncoding('utf8')) text += chunk;
    const { url, headers } = request;
    reports.push({ url, by: headers.authorization, ...JSON.parse(text) });
    response.writeHead(202).end();
  });
  daruma.listen(socket);
  try {
    const { url } = await startApi({ DARUMA_SOCKET: socket, DARUMA_TOKEN: 'api/2.x' });
    await postgres.stop('SIGKILL');
    await Promise.all(Array.from({ length: 20 }, () => fetch(`${url}/healthz`)));
    await until(() => reports.length > 0);
    const { message, ...rest } = reports[0] as Record<string, string>;
    assert.match(message ?? '', /connection|answer/);
    const by = 'Bearer api/2.x';
    const expected = { url: '/v1/errors', by, code: 'DATABASE_UNAVAILABLE' };
    assert.deepEqual(rest, expected);
    assert.ok(reports.length < 20);
  } finally {
    daruma.close();
    daruma.closeAllConnections();
  }
});

test('the page is served with a strict policy, and hands /api/ on', async () => {
  const { child, url } = await startApi();
  const port = await freePort();
  const web = run(['web.ts'], { PORT: String(port), API_URL: url });
  const page = `http://127.0.0.1:${port}`;
  await until(() => isHealthy(page));
  const answer = await fetch(page);
  const text = await answer.text();
  assert.match(answer.headers.get('content-security-policy') ?? '', /script-src 'self'/);
  assert.doesNotMatch(text, /<script>|<style>|\son\w+=|style=/);
  for (const path of ['/app.js', '/style.css', '/icon.svg']) {
    assert.equal((await fetch(page + path)).status, 200);
  }
  assert.equal((await fetch(`${page}/../config.ts`)).status, 404);
  assert.equal((await fetch(`${page}/api/profile`)).status, 401);
  const { code, report } = await load(page, '--rate', '50', '--duration', '1s');
  assert.deepEqual([code, report.failed], [0, 0]);
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.equal((await fetch(`${page}/api/profile`)).status, 502);
  web.kill('SIGTERM');
  assert.deepEqual(await once(web, 'exit'), [0, null]);
});
