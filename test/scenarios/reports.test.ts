/** An application reports its errors, also one that runs as another user than Daruma. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { ErrorRecord } from '../../src/model/error-record.ts';
import { type Bench, bench, until } from './harness.ts';
import { killController } from './own-processes.ts';

const asRoot = process.getuid?.() === 0;

/** Says where it reports and what it gets for what it must not do; then it reports on and on. */
const program = `
import { request } from 'node:http';
const { DARUMA_SOCKET: socketPath, DARUMA_TOKEN: token } = process.env;
const ask = (method, path, authorization) => new Promise((resolve) => {
  const headers = { authorization, 'content-type': 'application/json' };
  const call = request({ socketPath, method, path, headers, agent: false }, (response) => {
    response.resume().on('end', () => resolve(response.statusCode));
  });
  call.on('error', (error) => resolve(error.code));
  call.end(method === 'GET' ? '' : '{"code":"E42","message":"order 17 has no price"}');
});
let first = true;
setInterval(async () => {
  if (await ask('POST', '/v1/errors', 'Bearer ' + token) !== 202 || !first) return;
  first = false;
  const stack = await ask('GET', '/v1/stack', 'Bearer ' + token);
  const down = await ask('POST', '/v1/requests', 'Bearer ' + token);
  const other = await ask('POST', '/v1/errors', 'Bearer ' + token.replace('/1', '/2'));
  console.log(JSON.stringify({ uid: process.getuid(), socketPath, answers: [stack, down, other] }));
}, 100);
`;

/** Our Node.js, or a copy of it where that user can't reach ours. */
function reachableNode(stand: Bench): string {
  const tried = ['setpriv', '--reuid=nobody', '--clear-groups', process.execPath, '--version'];
  if (!asRoot || spawnSync(tried[0] ?? '', tried.slice(1)).status === 0) return process.execPath;
  const copy = path.join(stand.directory, 'node');
  copyFileSync(process.execPath, copy);
  return copy;
}

async function teller(t: Parameters<typeof bench>[0]): Promise<Bench> {
  const stand = await bench(t, '');
  chmodSync(stand.directory, 0o755);
  const file = path.join(stand.directory, 'teller.mjs');
  writeFileSync(file, program, { mode: 0o644 });
  const user = asRoot ? '\n    user: nobody' : '';
  await stand.rewrite(`
name: telling
services:
  teller:
    command: [${reachableNode(stand)}, ${file}]${user}
    working_dir: /
`);
  return stand;
}

interface Told {
  readonly uid: number;
  readonly socketPath: string;
  readonly answers: readonly number[];
}

test('what an application reports is kept under its name; it can do nothing else', async (t) => {
  const stand = await teller(t);
  await stand.up();
  const told = await until('it has reported', async () => {
    const [line] = (await stand.daruma('logs', '--json')).stdout.split('\n');
    return JSON.parse(JSON.parse(line ?? '').text) as Told;
  });
  assert.equal(told.uid !== 0, true);
  assert.deepEqual(told.answers, [404, 404, 401]);
  const reported = async () => {
    const errors = await stand.json<ErrorRecord[]>('errors');
    return errors.find(({ code }) => code === 'E42');
  };
  const record = await until('it is kept', reported);
  assert.deepEqual(
    [record.source, record.origin.service, record.origin.instance],
    ['application', 'teller', 'teller/1'],
  );
  await killController(stand);
  const before = (await reported())?.count ?? 0;
  await until('the next controller hears it too', async () => {
    return ((await reported())?.count ?? 0) > before;
  });
  assert.equal((await stand.daruma('down')).code, 0);
  assert.equal(existsSync(told.socketPath), false);
  if (asRoot) assert.equal(existsSync(path.dirname(told.socketPath)), false);
});
