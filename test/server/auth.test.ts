/** Coming in, staying in, going out; and who can't. */
import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import { describe, test } from 'node:test';
import { browser, loggedIn, password, rig } from './rig.ts';

const account = { name: 'ann', password };

describe('the first admin', () => {
  test('is made with the secret that the owner of the state is shown, once', async (t) => {
    const made = await rig(t);
    const { setup } = made.api.parts;
    const secret = setup.text();
    assert.equal(setup.text(), secret);
    assert.equal(statSync(`${made.layout.secretsDir}/console-setup`).mode & 0o777, 0o600);
    const ann = browser(made);
    assert.equal((await ann.send('GET', '/api/v1/auth')).json.setup, true);
    const wrong = { ...account, secret: `${secret.slice(0, -1)}x` };
    assert.equal((await ann.send('POST', '/api/v1/auth/setup', wrong)).status, 403);
    const { status, json } = await ann.send('POST', '/api/v1/auth/setup', { ...account, secret });
    assert.equal(status, 201);
    assert.deepEqual(json.person, { name: 'ann', role: 'admin' });
    assert.equal(existsSync(`${made.layout.secretsDir}/console-setup`), false);
    const eve = { name: 'eve', password, secret };
    assert.equal((await browser(made).send('POST', '/api/v1/auth/setup', eve)).status, 403);
    const { json: now } = await ann.send('GET', '/api/v1/auth');
    assert.deepEqual(now, { person: json.person, setup: false, register: false, version: '1.2.3' });
    assert.equal(statSync(made.layout.accountsDatabase).mode & 0o777, 0o600);
  });

  test('is not made anew by a secret that comes back', async (t) => {
    const made = await rig(t);
    await loggedIn(made, 'ann', 'admin');
    const secret = made.api.parts.setup.text();
    const { status } = await browser(made).send('POST', '/api/v1/auth/setup', {
      ...account,
      name: 'eve',
      secret,
    });
    assert.equal(status, 403);
  });
});

describe('other accounts', () => {
  test('are made by invitation, once', async (t) => {
    const made = await rig(t);
    const ann = await loggedIn(made, 'ann', 'admin');
    const { status, json } = await ann.send('POST', '/api/v1/invitations', { role: 'operator' });
    assert.equal(status, 201);
    const bob = browser(made);
    const body = { name: 'bob', password, invitation: json.text };
    const short = await bob.send('POST', '/api/v1/auth/accept', { ...body, password: 'short' });
    assert.equal(short.status, 400);
    const taken = await bob.send('POST', '/api/v1/auth/accept', { ...body, name: 'ANN' });
    assert.equal(taken.status, 409);
    const accepted = await bob.send('POST', '/api/v1/auth/accept', body);
    assert.deepEqual(accepted.json.person, { name: 'bob', role: 'operator' });
    const again = { ...body, name: 'eve' };
    assert.equal((await browser(made).send('POST', '/api/v1/auth/accept', again)).status, 404);
  });

  test('are made by whoever gets there only where that is allowed', async (t) => {
    const [closed, open] = [await rig(t), await rig(t, { register: true })];
    const refused = await browser(closed).send('POST', '/api/v1/auth/register', account);
    assert.equal(refused.status, 403);
    const { status, json } = await browser(open).send('POST', '/api/v1/auth/register', account);
    assert.equal(status, 201);
    assert.equal(json.person.role, 'viewer');
  });

  test('the last admin stays one', async (t) => {
    const made = await rig(t);
    const ann = await loggedIn(made, 'ann', 'admin');
    for (const change of [{ role: 'viewer' }, { disabled: true }]) {
      assert.equal((await ann.send('PATCH', '/api/v1/people/ann', change)).status, 409);
    }
    assert.equal((await ann.send('DELETE', '/api/v1/people/ann')).status, 409);
    // Who owns the state directory is no account of it.
    const { people } = made.api.parts;
    for (const change of [{ role: 'viewer' }, { disabled: true }] as const) {
      assert.throws(() => people.change('ann', change, 'root'), /ann is the only admin/);
    }
    assert.throws(() => people.remove('ann', 'root'), /ann is the only admin/);
  });

  test('nobody takes away what is his own: another admin does', async (t) => {
    const made = await rig(t);
    const [ann, bob] = [await loggedIn(made, 'ann', 'admin'), await loggedIn(made, 'bob', 'admin')];
    for (const name of ['ann', 'ANN']) {
      const url = `/api/v1/people/${name}`;
      for (const change of [{ role: 'viewer' }, { disabled: true }]) {
        const refused = await ann.send('PATCH', url, change);
        assert.deepEqual([refused.status, refused.json.code], [409, 'REFUSED']);
        assert.match(refused.json.detail, /another admin/);
      }
      assert.equal((await ann.send('DELETE', url)).status, 409);
    }
    assert.equal((await ann.send('PATCH', '/api/v1/people/ann', { role: 'admin' })).status, 200);
    assert.equal((await ann.send('GET', '/api/v1/people')).json.items.length, 2);
    const demoted = await bob.send('PATCH', '/api/v1/people/ann', { role: 'viewer' });
    assert.deepEqual([demoted.status, demoted.json.role], [200, 'viewer']);
    assert.equal((await ann.send('GET', '/api/v1/people')).status, 403);
    assert.equal((await ann.send('GET', '/api/v1/stack')).status, 200);
    assert.equal((await bob.send('DELETE', '/api/v1/people/ann')).status, 204);
    assert.equal((await ann.send('GET', '/api/v1/stack')).status, 401);
  });

  test('whoever is closed out is out at once', async (t) => {
    const made = await rig(t);
    const [ann, bob] = [
      await loggedIn(made, 'ann', 'admin'),
      await loggedIn(made, 'bob', 'viewer'),
    ];
    assert.equal((await bob.send('GET', '/api/v1/stack')).status, 200);
    await ann.send('PATCH', '/api/v1/people/bob', { disabled: true });
    assert.equal((await bob.send('GET', '/api/v1/stack')).status, 401);
    const { status } = await bob.send('POST', '/api/v1/auth/login', { name: 'bob', password });
    assert.equal(status, 401);
  });
});

