import assert from 'node:assert/strict';
import net from 'node:net';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { until } from '../keeper/rig.ts';
import { HttpRig, type Instance } from './http-rig.ts';

/** Until both have their usual. */
async function learn(rig: HttpRig): Promise<void> {
  for (let index = 0; index < 80; index++) await rig.text('/');
}

describe('behind an endpoint with protocol http', () => {
  let rig: HttpRig;
  let one: Instance;
  let two: Instance;
  beforeEach(async () => {
    rig = new HttpRig();
    await rig.start();
    [one, two] = (await rig.instances('one', 'two')) as [Instance, Instance];
  });
  afterEach(() => rig.end());

  test('an instance that is killed costs no request that may be repeated', async () => {
    await rig.serve([one, two]);
    await learn(rig);
    const asked = Array.from({ length: 50 }, () => rig.text('/'));
    one.process.kill('SIGKILL');
    for (let index = 0; index < 50; index++) asked.push(rig.text('/'));
    for (const name of await Promise.all(asked)) assert.match(name, /^(one|two)$/);
    await until('only the other', async () => (await rig.text('/')) === 'two');
  });

  test('an instance that stops is asked no more, and again when it goes on', async () => {
    await rig.serve([one, two]);
    await learn(rig);
    one.process.kill('SIGSTOP');
    const asked = Array.from({ length: 20 }, () => rig.text('/'));
    for (const name of await Promise.all(asked)) assert.equal(name, 'two');
    await rig.passedOver('refused api api/1 SILENT');
    one.process.kill('SIGCONT');
    await until('back', async () => (await rig.text('/')) === 'one');
    const names: string[] = [];
    for (let index = 0; index < 20; index++) names.push(await rig.text('/'));
    // Half of them, but for those that took unusually long.
    assert.ok(names.filter((name) => name === 'one').length > 3, names.join());
  });

  test('what can not be repeated is not: it is answered when the instance goes on', async () => {
    await rig.serve([one, two]);
    one.process.kill('SIGSTOP');
    const asked = [rig.text('/', 'POST'), rig.text('/', 'POST')];
    assert.equal(await Promise.any(asked), 'two');
    one.process.kill('SIGCONT');
    assert.deepEqual((await Promise.all(asked)).sort(), ['one', 'two']);
  });

  test('a POST gets 504 when its instance has been silent for long', async () => {
    await rig.serve([one, two]);
    await learn(rig);
    one.process.kill('SIGSTOP');
    const posted = [rig.ask('/', 'POST'), rig.ask('/', 'POST')];
    for (let index = 0; index < 20; index++) assert.equal(await rig.text('/'), 'two');
    await rig.passedOver('refused api api/1 SILENT');
    const statuses = (await Promise.all(posted)).map(({ status }) => status);
    assert.deepEqual(statuses.sort(), [200, 504]);
    one.process.kill('SIGCONT');
    await until('back', async () => (await rig.text('/')) === 'one');
  });

  test('who sends a body too slowly gets 408', async () => {
    await rig.serve([one], { idleTimeoutMs: 300 });
    const head = 'POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n';
    assert.match(await rig.raw(`${head}not ten`), /^HTTP\/1.1 408 /);
    await rig.stats('let go', ([first]) => first?.connections === 0);
  });

  test('a POST that is lost gets 502; PUT is repeated on request, with its body', async () => {
    await rig.serve([one, two], { retry: ['GET', 'PUT'] });
    assert.equal((await rig.ask('/cut', 'POST')).status, 502);
    one.process.kill('SIGSTOP');
    for (let index = 0; index < 4; index++) {
      assert.equal(await rig.text('/echo', 'PUT', 'a body'), 'a body');
    }
    const stats = await rig.stats('unanswered', ([first]) => (first?.http?.unanswered ?? 0) > 0);
    assert.equal(stats[1]?.http?.statusClasses['5xx'], 0);
  });

  test('a request that ends every instance is not sent to them without end', async () => {
    await rig.serve([one, two]);
    assert.equal((await rig.ask('/cut')).status, 502);
    const stats = await rig.stats('three tries', (all) => {
      return all.reduce((sum, { http }) => sum + (http?.requests ?? 0), 0) === 3;
    });
    assert.equal(stats.length, 2);
  });

  test('when all are slow, they get few requests twice', async () => {
    await rig.serve([one, two]);
    const asked = Array.from({ length: 200 }, () => rig.text('/gate-by-time'));
    for (const name of await Promise.all(asked)) assert.match(name, /^(one|two)$/);
    const stats = await rig.stats('all', (all) => {
      return all.reduce((sum, { http }) => sum + (http?.requests ?? 0), 0) >= 200;
    });
    const requests = stats.reduce((sum, { http }) => sum + (http?.requests ?? 0), 0);
    assert.ok(requests <= 200 + 20 + 0.2 * 200, String(requests));
  });

  test('requests are held until an instance is there', async () => {
    await rig.serve([]);
    const asked = Array.from({ length: 5 }, () => rig.text('/'));
    await rig.route([rig.target(1, one)]);
    for (const name of await Promise.all(asked)) assert.equal(name, 'one');
  });

  test('requests are held while the only instance is restarted', async () => {
    await rig.serve([one], {}, { connectTimeoutMs: 60_000 });
    await learn(rig);
    one.process.kill('SIGKILL');
    const asked = Array.from({ length: 5 }, () => rig.text('/'));
    const posted = rig.text('/', 'POST');
    await rig.passedOver('refused api api/1 ECONNREFUSED');
    await rig.instance('again', one.port);
    for (const name of await Promise.all(asked)) assert.equal(name, 'again');
    assert.match(await posted, /again|^502/);
  });

  test('nobody there: 503, and when to come again', async () => {
    await rig.serve([]);
    const { status, fields } = await rig.ask('/');
    assert.deepEqual([status, fields['retry-after']], [503, '1']);
  });

  test('what is under way at an instance that is no longer listed goes to another', async () => {
    await rig.serve([one]);
    const asked = rig.text('/never');
    const posted = rig.ask('/never', 'POST');
    await rig.stats('both', ([first]) => first?.connections === 2);
    await rig.route([rig.target(2, two)]);
    assert.equal((await posted).status, 502);
    await rig.stats(
      'the other',
      ([first]) => first?.connections === 1 && first.instance === 'api/2',
    );
    two.process.kill('SIGKILL');
    await rig.route([]);
    await asked.catch(() => undefined);
  });

  test('a client that goes leaves nothing behind', async () => {
    await rig.serve([one]);
    const socket = net.connect(rig.port, '127.0.0.1');
    socket.write('GET /never HTTP/1.1\r\nHost: a\r\n\r\n');
    await rig.stats('asked', ([first]) => first?.connections === 1);
    socket.destroy();
    await rig.stats('gone', ([first]) => first?.connections === 0 && first.http?.requests === 1);
    assert.equal(await rig.text('/'), 'one');
  });
});
