import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askingOwnPort, listeningOnOwnPort, names, withEndpoints } from './compose-references.ts';

const db = '${services.db.host}:${services.db.port}';
const peers = new Map([
  ['db', { name: 'db', target: '5432' }],
  ['a.b', { name: 'a-b', target: '80' }],
  ['cache', { name: 'cache', target: null }],
]);

test('names in Docker’s network become endpoints', () => {
  const table: readonly (readonly [string, string])[] = [
    ['db:5432', db],
    ['postgres://u:p@db:5432/x?y', `postgres://u:p@${db}/x?y`],
    ['postgres://db/x', `postgres://${db}/x`],
    ['--brokers=db:5432,db:5432', `--brokers=${db},${db}`],
    ['wait-for db:5432 -- run', `wait-for ${db} -- run`],
    ['http://a.b/', 'http://${services.a-b.host}:${services.a-b.port}/'],
    ['http://axb/', 'http://axb/'],
    ['mydb:5432 db-x:5432 /db:5432 db', 'mydb:5432 db-x:5432 /db:5432 db'],
    ['backup the db, then go', 'backup the db, then go'],
  ];
  for (const [given, text] of table) {
    assert.deepEqual(withEndpoints(given, peers), { text, unreachable: [] }, given);
  }
});

test('an address without an endpoint behind it is told and left as it is', () => {
  const text = 'redis://cache:6379,http://db:9187/metrics,amqp://cache';
  const unreachable = ['db:9187', 'cache:6379', 'cache'];
  assert.deepEqual(withEndpoints(text, peers), { text, unreachable });
  assert.ok(names('cache', 'cache') && names('x=cache:1', 'cache') && !names('cached', 'cache'));
});

test('the port that a program listens on becomes its own', () => {
  const table: readonly (readonly [string, string])[] = [
    ['serve -b 0.0.0.0:80 -w 80', 'serve -b 0.0.0.0:${PORT} -w 80'],
    ['serve --bind=:80', 'serve --bind=:${PORT}'],
    [
      'serve --port 80 --admin-port=80 -p "80"',
      'serve --port ${PORT} --admin-port=${PORT} -p "${PORT}"',
    ],
    [
      'serve --port 8080 10.0.0.1:80 http://localhost:80',
      'serve --port 8080 10.0.0.1:80 http://localhost:80',
    ],
  ];
  for (const [given, text] of table) assert.equal(listeningOnOwnPort(given, '80'), text);
});

test('a check of the program’s own port follows it', () => {
  const table: readonly (readonly [string, string])[] = [
    ['curl -f http://localhost:80/x', 'curl -f http://localhost:${PORT}/x'],
    ['nc -z 127.0.0.1:80', 'nc -z 127.0.0.1:${PORT}'],
    ['http://[::1]:80?x', 'http://[::1]:${PORT}?x'],
    ['curl http://db:80 http://localhost:8080', 'curl http://db:80 http://localhost:8080'],
  ];
  for (const [given, text] of table) assert.equal(askingOwnPort(given, '80'), text);
});