describe('sessions', () => {
  test('cookies are out of reach of scripts and other sites', async (t) => {
    const made = await rig(t);
    await loggedIn(made, 'ann', 'admin');
    const { headers } = await browser(made).send('POST', '/api/v1/auth/login', account);
    const cookies = headers['set-cookie'] as string[];
    assert.equal(cookies.length, 3);
    for (const cookie of cookies) assert.match(cookie, /HttpOnly; SameSite=Strict/);
  });

  test('a refresh token is good once; used again it ends the session', async (t) => {
    const made = await rig(t);
    const ann = await loggedIn(made, 'ann', 'admin');
    const stolen = { ...ann.cookies };
    for (let turn = 0; turn < 2; turn += 1) {
      assert.equal((await ann.send('POST', '/api/v1/auth/refresh')).status, 200);
    }
    assert.equal((await ann.send('GET', '/api/v1/stack')).status, 200);
    const eve = browser(made);
    Object.assign(eve.cookies, stolen);
    assert.equal((await eve.send('POST', '/api/v1/auth/refresh')).status, 401);
    assert.equal((await ann.send('GET', '/api/v1/stack')).status, 401);
    assert.equal((await ann.send('POST', '/api/v1/auth/refresh')).status, 401);
  });

  test('two tabs that refresh at once stay in, and only one gets new tokens', async (t) => {
    const made = await rig(t);
    const ann = await loggedIn(made, 'ann', 'admin');
    const tab = browser(made);
    Object.assign(tab.cookies, ann.cookies);
    assert.equal((await ann.send('POST', '/api/v1/auth/refresh')).status, 200);
    const late = await tab.send('POST', '/api/v1/auth/refresh');
    assert.equal(late.status, 409);
    assert.equal(late.headers['set-cookie'], undefined);
    assert.equal((await ann.send('POST', '/api/v1/auth/refresh')).status, 200);
  });

  test('are listed, and ended one by one', async (t) => {
    const made = await rig(t);
    const [here, there] = [
      await loggedIn(made, 'ann', 'admin'),
      await loggedIn(made, 'ann', 'admin'),
    ];
    const { json } = await here.send('GET', '/api/v1/sessions');
    assert.equal(json.items.length, 2);
    const other = json.items.find(({ current }: { current: boolean }) => !current);
    assert.equal((await here.send('DELETE', `/api/v1/sessions/${other.id}`)).status, 204);
    assert.equal((await there.send('GET', '/api/v1/stack')).status, 401);
    assert.equal((await here.send('GET', '/api/v1/stack')).status, 200);
    const bob = await loggedIn(made, 'bob', 'admin');
    const own = json.items.find(({ current }: { current: boolean }) => current);
    assert.equal((await bob.send('DELETE', `/api/v1/sessions/${own.id}`)).status, 404);
  });

  test('end at logout, and all others with a new password', async (t) => {
    const made = await rig(t);
    const [here, there] = [
      await loggedIn(made, 'ann', 'admin'),
      await loggedIn(made, 'ann', 'admin'),
    ];
    const next = 'another horse battery';
    const wrong = await here.send('POST', '/api/v1/auth/password', { current: 'x', next });
    assert.equal(wrong.status, 401);
    const changed = await here.send('POST', '/api/v1/auth/password', { current: password, next });
    assert.equal(changed.status, 204);
    assert.equal((await there.send('GET', '/api/v1/stack')).status, 401);
    const before = { ...here.cookies };
    assert.equal((await here.send('POST', '/api/v1/auth/logout')).status, 204);
    Object.assign(here.cookies, before);
    assert.equal((await here.send('GET', '/api/v1/stack')).status, 401);
    const { status } = await here.send('POST', '/api/v1/auth/login', {
      name: 'ann',
      password: next,
    });
    assert.equal(status, 200);
  });

  test('what people do with accounts is in the event log, with their name', async (t) => {
    const made = await rig(t);
    const ann = await loggedIn(made, 'ann', 'admin');
    await ann.send('POST', '/api/v1/auth/logout');
    await made.api.parts.outbox.send();
    assert.deepEqual(made.stack.notes(), [
      'ann: made the account ann (admin)',
      'ann: logged in from 127.0.0.1',
      'ann: logged out',
    ]);
  });
});
