import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { freePort } from '../free-port.ts';
import { until } from '../keeper/rig.ts';
import { HttpRig } from './http-rig.ts';

describe('an endpoint with protocol http', () => {
  let rig: HttpRig;
  beforeEach(async () => {
    rig = new HttpRig();
    await rig.start();
  });
  afterEach(() => rig.end());

  test('takes turns request by request, on one connection too', async () => {
    await rig.serve(await rig.instances('one', 'two'));
    const socket = net.connect(rig.port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(5));
    socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    let text = '';
    for await (const chunk of socket) text += chunk;
    const names = text.match(/^(one|two)/gm);
    assert.deepEqual(names?.slice().sort(), ['one', 'one', 'one', 'two', 'two', 'two']);
    assert.equal(text.match(/^Connection: close/gm)?.length, 1);
  });

  test('gives instances requests by their weight', async () => {
    const [one, two] = await rig.instances('one', 'two');
    assert.ok(one && two);
    await rig.serve([one, two]);
    await rig.route([{ ...rig.target(1, one), weight: 3 }, rig.target(2, two)]);
    const names: string[] = [];
    for (let index = 0; index < 20; index++) names.push(await rig.text('/'));
    assert.equal(names.filter((name) => name === 'one').length, 15);
  });

  test('tells the instance who asks, and keeps what is for it alone', async () => {
    await rig.serve(await rig.instances('one'));
    const text = await rig.raw(
      'GET /fields HTTP/1.1\r\nHost: shop.example\r\nCookie: a\r\nConnection: close, X-Hop\r\n' +
        'X-Hop: 1\r\nKeep-Alive: 5\r\n\r\n',
    );
    const [, body = ''] = text.split('\r\n\r\n');
    assert.deepEqual(body.split('\n'), [
      ...['Host', 'shop.example', 'Cookie', 'a'],
      ...['X-Forwarded-For', '127.0.0.1', 'X-Forwarded-Proto', 'http'],
      ...['X-Forwarded-Host', 'shop.example'],
    ]);
  });

  test('speaks HTTP/1.0 with those that do', async () => {
    await rig.serve(await rig.instances('one'));
    const closed = await rig.raw('POST /echo HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello');
    assert.match(closed, /^HTTP\/1\.1 200 OK\r\n[\s\S]*Connection: close\r\n\r\nhello$/);
    assert.doesNotMatch(closed, /chunked/i);
    const kept = await rig.raw(
      'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\n\r\n',
    );
    assert.match(kept, /Connection: keep-alive\r\n\r\noneHTTP\/1\.1 200[\s\S]*Connection: close/);
  });

  test('passes interim answers, empty ones, and answers to HEAD', async () => {
    await rig.serve(await rig.instances('one'));
    const hints = await rig.raw('GET /hints HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    assert.match(hints, /^HTTP\/1\.1 103 [\s\S]*preload\r\n\r\nHTTP\/1\.1 200 [\s\S]*one$/);
    assert.equal((await rig.ask('/nothing')).status, 304);
    assert.deepEqual((await rig.ask('/', 'HEAD')).text, '');
    const body = 'POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n';
    const continued = await rig.raw(`${body}Expect: 100-continue\r\nContent-Length: 2\r\n\r\nok`);
    assert.match(continued, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /);
  });

  test('carries bodies of any kind and length', async () => {
    await rig.serve(await rig.instances('one'));
    const long = 'x'.repeat(5_000_000);
    assert.equal(await rig.text('/length', 'POST', long), String(long.length));
    const chunk = 'y'.repeat(70_000);
    const chunks = `${chunk.length.toString(16)};a=b\r\n${chunk}\r\n`.repeat(10);
    const text = await rig.raw(
      'POST /length HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n' +
        `${chunks}0\r\nX-T: 1\r\n\r\n`,
    );
    assert.match(text, /\r\n\r\n700000$/);
    const end = await rig.raw('GET /until-end HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.match(end, /Connection: close\r\n\r\nall of it$/);
  });

  test('waits for slow readers instead of keeping all for them', async () => {
    await rig.serve(await rig.instances('one'));
    const socket = net.connect(rig.port, '127.0.0.1');
    socket.write('GET /much HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    let length = 0;
    for await (const chunk of socket) {
      length += String(chunk).replaceAll(/[^x]/g, '').length;
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(length, 20_000_000);
  });

  test('passes events on as they come', async () => {
    const [one] = await rig.instances('one');
    assert.ok(one);
    await rig.serve([one]);
    const socket = net.connect(rig.port, '127.0.0.1');
    socket.write('GET /events HTTP/1.1\r\nHost: a\r\n\r\n');
    socket.setEncoding('latin1');
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    await until('the first event', () => text.includes('data: 1'));
    await fetch(`http://127.0.0.1:${one.port}/open`);
    await until('the end', () => text.endsWith('0\r\n\r\n'));
    assert.ok(text.includes('data: 2'));
    socket.destroy();
  });

  test('carries WebSocket both ways until it ends', async () => {
    const [one] = await rig.instances('one');
    assert.ok(one);
    await rig.serve([one]);
    const client = net.connect(rig.port, '127.0.0.1');
    client.setEncoding('latin1');
    let text = '';
    client.on('data', (chunk) => {
      text += chunk;
    });
    client.write(
      'GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n' +
        'early\n',
    );
    await until('switched', () => text.endsWith('one Upgrade websocket\nearly\n'));
    client.write('late\n');
    await until('echoed', () => text.endsWith('late\n'));
    await rig.stats('the open connection', ([first]) => first?.connections === 1);
    client.end();
    await until('ended', () => client.readableEnded);
    await rig.stats('nothing open', ([first]) => first?.connections === 0);
  });

  test('lets what is under way finish at an instance that is taken out', async () => {
    const [one, two] = await rig.instances('one', 'two');
    assert.ok(one && two);
    await rig.serve([one], {}, { drainMs: 60_000 });
    const held = rig.text('/gate');
    await rig.stats('a request', ([first]) => first?.connections === 1);
    await rig.route([rig.target(1, one, 'draining'), rig.target(2, two)]);
    const drained = rig.rig.ask({ kind: 'drained', service: 'api', instance: 'api/1' });
    for (let index = 0; index < 4; index++) assert.equal(await rig.text('/'), 'two');
    await fetch(`http://127.0.0.1:${one.port}/open`);
    assert.equal(await held, 'one');
    await drained;
  });

  test('tells requests, status classes and latencies of each instance', async () => {
    const instances = await rig.instances('one');
    await rig.serve(instances);
    for (const path of ['/', '/', '/unknown', '/nothing']) await rig.ask(path);
    const [first] = await rig.stats('counts', ([one]) => one?.http?.requests === 4);
    assert.deepEqual(first?.http?.statusClasses, {
      '1xx': 0,
      '2xx': 2,
      '3xx': 1,
      '4xx': 1,
      '5xx': 0,
    });
    await rig.stats('latencies', ([one]) => typeof one?.http?.latencySeconds.p99 === 'number');
  });

  test('speaks PROXY protocol where it is asked to', async () => {
    const server = net.createServer((socket) => {
      socket.once('data', (head) => {
        const body = String(head).split('\r\n')[0] ?? '';
        socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as net.AddressInfo;
    await rig.serve([{ port }], {}, { proxyProtocol: true });
    assert.match(
      await rig.text('/'),
      new RegExp(`^PROXY TCP4 127.0.0.1 127.0.0.1 \\d+ ${rig.port}$`),
    );
    server.close();
  });

  test('ends connections only with an answer when a new process takes over', async () => {
    const instances = await rig.instances('one');
    await rig.serve(instances);
    assert.equal(await rig.text('/'), 'one');
    const client = net.connect(rig.port, '127.0.0.1');
    client.setEncoding('latin1');
    let text = '';
    client.on('data', (chunk) => {
      text += chunk;
    });
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await until('answered', () => text.endsWith('one'));
    const { endpoint } = await rig.rig.settled('serving', (now) => now.endpoint.pid !== null);
    const spec = { host: '127.0.0.1', protocol: 'http', proxyProtocol: false } as const;
    const times = { drainMs: 1_000, connectTimeoutMs: 1_000 };
    await rig.rig.ask({
      kind: 'listen',
      endpoints: [
        { service: 'api', endpoint: { ...spec, ...times, port: rig.port } },
        { service: 'web', endpoint: { ...spec, ...times, port: await freePort() } },
      ],
    });
    await rig.rig.settled('replaced', (now) => now.endpoint.pid !== endpoint.pid);
    text = '';
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await until('ended', () => client.readableEnded);
    assert.match(text, /Connection: close\r\n\r\none$/);
  });
});
