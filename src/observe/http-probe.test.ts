import assert from 'node:assert/strict';
import { test } from 'node:test';
import { statusOf } from './http-probe.ts';

const table: readonly (readonly [string, number | null])[] = [
  ['HTTP/1.1 200 OK\r\n', 200],
  ['HTTP/1.0 503 Service Unavailable\r\nX: y\r\n\r\n', 503],
  ['HTTP/1.1 204\r\n\r\n', 204],
  ['HTTP/1.1 20', null],
  ['', null],
  ['HTTP/1.1 103 Early Hints\r\nLink: x\r\n', null],
  ['HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n', null],
  ['HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\n', 404],
  ['SSH-2.0-OpenSSH_9.2\r\n', 0],
  ['HTTP/2 200\r\n', 0],
  ['\r\n', 0],
];

test('the status of an answer', async (t) => {
  for (const [head, status] of table) {
    await t.test(JSON.stringify(head), () => assert.equal(statusOf(head), status));
  }
});
