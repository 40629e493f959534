import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { requestReplace } from '../../src/keeper/replace.ts';
import { lockHolder } from '../../src/ports/lock.ts';
import { identify } from '../../src/ports/process-identity.ts';
import { freePort } from '../free-port.ts';
import { Client, exchange, Rig, spec, until } from '../keeper/rig.ts';
import { startLoad } from './load.ts';

describe('the data path goes on', () => {
  let rig: Rig;
  let port: number;
  let upstreamPort: number;
  beforeEach(async () => {
    rig = new Rig();
    port = await freePort();
    upstreamPort = await freePort();
    await rig.upstream('one', upstreamPort);
  });
  afterEach(() => rig.end());

  async function serving(command = rig.command()) {
    await rig.started(command);
    await rig.serve('api', spec(port), [upstreamPort]);
    return rig.settled('serving', (now) => now.endpoint.pid !== null);
  }

  test('when the endpoint process is killed under load: nobody is refused', async () => {
    let before = await serving();
    const stop = startLoad(port, 350);
    for (let kill = 0; kill < 4; kill++) {
      const killed = before.endpoint.pid ?? 0;
      process.kill(killed, 'SIGKILL');
      before = await rig.settled('new endpoint process', (now) => {
        return now.endpoint.pid !== null && now.endpoint.pid !== killed;
      });
      for (let index = 0; index < 20; index++) await exchange(port, 'y');
    }
    const tally = await stop();
    assert.deepEqual([...tally.refused], []);
    assert.equal(tally.answered + tally.cut, tally.asked);
    assert.ok(tally.answered > 100, `answered ${tally.answered}`);
    assert.equal(before.endpoint.restarts, 4);
  });

  test('when the endpoint process dies while no controller lives', async () => {
    const before = await serving();
    process.kill(before.controller.pid ?? 0, 'SIGSTOP');
    process.kill(before.endpoint.pid ?? 0, 'SIGKILL');
    assert.equal(await exchange(port, 'x'), 'one x');
  });

  test('when the endpoint process hangs: it is replaced', async () => {
    const before = await serving(rig.command({ hangMs: 1_500 }));
    process.kill(before.endpoint.pid ?? 0, 'SIGSTOP');
    assert.equal(await exchange(port, 'x'), 'one x');
    assert.match(rig.log(), new RegExp(`endpoint process ${before.endpoint.pid} hangs`));
  });

  test('when the controller is killed', async () => {
    const before = await serving();
    const client = await Client.open(port);
    process.kill(before.controller.pid ?? 0, 'SIGKILL');
    assert.equal(await exchange(port, 'x'), 'one x');
    const after = await rig.settled('new controller', (now) => now.controller.restarts === 1);
    assert.equal(after.endpoint.pid, before.endpoint.pid);
    await rig.ask({ kind: 'listen', endpoints: [{ service: 'api', endpoint: spec(port) }] });
    assert.equal(await client.exchange('x'), 'one x');
    client.close();
  });

  test('when the keeper is killed: the endpoint process brings it back', async () => {
    const before = await serving();
    const client = await Client.open(port);
    const stop = startLoad(port, 100);
    process.kill(before.pid, 'SIGKILL');
    const after = await rig.settled('new keeper', (now) => {
      return now.pid !== before.pid && now.endpoint.pid !== null;
    });
    assert.equal(after.endpoint.pid, before.endpoint.pid);
    await until('old controller left', () => identify(before.controller.pid ?? 0) === null);
    assert.ok(rig.notes().includes(`${before.controller.pid} lost`));
    assert.equal(await client.exchange('x'), 'one x');
    client.close();
    // The new keeper holds the sockets as the old one did.
    process.kill(after.endpoint.pid ?? 0, 'SIGKILL');
    await rig.settled('new endpoint process', (now) => {
      return now.endpoint.pid !== null && now.endpoint.pid !== before.endpoint.pid;
    });
    assert.equal(await exchange(port, 'x'), 'one x');
    const tally = await stop();
    assert.deepEqual([...tally.refused], []);
  });

  test('soon again when keeper and endpoint process are killed together', async () => {
    const before = await serving();
    process.kill(before.endpoint.pid ?? 0, 'SIGSTOP');
    process.kill(before.pid, 'SIGKILL');
    process.kill(before.endpoint.pid ?? 0, 'SIGKILL');
    await rig.settled('new keeper', (now) => now.pid !== before.pid);
    await rig.serve('api', spec(port), [upstreamPort]);
    assert.equal(await exchange(port, 'x'), 'one x');
  });

  test('after detach, and a later start takes it over', async () => {
    const before = await serving();
    const client = await Client.open(port);
    await rig.ask({ kind: 'detach' });
    await until('keeper ended', () => identify(before.pid) === null);
    assert.equal(identify(before.controller.pid ?? 0), null);
    assert.equal(lockHolder(rig.layout.keeperLock), null);
    assert.equal(await exchange(port, 'x'), 'one x');
    const after = await rig.started();
    assert.equal(after.endpoint.pid ?? before.endpoint.pid, before.endpoint.pid);
    await rig.serve('api', spec(port), [upstreamPort]);
    assert.equal(await client.exchange('x'), 'one x');
    client.close();
    process.kill(before.endpoint.pid ?? 0, 'SIGKILL');
    assert.equal(await exchange(port, 'x'), 'one x');
  });

  test('when a keeper of another version takes over', async () => {
    const before = await serving(rig.command({ version: '1.0.0' }));
    const client = await Client.open(port);
    await client.exchange('x');
    const stop = startLoad(port, 100);
    await requestReplace(rig.layout, rig.command({ version: '2.0.0' }));
    const after = await rig.settled('new keeper', (now) => {
      return now.version === '2.0.0' && now.endpoint.pid !== before.endpoint.pid;
    });
    assert.ok(rig.notes().includes(`${before.controller.pid} sigterm`));
    assert.notEqual(after.controller.pid, before.controller.pid);
    assert.equal(identify(before.pid), null);
    // The old process lives for its last connection, and no longer.
    assert.equal(await client.exchange('x'), 'one x');
    assert.notEqual(identify(before.endpoint.pid ?? 0), null);
    client.close();
    await until('old endpoint left', () => identify(before.endpoint.pid ?? 0) === null);
    const tally = await stop();
    assert.deepEqual([...tally.refused], []);
    assert.equal(tally.answered, tally.asked);
  });

  test('with the old keeper when the new one does not start', async () => {
    const before = await serving();
    const broken = { exec: [process.execPath, '-e', 'process.exit(3)'], controller: ['x'] };
    await assert.rejects(requestReplace(rig.layout, broken), { code: 'START_FAILED' });
    assert.deepEqual(await rig.status(), before);
    assert.equal(await exchange(port, 'x'), 'one x');
  });

  test('on a Node.js that cannot hold sockets, though some are refused meanwhile', async () => {
    const older = `${rig.stateDir}/older-node.mjs`;
    writeFileSync(older, 'import net from "node:net";\ndelete net.BoundSocket;\n');
    rig.start(rig.command(), { ...process.env, NODE_OPTIONS: `--import=${older}` });
    await rig.serve('api', spec(port), [upstreamPort]);
    const before = await rig.settled('serving', (now) => now.endpoint.pid !== null);
    assert.match(rig.log(), /cannot hold bound sockets/);
    process.kill(before.endpoint.pid ?? 0, 'SIGKILL');
    await until('served again', () => exchange(port, 'x').catch(() => null));
    const client = await Client.open(port);
    // Until it is answered it may still wait to be accepted, and be lost with the old listener.
    assert.equal(await client.exchange('x'), 'one x');
    const other = await freePort();
    const endpoints = [
      { service: 'api', endpoint: spec(port) },
      { service: 'web', endpoint: spec(other) },
    ];
    assert.equal((await rig.ask({ kind: 'listen', endpoints })).kind, 'ok');
    assert.equal(await client.exchange('x'), 'one x');
    client.close();
    process.kill(before.pid, 'SIGKILL');
    await rig.settled('new keeper', (now) => now.pid !== before.pid && now.endpoint.pid !== null);
    assert.equal(await exchange(port, 'x'), 'one x');
  });

  test('in a state directory whose path is longer than a socket address', async () => {
    await rig.end();
    rig = new Rig(`/${'deep'.repeat(20)}/${'deeper'.repeat(20)}`);
    await rig.upstream('one', upstreamPort);
    const before = await serving();
    assert.equal(await exchange(port, 'x'), 'one x');
    process.kill(before.pid, 'SIGKILL');
    await rig.settled('new keeper', (now) => now.pid !== before.pid && now.endpoint.pid !== null);
    assert.equal(await exchange(port, 'x'), 'one x');
  });
});
