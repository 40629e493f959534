/** Availability, and maintenance, over the API. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loggedIn, rig } from './rig.ts';

describe('availability', () => {
  test('is told of all services, or of one', async (t) => {
    const made = await rig(t);
    const eve = await loggedIn(made, 'eve', 'viewer');
    const { status, json } = await eve.send('GET', '/api/v1/availability');
    assert.equal(status, 200);
    const names = json.services.map((one: { service: string }) => one.service);
    assert.deepEqual(names, ['api', 'worker']);
    assert.deepEqual(Object.keys(json.services[0].windows), ['day', 'week', 'month']);
    const one = await eve.send('GET', '/api/v1/availability?service=worker');
    assert.deepEqual(one.json.services, [json.services[1]]);
    assert.equal((await eve.send('GET', '/api/v1/availability?service=none')).status, 404);
  });

  test('reads each record once, also when several ask at once', async (t) => {
    const made = await rig(t);
    const eve = await loggedIn(made, 'eve', 'viewer');
    const read: number[] = [];
    const { records } = made.stack;
    made.stack.records = (after, limit) => {
      read.push(after);
      return records(after, limit);
    };
    const ask = () => eve.send('GET', '/api/v1/availability');
    await Promise.all([ask(), ask(), ask()]);
    made.stack.publish();
    await ask();
    assert.deepEqual(read, [0, 5, 5, 5]);
  });
});

describe('maintenance', () => {
  const path = '/api/v1/services/api/maintenance';

  test('is asked of the stack, in the name of who asks', async (t) => {
    const made = await rig(t);
    const ann = await loggedIn(made, 'ann', 'operator');
    for (const body of [{ forMs: 60_000 }, { untilHealthy: true }]) {
      assert.equal((await ann.send('POST', path, body)).status, 200);
    }
    assert.equal((await ann.send('POST', `${path}/end`)).status, 200);
    assert.deepEqual(made.stack.acts(), [
      { kind: 'maintenance', service: 'api', forMs: 60_000, untilHealthy: false },
      { kind: 'maintenance', service: 'api', forMs: null, untilHealthy: true },
      { kind: 'maintenance-end', service: 'api' },
    ]);
  });

  test('without an end, or for too long, is none', async (t) => {
    const made = await rig(t);
    const ann = await loggedIn(made, 'ann', 'operator');
    for (const body of [{}, { untilHealthy: false }, { forMs: 1 }, { forMs: 1e12 }]) {
      assert.equal((await ann.send('POST', path, body)).status, 400, JSON.stringify(body));
    }
    assert.deepEqual(made.stack.acts(), []);
  });
});
