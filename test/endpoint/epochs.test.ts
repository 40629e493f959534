import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { RouteTarget } from '../../src/model/command.ts';
import type { EndpointSpec } from '../../src/model/stack-spec.ts';
import type { HeldStats } from '../../src/ports/endpoints.ts';
import { freePort } from '../free-port.ts';
import { Client, exchange, Rig, type StubAnswer, spec, target, until } from '../keeper/rig.ts';

describe('an endpoint of a service with a primary', () => {
  let rig: Rig;
  let port: number;
  let readPort: number;
  /** Of the instances one, two, three. */
  let ports: number[];
  beforeEach(async () => {
    rig = new Rig();
    await rig.started();
    port = await freePort();
    readPort = await freePort();
    ports = [await freePort(), await freePort(), await freePort()];
  });
  afterEach(() => rig.end());

  const at = (number: number, state: RouteTarget['state'] = 'serving') =>
    target('db', number, ports[number - 1] ?? 0, state);

  async function listen(changes: Partial<EndpointSpec> = {}): Promise<void> {
    const endpoint = spec(port, changes);
    const endpointRead = spec(readPort, changes);
    await rig.ask({ kind: 'listen', endpoints: [{ service: 'db', endpoint, endpointRead }] });
  }

  /** `primary` null: there is none, and connections are held. */
  function route(
    epoch: number,
    primary: number | null,
    read: readonly RouteTarget[] = [],
  ): Promise<StubAnswer> {
    const targets = primary === null ? [] : [at(primary)];
    const group = { epoch, read, hold: primary === null };
    return rig.ask({ kind: 'route', service: 'db', targets, group });
  }

  async function killEndpoint(): Promise<void> {
    const { endpoint } = await rig.settled('serving', (now) => now.endpoint.pid !== null);
    process.kill(endpoint.pid ?? 0, 'SIGKILL');
    await rig.settled('new endpoint process', (now) => {
      return now.endpoint.pid !== null && now.endpoint.pid !== endpoint.pid;
    });
  }

  function heldNow(connections: number): Promise<unknown> {
    return until(`${connections} held`, () => {
      const told = rig.notes().flatMap((note) => note.split(' held ')[1] ?? []);
      const last = JSON.parse(told.at(-1) ?? '[]') as HeldStats[];
      return last.some((one) => one.service === 'db' && one.connections === connections);
    });
  }

  test('cuts connections of an older epoch, also to an instance that goes on', async () => {
    await rig.upstream('one', ports[0] ?? 0);
    await listen();
    await route(1, 1);
    const client = await Client.open(port);
    assert.equal(await client.exchange('x'), 'one x');
    await route(1, 1);
    assert.equal(await client.exchange('x'), 'one x');
    await route(2, 1);
    await until('cut', () => client.closed);
    assert.equal(await exchange(port, 'x'), 'one x');
  });

  test('cuts them also in a process that it has taken over from', async () => {
    await rig.upstream('one', ports[0] ?? 0);
    await listen();
    await route(1, 1);
    const client = await Client.open(port);
    assert.equal(await client.exchange('x'), 'one x');
    const main = { service: 'db', endpoint: spec(port), endpointRead: spec(readPort) };
    const other = { service: 'web', endpoint: spec(await freePort()) };
    await rig.ask({ kind: 'listen', endpoints: [main, other] });
    assert.equal(await client.exchange('x'), 'one x');
    await route(2, 1);
    await until('cut', () => client.closed);
  });

  test('refuses a route of an older epoch, also after its process was killed', async () => {
    await rig.upstream('one', ports[0] ?? 0);
    await rig.upstream('two', ports[1] ?? 0);
    await listen();
    await route(2, 2);
    const refused = await route(1, 1);
    assert.equal(refused.code, 'REFUSED');
    assert.match(refused.message ?? '', /^F6: .*db in epoch 1 .* epoch 2/);
    assert.equal(await exchange(port, 'x'), 'two x');
    await killEndpoint();
    assert.equal((await route(1, 1)).code, 'REFUSED');
    assert.equal(await exchange(port, 'x'), 'two x');
    assert.equal((await route(3, 1)).kind, 'ok');
    assert.equal(await exchange(port, 'x'), 'one x');
  });

  test('holds connections without a primary, and serves them in order of arrival', async () => {
    await rig.upstream('one', ports[0] ?? 0);
    await rig.upstream('two', ports[1] ?? 0, '--count');
    await listen({ holdMs: 60_000 });
    await route(1, 1);
    await route(1, null);
    const clients: Client[] = [];
    for (let number = 1; number <= 20; number++) {
      clients.push(await Client.open(port));
      if (number % 5 === 0) await heldNow(number);
    }
    await route(2, 2);
    const answers = await Promise.all(clients.map((client) => client.exchange('x')));
    assert.deepEqual(
      answers,
      clients.map((_, index) => `two x (connection ${index + 1})`),
    );
    for (const client of clients) client.close();
  });

  test('leads nobody to the new primary who has gone while being held', async () => {
    await rig.upstream('two', ports[1] ?? 0, '--count');
    await listen({ holdMs: 60_000 });
    await route(1, null);
    const gone = await Client.open(port);
    const staying = await Client.open(port);
    await heldNow(2);
    gone.close();
    await heldNow(1);
    await route(2, 2);
    assert.equal(await staying.exchange('x'), 'two x (connection 1)');
    staying.close();
  });

  test('nor who has sent the beginning of a PostgreSQL session before', async () => {
    await rig.upstream('two', ports[1] ?? 0, '--count');
    await listen({ holdMs: 60_000, session: 'postgres' });
    await route(1, null);
    const gone = await Client.open(port);
    gone.socket.write('\0\0\0\x08\x04\xd2\x16\x2f', 'latin1');
    await heldNow(1);
    gone.socket.end();
    await heldNow(0);
    const staying = exchange(port, 'x');
    await heldNow(1);
    await route(2, 2);
    assert.equal(await staying, 'two x (connection 1)');
  });

  test('resets what it has held for long enough', async () => {
    await listen({ holdMs: 200 });
    await route(1, null);
    await assert.rejects(exchange(port, 'x'), { code: 'ECONNRESET' });
  });

  test('still holds after its process was killed', async () => {
    await rig.upstream('one', ports[0] ?? 0);
    await rig.upstream('two', ports[1] ?? 0);
    await listen({ holdMs: 60_000 });
    await route(1, 1);
    const { group, targets } = { targets: [at(1)], group: { epoch: 1, read: [], hold: true } };
    await rig.ask({ kind: 'route', service: 'db', targets, group });
    const lost = await Client.open(port);
    await heldNow(1);
    const before = await rig.settled('serving', (now) => now.endpoint.pid !== null);
    process.kill(before.controller.pid ?? 0, 'SIGSTOP');
    process.kill(before.endpoint.pid ?? 0, 'SIGKILL');
    await until('lost', () => lost.closed);
    const held = exchange(port, 'x');
    await until('another endpoint process', async () => {
      const now = await rig.status();
      return now?.endpoint.pid != null && now.endpoint.pid !== before.endpoint.pid;
    });
    process.kill(before.controller.pid ?? 0, 'SIGKILL');
    await rig.settled('new controller', (now) => now.controller.restarts > 0);
    await listen({ holdMs: 60_000 });
    await route(2, 2);
    assert.equal(await held, 'two x');
  });

  test('has an address for reading, which takes turns among the standbys', async () => {
    for (const [index, name] of ['one', 'two', 'three'].entries()) {
      await rig.upstream(name, ports[index] ?? 0);
    }
    await listen();
    await route(1, 1, [at(2), at(3)]);
    assert.equal(await exchange(port, 'x'), 'one x');
    const answers = new Set<string>();
    for (let index = 0; index < 6; index++) answers.add(await exchange(readPort, 'x'));
    assert.deepEqual([...answers].sort(), ['three x', 'two x']);
    await killEndpoint();
    assert.match(await exchange(readPort, 'y'), /^(two|three) y$/);
    assert.equal(await exchange(port, 'y'), 'one y');
  });

  test('lets readers go on at a failover, and drains who no longer reads', async () => {
    await rig.upstream('one', ports[0] ?? 0);
    await rig.upstream('two', ports[1] ?? 0);
    await listen({ drainMs: 60_000 });
    await route(1, 1, [at(2)]);
    const reader = await Client.open(readPort);
    assert.equal(await reader.exchange('x'), 'two x');
    await route(1, null, [at(2)]);
    await route(2, 2, [at(1)]);
    assert.equal(await reader.exchange('y'), 'two y');
    assert.equal(await exchange(readPort, 'x'), 'one x');
    assert.equal(await exchange(port, 'x'), 'two x');
    reader.close();
  });

  test('closes drained readers when their time is over', async () => {
    await rig.upstream('two', ports[1] ?? 0);
    await listen({ drainMs: 200 });
    await route(1, 1, [at(2)]);
    const reader = await Client.open(readPort);
    assert.equal(await reader.exchange('x'), 'two x');
    await route(1, 1, []);
    await until('cut', () => reader.closed);
  });

  test('cuts readers from a primary whose reign is over', async () => {
    await rig.upstream('one', ports[0] ?? 0);
    await rig.upstream('two', ports[1] ?? 0);
    await listen({ drainMs: 60_000 });
    await route(1, 1, [at(1)]);
    const reader = await Client.open(readPort);
    assert.equal(await reader.exchange('x'), 'one x');
    await route(1, null);
    await until('cut', () => reader.closed);
    await route(2, 2, [at(2)]);
    const other = await Client.open(readPort);
    assert.equal(await other.exchange('x'), 'two x');
    await route(3, 1, [at(2)]);
    await until('cut as well, though listed', () => other.closed);
  });
});
