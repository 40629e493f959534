import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namesIn, slotName, standbyName, waitingFor } from './names.ts';

test('names are unique per instance and epoch, and fit into what PostgreSQL keeps', () => {
  assert.equal(standbyName('db/2', 3), 'daruma_db_2_e3');
  assert.equal(slotName('Main-db/2'), 'daruma_main_db_2');
  const long = 'a'.repeat(80);
  assert.notEqual(standbyName(`${long}/1`, 3), standbyName(`${long}/2`, 3));
  assert.ok(standbyName(`${long}/1`, 3).length <= 63);
  assert.match(slotName(`${long}/1`), /^[a-z0-9_]{1,63}$/);
});

test('all that are named are waited for, and none never by a star', () => {
  assert.equal(waitingFor([]), '');
  assert.equal(waitingFor(['a', 'b']), 'FIRST 2 ("a", "b")');
  assert.deepEqual(namesIn(waitingFor(['a', 'b'])), ['a', 'b']);
});
