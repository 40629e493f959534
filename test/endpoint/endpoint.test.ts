import assert from 'node:assert/strict';
import net from 'node:net';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { EndpointStats } from '../../src/ports/endpoints.ts';
import { identify } from '../../src/ports/process-identity.ts';
import { freePort } from '../free-port.ts';
import { Client, exchange, Rig, spec, target, until } from '../keeper/rig.ts';

describe('an endpoint', () => {
  let rig: Rig;
  let port: number;
  beforeEach(async () => {
    rig = new Rig();
    await rig.started();
    port = await freePort();
  });
  afterEach(() => rig.end());

  test('takes turns among the instances and passes over one that is dead', async () => {
    const ports = [await freePort(), await freePort(), await freePort()];
    await rig.upstream('one', ports[0] ?? 0);
    await rig.upstream('two', ports[1] ?? 0);
    await rig.serve('api', spec(port), ports);
    const answers = new Set<string>();
    for (let index = 0; index < 12; index++) answers.add(await exchange(port, 'x'));
    assert.deepEqual([...answers].sort(), ['one x', 'two x']);
    const refusals = await until('refusal told', () => {
      const told = rig.notes().filter((note) => note.includes(' refused '));
      return told.length > 0 && told;
    });
    assert.match(refusals[0] ?? '', /refused api api\/3 ECONNREFUSED/);
  });

  test('tells statistics', async () => {
    const upstreamPort = await freePort();
    await rig.upstream('one', upstreamPort);
    await rig.serve('api', spec(port), [upstreamPort]);
    const client = await Client.open(port);
    await client.exchange('x');
    const stats = await until('a connection counted', () => {
      const told = rig.notes().flatMap((note) => note.split(' stats ')[1] ?? []);
      const all = told.map((text) => JSON.parse(text) as EndpointStats[]);
      return all.find(([first]) => first?.connections === 1 && first.connectSeconds !== null);
    });
    assert.equal(stats[0]?.accepted, 1);
    assert.equal(stats[0]?.refused, 0);
    client.close();
  });

  test('of an instance that is killed fails only what is in flight there', async () => {
    const ports = [await freePort(), await freePort()];
    const one = await rig.upstream('one', ports[0] ?? 0);
    await rig.upstream('two', ports[1] ?? 0);
    await rig.serve('api', spec(port), ports);
    const clients: Client[] = [];
    for (let index = 0; index < 6; index++) clients.push(await Client.open(port));
    const names = await Promise.all(clients.map((client) => client.exchange('x')));
    one.kill('SIGKILL');
    await until('cut', () =>
      clients.every(({ closed }, index) => closed === (names[index] === 'one x')),
    );
    for (let index = 0; index < 20; index++) assert.equal(await exchange(port, 'y'), 'two y');
    for (const client of clients.filter(({ closed }) => !closed)) {
      assert.equal(await client.exchange('z'), 'two z');
      client.close();
    }
  });

  test('holds connections until an instance is there', async () => {
    await rig.serve('api', spec(port, { connectTimeoutMs: 60_000 }), []);
    const early = [1, 2, 3].map((number) => exchange(port, `early ${number}`));
    const upstreamPort = await freePort();
    await rig.upstream('one', upstreamPort);
    await rig.ask({ kind: 'route', service: 'api', targets: [target('api', 1, upstreamPort)] });
    assert.deepEqual(await Promise.all(early), ['one early 1', 'one early 2', 'one early 3']);
  });

  test('holds connections while its single instance is being restarted', async () => {
    const upstreamPort = await freePort();
    await rig.serve('api', spec(port, { connectTimeoutMs: 60_000 }), [upstreamPort]);
    const early = exchange(port, 'early');
    await until('tried', () => rig.notes().some((note) => note.includes(' refused ')));
    await rig.upstream('one', upstreamPort);
    assert.equal(await early, 'one early');
  });

  test('resets a connection that nobody takes', async () => {
    await rig.serve('api', spec(port), []);
    await assert.rejects(exchange(port, 'x'), { code: 'ECONNRESET' });
  });

  test('cuts connections to an instance that is no longer listed', async () => {
    const upstreamPort = await freePort();
    await rig.upstream('one', upstreamPort);
    await rig.serve('api', spec(port), [upstreamPort]);
    const client = await Client.open(port);
    await client.exchange('x');
    await rig.ask({ kind: 'route', service: 'api', targets: [] });
    await until('cut', () => client.closed);
  });

  test('drains: no new connections, old ones go on until they end', async () => {
    const ports = [await freePort(), await freePort()];
    await rig.upstream('one', ports[0] ?? 0);
    await rig.upstream('two', ports[1] ?? 0);
    await rig.serve('api', spec(port, { drainMs: 60_000 }), [ports[0] ?? 0]);
    const client = await Client.open(port);
    assert.equal(await client.exchange('x'), 'one x');
    const targets = [target('api', 1, ports[0] ?? 0, 'draining'), target('api', 2, ports[1] ?? 0)];
    await rig.ask({ kind: 'route', service: 'api', targets });
    let drained = false;
    const draining = rig.ask({ kind: 'drained', service: 'api', instance: 'api/1' }).then(() => {
      drained = true;
    });
    for (let index = 0; index < 4; index++) assert.equal(await exchange(port, 'y'), 'two y');
    assert.equal(await client.exchange('x'), 'one x');
    assert.equal(drained, false);
    client.close();
    await draining;
  });

  test('closes what is left when the drain time is over', async () => {
    const upstreamPort = await freePort();
    await rig.upstream('one', upstreamPort);
    await rig.serve('api', spec(port, { drainMs: 300 }), [upstreamPort]);
    const client = await Client.open(port);
    await client.exchange('x');
    const targets = [target('api', 1, upstreamPort, 'draining')];
    await rig.ask({ kind: 'route', service: 'api', targets });
    await rig.ask({ kind: 'drained', service: 'api', instance: 'api/1' });
    await until('cut', () => client.closed);
  });

  test('tells the instance who is there by PROXY protocol', async () => {
    const upstreamPort = await freePort();
    await rig.upstream('one', upstreamPort, '--proxy');
    await rig.serve('api', spec(port, { proxyProtocol: true }), [upstreamPort]);
    const client = await Client.open(port);
    const local = client.socket.localPort;
    assert.equal(
      await client.exchange(''),
      `header PROXY TCP4 127.0.0.1 127.0.0.1 ${local} ${port}`,
    );
    client.close();
  });

  test('carries much both ways, slower readers included, without losing a byte', async () => {
    const upstreamPort = await freePort();
    await rig.upstream('one', upstreamPort);
    await rig.serve('api', spec(port), [upstreamPort]);
    const line = 'x'.repeat(1_000_000);
    const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    for (let index = 0; index < 20; index++) socket.write(`${line}\n`);
    socket.end();
    let length = 0;
    for await (const chunk of socket) {
      length += chunk.length;
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(length, 20 * `one ${line}\n`.length);
  });

  test('passes ends on in one direction only', async () => {
    const upstreamPort = await freePort();
    await rig.upstream('one', upstreamPort);
    await rig.serve('api', spec(port), [upstreamPort]);
    const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    socket.end('last\n');
    let text = '';
    for await (const chunk of socket) text += chunk;
    assert.equal(text, 'one last\n');
  });

  test('names the process that has its port, and leaves the others as they were', async () => {
    const upstreamPort = await freePort();
    await rig.upstream('one', upstreamPort);
    await rig.serve('api', spec(port), [upstreamPort]);
    const taken = await freePort();
    const holder = await rig.upstream('holder', taken);
    const endpoints = [
      { service: 'api', endpoint: spec(port) },
      { service: 'web', endpoint: spec(taken) },
    ];
    const answer = await rig.ask({ kind: 'listen', endpoints });
    assert.equal(answer.code, 'PORT_TAKEN');
    assert.match(
      answer.message ?? '',
      new RegExp(
        `^127.0.0.1:${taken} \\(endpoint of web\\) is taken by node \\(pid ${holder.pid}\\)`,
      ),
    );
    assert.equal(await exchange(port, 'x'), 'one x');
  });

  test('is added while others go on: connections stay', async () => {
    const upstreamPort = await freePort();
    await rig.upstream('one', upstreamPort);
    await rig.serve('api', spec(port), [upstreamPort]);
    const client = await Client.open(port);
    await client.exchange('x');
    const other = await freePort();
    const endpoints = [
      { service: 'api', endpoint: spec(port) },
      { service: 'web', endpoint: spec(other) },
    ];
    assert.equal((await rig.ask({ kind: 'listen', endpoints })).kind, 'ok');
    await rig.ask({ kind: 'route', service: 'web', targets: [target('web', 1, upstreamPort)] });
    assert.equal(await exchange(other, 'y'), 'one y');
    assert.equal(await exchange(port, 'y'), 'one y');
    assert.equal(await client.exchange('z'), 'one z');
    client.close();
  });

  test('that is removed is closed', async () => {
    await rig.serve('api', spec(port), []);
    const { endpoint } = await rig.settled('serving', (now) => now.endpoint.pid !== null);
    await rig.ask({ kind: 'listen', endpoints: [] });
    await until('gone', () => endpoint.pid !== null && identify(endpoint.pid) === null);
    await assert.rejects(exchange(port, 'x'), { code: 'ECONNREFUSED' });
  });
});
