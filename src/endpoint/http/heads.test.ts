import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HeadParser } from './head-parser.ts';
import { readText } from './reading.fixture.ts';
import { type RequestHead, readRequestHead } from './request-head.ts';
import { type ResponseHead, readResponseHead } from './response-head.ts';

function request(lines: string, isLocal = false): RequestHead {
  const parser = new HeadParser('request');
  parser.read(Buffer.from(`GET / HTTP/1.1\r\nHost: a.example\r\n${lines}\r\n`, 'latin1'), 0);
  const head = readRequestHead(parser, { address: '192.0.2.1', isLocal });
  assert.ok(!('status' in head), JSON.stringify(head));
  return head;
}

function linesOf(text: string): string[] {
  return text.split('\r\n').slice(1, -2);
}

const forwarded = [
  'X-Forwarded-For: 192.0.2.1',
  'X-Forwarded-Proto: http',
  'X-Forwarded-Host: a.example',
];

describe('the head that an instance gets', () => {
  test('has the fields as they came, and who asks', () => {
    const { text } = request('aCCept:  x \r\nCookie: y\r\n');
    assert.deepEqual(linesOf(text), ['Host: a.example', 'aCCept:  x ', 'Cookie: y', ...forwarded]);
  });

  test('has nothing that is for one connection only', () => {
    const { text } = request(
      'Connection: X-A, keep-alive, Content-Length\r\nKeep-Alive: timeout=9\r\nX-A: 1\r\n' +
        'TE: trailers\r\nProxy-Connection: close\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\nX-B: 2\r\n',
    );
    assert.deepEqual(linesOf(text), ['Host: a.example', 'X-B: 2', ...forwarded]);
  });

  test('believes only this machine about other clients', () => {
    const told =
      'X-Forwarded-For: 10.0.0.1\r\nX-Forwarded-Proto: https\r\nForwarded: for=10.0.0.1\r\n';
    assert.deepEqual(linesOf(request(told).text), ['Host: a.example', ...forwarded]);
    assert.deepEqual(linesOf(request(told, true).text), [
      'Host: a.example',
      'X-Forwarded-Proto: https',
      'Forwarded: for=10.0.0.1',
      'X-Forwarded-For: 10.0.0.1, 192.0.2.1',
      'X-Forwarded-Host: a.example',
    ]);
  });

  test('asks for WebSocket, but for no other protocol', () => {
    const head = request('Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n');
    assert.equal(head.upgrade, true);
    assert.deepEqual(linesOf(head.text).slice(-2), ['Connection: Upgrade', 'Upgrade: websocket']);
    assert.equal(request('Connection: Upgrade\r\nUpgrade: h2c\r\n').upgrade, false);
    assert.equal(request('Upgrade: websocket\r\n').upgrade, false);
  });

  test('has the target in its short form', () => {
    for (const [target, expected] of [
      ['http://A.example/x?y', '/x?y'],
      ['http://a.example', '/'],
      ['http://a.example?y', '/?y'],
    ]) {
      const reading = readText(`GET ${target} HTTP/1.1\r\nHost: a.example\r\n\r\n`);
      assert.ok(reading.kind === 'read');
      assert.equal(reading.head.text.split(' ')[1], expected);
    }
  });

  test('tells whether the client stays', () => {
    assert.equal(request('').keepAlive, true);
    assert.equal(request('Connection: Close\r\n').keepAlive, false);
    const old = readText('GET / HTTP/1.0\r\n\r\n');
    assert.ok(old.kind === 'read' && !old.head.keepAlive);
    const kept = readText('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
    assert.ok(kept.kind === 'read' && kept.head.keepAlive);
  });
});

function response(text: string, method = 'GET'): ResponseHead | null {
  const parser = new HeadParser('response');
  if (parser.read(Buffer.from(text, 'latin1'), 0) < 0) return null;
  return readResponseHead(parser, { ...request(''), method });
}

describe('the head that a client gets', () => {
  test('says how long the answer is', () => {
    const framing = (text: string, method?: string) => response(text, method)?.framing;
    assert.equal(framing('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n'), 5);
    assert.equal(framing('HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n'), -1);
    assert.equal(framing('HTTP/1.0 200 OK\r\n\r\n'), -2);
    assert.equal(framing('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', 'HEAD'), 0);
    assert.equal(framing('HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n'), 0);
    assert.equal(framing('HTTP/1.1 204 No Content\r\n\r\n'), 0);
  });

  test('is refused when it can be read in two ways, or not at all', () => {
    for (const text of [
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n',
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n',
      'HTTP/1.1 101 Switching Protocols\r\n\r\n',
      'HTTP/1.1 200 OK\nContent-Length: 5\r\n\r\n',
      'HTTP/1.1 200 OK\r\nX-A : b\r\n\r\n',
      'HTTP/1.1 2000 OK\r\n\r\n',
      'HTTP/1.1 099 OK\r\n\r\n',
      'HTTP/2.0 200 OK\r\n\r\n',
      'SSH-2.0-OpenSSH_9.2\r\n',
    ]) {
      assert.equal(response(text), null, text);
    }
  });

  test('does not tell of the connection to the instance', () => {
    const text =
      'HTTP/1.1 200 Fine\r\nX-A: 1\r\nConnection: close\r\nKeep-Alive: timeout=5\r\nX-B: 2\r\n\r\n';
    const head = response(text);
    assert.equal(head?.lines, 'HTTP/1.1 200 Fine\r\nX-A: 1\r\nX-B: 2\r\n');
    assert.equal(head?.keepAlive, false);
    assert.equal(head?.keepAliveMs, 5_000);
  });
});
