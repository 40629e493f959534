import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { networkInterfaces } from 'node:os';
import { test } from 'node:test';
import { portHolder } from './port-owner.ts';

const us = new RegExp(`^node \\(pid ${process.pid}\\)$`);

const hasIpv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1'),
);

for (const { bound, asked } of [
  { bound: '127.0.0.1', asked: '127.0.0.1' },
  { bound: '127.0.0.1', asked: '0.0.0.0' },
  { bound: '0.0.0.0', asked: '127.0.0.1' },
  ...(hasIpv6
    ? [
        { bound: '::1', asked: '::1' },
        { bound: '::', asked: '127.0.0.1' },
      ]
    : []),
]) {
  test(`who listens on ${bound} is in the way at ${asked}`, async () => {
    const server = net.createServer().listen(0, bound);
    await once(server, 'listening');
    const { port } = server.address() as net.AddressInfo;
    assert.match((await portHolder(asked, port)) ?? '', us);
    server.close();
  });
}

test('who listens on another address is not, and a free port has no holder', async () => {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  assert.equal(await portHolder('127.0.0.2', port), null);
  server.close();
  await once(server, 'close');
  assert.equal(await portHolder('127.0.0.1', port), null);
});
