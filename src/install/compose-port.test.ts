import assert from 'node:assert/strict';
import { test } from 'node:test';
import { composePort, reachedAt } from './compose-port.ts';

test('published ports of Compose files are read', () => {
  const table: readonly (readonly [unknown, string | null])[] = [
    ['8080:80', '8080'],
    ['127.0.0.1:8080:80/tcp', '8080'],
    ['0.0.0.0:8080:80', '8080'],
    ['[::]:8080:80', '8080'],
    ['10.0.0.1:8080:80', '10.0.0.1:8080'],
    ['[2001:db8::1]:8080:80', '[2001:db8::1]:8080'],
    ['${WEB_PORT:-8080}:80', '${WEB_PORT:-8080}'],
    ['$WEB_PORT:80', '$WEB_PORT'],
    ['${BIND:-10.0.0.1}:8080:80', '${BIND:-10.0.0.1}:8080'],
    [{ target: 80, published: '8080' }, '8080'],
    [{ target: 80, published: 8080, protocol: 'tcp', mode: 'host' }, '8080'],
    [{ target: 80, published: 8080, host_ip: '10.0.0.1' }, '10.0.0.1:8080'],
    [{ target: 53, published: 53, protocol: 'udp' }, null],
    [{ target: 80 }, null],
    ['80', null],
    ['53:53/udp', null],
    ['8000-8010:80', null],
    [undefined, null],
  ];
  for (const [given, address] of table) {
    const port = composePort(given);
    assert.equal(port === null ? null : reachedAt(port), address, JSON.stringify(given));
  }
});
