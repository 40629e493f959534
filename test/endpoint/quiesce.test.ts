import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { EndpointSpec } from '../../src/model/stack-spec.ts';
import { freePort } from '../free-port.ts';
import { Client, exchange, Rig, spec, target, until } from '../keeper/rig.ts';
import { HttpRig } from './http-rig.ts';

const group = { epoch: 1, read: [], hold: false };

describe('an endpoint of unknown protocol that is to fall quiet', () => {
  let rig: Rig;
  let port: number;
  let endpoint: EndpointSpec;
  beforeEach(async () => {
    rig = new Rig();
    await rig.started();
    port = await freePort();
    const upstreamPort = await freePort();
    await rig.upstream('one', upstreamPort);
    endpoint = spec(port, { holdMs: 60_000 });
    await rig.ask({ kind: 'listen', endpoints: [{ service: 'job', endpoint }] });
    const targets = [target('job', 1, upstreamPort)];
    await rig.ask({ kind: 'route', service: 'job', targets, group });
  });
  afterEach(() => rig.end());

  async function anotherController(): Promise<void> {
    const before = await rig.settled('first', () => true);
    process.kill(before.controller.pid ?? 0, 'SIGKILL');
    await rig.settled('another', ({ controller }) => controller.pid !== before.controller.pid);
  }

  test('closes who was answered and has said nothing for a while', async () => {
    const client = await Client.open(port);
    assert.equal(await client.exchange('x'), 'one x');
    const { busy } = await rig.ask({ kind: 'quiesce', service: 'job', limitMs: 30_000 });
    assert.equal(busy, 0);
    await until('ended, not broken', () => client.ended);
    const held = exchange(port, 'y');
    await rig.ask({ kind: 'release', service: 'job' });
    assert.equal(await held, 'one y');
  });

  test('is released also by a controller that has not listed it yet', async () => {
    await rig.ask({ kind: 'quiesce', service: 'job', limitMs: 200_000 });
    const held = exchange(port, 'y');
    await anotherController();
    await rig.ask({ kind: 'release', service: 'job' });
    await rig.ask({ kind: 'listen', endpoints: [{ service: 'job', endpoint }] });
    assert.equal(await held, 'one y');
  });

  test('is asked who is busy also by a controller that is about to list it', async () => {
    const client = await Client.open(port);
    assert.equal(await client.exchange('x'), 'one x');
    client.socket.write('half a question');
    await anotherController();
    const { pid: keeper } = await rig.settled('keeper', () => true);
    process.kill(keeper, 'SIGSTOP');
    const listed = rig.ask({ kind: 'listen', endpoints: [{ service: 'job', endpoint }] });
    const quiet = rig.ask({ kind: 'quiesce', service: 'job', limitMs: 1_500 });
    // It is heard after both of these.
    await rig.ask({ kind: 'drained', service: 'none', instance: 'none/1' });
    process.kill(keeper, 'SIGCONT');
    assert.equal((await quiet).busy, 1);
    await listed;
    client.close();
  });

  test('counts as busy who waits for an answer', async () => {
    const client = await Client.open(port);
    assert.equal(await client.exchange('x'), 'one x');
    client.socket.write('half a question');
    const { busy } = await rig.ask({ kind: 'quiesce', service: 'job', limitMs: 1_500 });
    assert.equal(busy, 1);
    await rig.ask({ kind: 'release', service: 'job' });
    assert.equal(await client.exchange(', and the rest'), 'one half a question, and the rest');
    client.close();
  });
});

describe('an endpoint with protocol http that is to fall quiet', () => {
  let http: HttpRig;
  beforeEach(async () => {
    http = new HttpRig();
    await http.start();
  });
  afterEach(() => http.end());

  test('finishes requests, and holds the next ones without closing a connection', async () => {
    const [one, two] = await http.instances('one', 'two');
    assert.ok(one !== undefined && two !== undefined);
    await http.serve([], {}, { holdMs: 60_000 });
    const route = (epoch: number, instance: number, at: typeof one) => {
      const targets = [http.target(instance, at)];
      return http.rig.ask({
        kind: 'route',
        service: 'api',
        targets,
        group: { epoch, read: [], hold: false },
      });
    };
    await route(1, 1, one);
    const slow = http.text('/gate');
    await http.stats('one under way', ([first]) => first?.connections === 1);
    const quiet = http.rig.ask({ kind: 'quiesce', service: 'api', limitMs: 50_000 });
    await fetch(`http://127.0.0.1:${one.port}/open`);
    assert.equal((await quiet).busy, 0);
    assert.equal(await slow, 'one');
    const held = http.text('/');
    await route(2, 2, two);
    assert.equal(await held, 'two');
  });
});
