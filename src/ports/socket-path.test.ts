import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import type net from 'node:net';
import { tmpdir } from 'node:os';
import { after, test } from 'node:test';
import { askOnce, readJsonLines, writeJsonLine } from './json-lines.ts';
import { socketPath } from './socket-path.ts';
import { openUnixServer } from './unix-server.ts';

const root = mkdtempSync(`${tmpdir()}/daruma-socket-`);
after(() => rmSync(root, { recursive: true, force: true }));

test('a short path is used as it is', () => {
  assert.equal(socketPath('/run/x', 'a.sock'), '/run/x/a.sock');
});

test('a socket in a deep directory can be listened on and connected to', async () => {
  const dir = `${root}/${'d'.repeat(100)}/${'e'.repeat(100)}`;
  mkdirSync(dir, { recursive: true });
  const echo = (socket: net.Socket) =>
    readJsonLines(socket, (message) => writeJsonLine(socket, { got: message }));
  const server = await openUnixServer(dir, 'a.sock', echo);
  assert.equal(statSync(`${dir}/a.sock`).mode & 0o777, 0o600);
  assert.deepEqual(await askOnce(socketPath(dir, 'a.sock'), 'ü', 10_000), { got: 'ü' });

  const second = await openUnixServer(dir, 'b.sock', echo);
  second.close();
  await once(second, 'close');
  server.close();
  await once(server, 'close');
  assert.ok(existsSync(`${dir}/a.sock`), 'closing never removes what may be a successor’s');
});

test('a question to nobody, and one that is not answered, are rejected', async () => {
  await assert.rejects(askOnce(`${root}/none.sock`, {}, 10_000), { code: 'ENOENT' });
  const silent = await openUnixServer(root, 'silent.sock', (socket) => socket.resume());
  await assert.rejects(askOnce(`${root}/silent.sock`, {}, 50), /no answer in 50 ms/);
  silent.close();
});
