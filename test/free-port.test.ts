import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { freePort } from './free-port.ts';

test('a port that was drawn is free, and nobody else draws it', async () => {
  const ports = await Promise.all(Array.from({ length: 300 }, freePort));
  assert.equal(new Set(ports).size, ports.length);
  const server = createServer().listen(ports[0], '127.0.0.1');
  await once(server, 'listening');
  server.close();
});
