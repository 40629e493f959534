import assert from 'node:assert/strict';
import { test } from 'node:test';
import { becomeUser, environmentFor, identityOf, resolveUser } from './user.ts';

test('users are found by name and by number, groups too', () => {
  assert.deepEqual(resolveUser('root'), { uid: 0, gid: 0 });
  assert.deepEqual(resolveUser('0:0'), { uid: 0, gid: 0 });
  assert.equal(resolveUser('nobody:root').gid, 0);
  assert.deepEqual(resolveUser('54321'), { uid: 54321, gid: 54321 });
  assert.deepEqual(resolveUser('54321:54322'), { uid: 54321, gid: 54322 });
});

test('unknown names are refused', () => {
  assert.throws(() => resolveUser('no-such-user'), { code: 'USER_UNKNOWN' });
  assert.throws(() => resolveUser('root:no-such-group'), { code: 'USER_UNKNOWN' });
});

test('nothing is to be done for ourselves', () => {
  assert.equal(identityOf(null), null);
  assert.equal(identityOf(`${process.getuid?.()}:${process.getgid?.()}`), null);
});

test('a bare number has no groups of a name', () => {
  const identity = { uid: 54321, gid: 54321, name: null, home: null };
  assert.ok(becomeUser(identity).includes('--clear-groups'));
  assert.ok(becomeUser({ ...identity, name: 'api' }).includes('--init-groups'));
});

test('HOME is the user’s unless the stack file set it', () => {
  const identity = { uid: 1, gid: 1, name: 'api', home: '/srv/api' };
  const ours = process.env['HOME'] ?? '/root';
  const inherited = environmentFor(identity, { HOME: ours, A: 'b' });
  if (process.env['HOME'] !== undefined) assert.equal(inherited['HOME'], '/srv/api');
  assert.equal(inherited['USER'], 'api');
  assert.equal(inherited['A'], 'b');
  assert.equal(environmentFor(identity, { HOME: '/elsewhere' })['HOME'], '/elsewhere');
  assert.deepEqual(environmentFor(null, { HOME: ours }), { HOME: ours });
});
