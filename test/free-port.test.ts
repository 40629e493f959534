import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { freePort } from './free-port.ts';

async function listenOnce(port: number | undefined): Promise<void> {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  server.close();
  // To listen and to close takes no turn of the loop, in which all else would be heard.
  await turn();
}

test('a port that was drawn is free, and nobody else draws it', async () => {
  const ports = await Promise.all(Array.from({ length: 200 }, freePort));
  assert.equal(new Set(ports).size, ports.length);
  await listenOnce(ports[0]);
});

test('nobody who draws one is in the way of whoever has drawn before', async () => {
  const ports = await Promise.all(Array.from({ length: 200 }, freePort));
  const drawing = `import { freePort } from ${JSON.stringify(import.meta.resolve('./free-port.ts'))};
    for (let round = 0; round < 6; round++) {
      await Promise.all(Array.from({ length: 200 }, freePort));
    }`;
  const other = spawn(process.execPath, ['--input-type=module', '--eval', drawing]);
  const ended = once(other, 'exit');
  for (let index = 0; other.exitCode === null; index++) await listenOnce(ports[index % 200]);
  assert.deepEqual(await ended, [0, null]);
});
