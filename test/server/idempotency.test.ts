/** What acts is done once for each key. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DarumaError } from '../../src/model/errors.ts';
import { AccountsDb } from '../../src/server/api/accounts-db.ts';
import { loggedIn, rig } from './rig.ts';

const restart = '/api/v1/services/api/restart';
const key = (value: string) => ({ 'idempotency-key': value });

describe('an idempotency key', () => {
  test('lets the same be done once, and be answered the same', async (t) => {
    const made = await rig(t);
    const ann = await loggedIn(made, 'ann', 'operator');
    const [first, second] = [
      await ann.send('POST', restart, undefined, key('a')),
      await ann.send('POST', restart, undefined, key('a')),
    ];
    assert.equal(first.status, 200);
    assert.deepEqual([second.status, second.text], [first.status, first.text]);
    assert.equal(second.headers['idempotency-replayed'], 'true');
    assert.equal(made.stack.acts().length, 1);
    await ann.send('POST', restart, undefined, key('b'));
    await ann.send('POST', restart);
    assert.equal(made.stack.acts().length, 3);
  });

  test('is good for one request and one person', async (t) => {
    const made = await rig(t);
    const [ann, bob] = [
      await loggedIn(made, 'ann', 'operator'),
      await loggedIn(made, 'bob', 'operator'),
    ];
    await ann.send('POST', restart, undefined, key('a'));
    const other = await ann.send('POST', '/api/v1/services/worker/restart', undefined, key('a'));
    assert.equal(other.status, 400);
    assert.equal((await bob.send('POST', restart, undefined, key('a'))).status, 200);
    assert.equal(made.stack.acts().length, 2);
  });

  test('keeps a refusal, and lets what may work later be tried again', async (t) => {
    const made = await rig(t);
    const ann = await loggedIn(made, 'ann', 'operator');
    made.stack.failure = new DarumaError('REFUSED', 'it is in observe mode');
    for (let turn = 0; turn < 2; turn += 1) {
      const { status, json } = await ann.send('POST', restart, undefined, key('a'));
      assert.deepEqual([status, json.detail], [409, 'it is in observe mode']);
    }
    made.stack.failure = new DarumaError('NOT_RUNNING', 'the stack is not running');
    assert.equal((await ann.send('POST', restart, undefined, key('b'))).status, 503);
    assert.equal((await ann.send('POST', restart, undefined, key('b'))).status, 200);
  });

  test('is refused while the same is under way', async (t) => {
    const made = await rig(t);
    const ann = await loggedIn(made, 'ann', 'operator');
    const { promise, resolve } = Promise.withResolvers<string>();
    const asked = Promise.withResolvers<void>();
    made.stack.request = () => {
      asked.resolve();
      return promise;
    };
    const first = ann.send('POST', restart, undefined, key('a'));
    // Two requests need not come in the order in which they were sent.
    await asked.promise;
    const second = await ann.send('POST', restart, undefined, key('a'));
    assert.equal(second.status, 409);
    resolve('done');
    assert.equal((await first).status, 200);
  });

  test('of what a process that died had begun does nothing, and says so', async (t) => {
    const made = await rig(t);
    const ann = await loggedIn(made, 'ann', 'operator');
    await ann.send('POST', restart, undefined, key('a'));
    const db = new AccountsDb(made.layout.accountsDatabase);
    db.run("update idempotency set status = null, body = null, process = 'another'");
    db.close();
    const { status, json } = await ann.send('POST', restart, undefined, key('a'));
    assert.equal(status, 409);
    assert.match(json.detail, /may be done: look/);
    assert.equal(made.stack.acts().length, 1);
  });
});
