/** What README promises of a clean clone. */

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { atEnd } from '../at-end.ts';
import { freePort } from '../free-port.ts';
import { endProcessesOf, processesOf, removeDataElsewhere, until } from './harness.ts';

/** npm may have to fetch all packages, and the console is built; on a busy machine too. */
const installedWithinMs = 900_000;
const root = path.resolve(import.meta.dirname, '../..');

/** The environment of a user: nothing that npm, or a Node.js of ours, has put there. */
function userEnvironment(): Record<string, string> {
  const own = Object.entries(process.env).flatMap(([name, value]) =>
    value === undefined || /^(npm_|NODE|DARUMA_|INIT_CWD)/i.test(name) ? [] : [[name, value]],
  );
  const { PATH = '', ...rest } = Object.fromEntries(own) as Record<string, string>;
  const entries = PATH.split(':').filter((entry) => !entry.includes('/node_modules/'));
  return { ...rest, PATH: entries.join(':'), NO_COLOR: '1' };
}

function argvOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return ''; // It has ended.
  }
}

/** The process that stays with the stack. */
function upIn(directory: string): number {
  const found = processesOf(directory).find((pid) => /bin\/daruma\.js\0up\0/.test(argvOf(pid)));
  assert.ok(found !== undefined);
  return found;
}

async function post(url: string, body: object): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  return fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
}

test('npm start from a clean clone', async (t) => {
  const directory = mkdtempSync(path.join(tmpdir(), 'daruma-clone-'));
  const clone = path.join(directory, 'daruma');
  execFileSync('git', ['clone', '--quiet', '--no-hardlinks', root, clone]);
  const [api, web, db] = await Promise.all([freePort(), freePort(), freePort()]);
  const ports = { API_PORT: `${api}`, WEB_PORT: `${web}`, DB_PORT: `${db}` };
  const env = { ...userEnvironment(), ...ports };
  const npm = spawn('npm', ['start'], { cwd: clone, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(npm, 'close');
  atEnd(t, async () => {
    npm.kill('SIGKILL');
    await endProcessesOf(directory);
    removeDataElsewhere(path.join(clone, 'examples/accounts/.daruma'));
    rmSync(directory, { recursive: true, force: true });
  });
  let output = '';
  for (const stream of [npm.stdout, npm.stderr]) {
    stream.setEncoding('utf8').on('data', (part) => {
      output += part;
    });
  }
  const isReady = () => /try next:[\s\S]* explain\n/.test(output);
  await until('everything is ready', () => isReady() || npm.exitCode !== null, installedWithinMs);
  assert.ok(isReady(), `npm start ended: ${output}`);
  assert.match(output, new RegExp(`api +http://127\\.0\\.0\\.1:${api}/`));
  assert.match(output, new RegExp(`web +http://127\\.0\\.0\\.1:${web}/`));
  assert.match(output, /daruma\.js --file \S+ drill kill db\/1/);
  const setup = /make the first admin, once: (\S+)/.exec(output)?.[1] ?? '';
  assert.match(await (await fetch(setup)).text(), /<script type="module"/, 'the console is built');

  const account = { name: 'ada', password: 'correct horse battery' };
  const registration = { ...account, requestId: randomUUID(), displayName: 'Ada' };
  const registered = await post(`http://127.0.0.1:${api}/api/register`, registration);
  assert.equal(registered.status, 201);
  const loggedIn = await post(`http://127.0.0.1:${web}/api/login`, account);
  assert.equal(loggedIn.status, 200);

  // As a terminal does it: npm itself passes nothing on.
  process.kill(upIn(directory), 'SIGINT');
  const [code] = await ended;
  assert.equal(code, 0, output);
  assert.match(output, /the stack is down\n$/);
  await until('nothing of it is left', () => processesOf(directory).length === 0);
});
