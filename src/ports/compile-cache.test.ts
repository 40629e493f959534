import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withCompileCache, withoutCompileCache } from './compile-cache.ts';

test('programs of the user get it not, threads of our own do', () => {
  const environment = { DARUMA_COMPILE_CACHE: '/ours', NODE_COMPILE_CACHE: '/ours' };
  const before = { ...environment };
  withoutCompileCache(environment);
  assert.deepEqual(environment, { DARUMA_COMPILE_CACHE: '/ours' });
  assert.deepEqual(withCompileCache(environment), before);
});

test("a user's own stays", () => {
  const own = { DARUMA_COMPILE_CACHE: '/ours', NODE_COMPILE_CACHE: '/own' };
  const before = { ...own };
  withoutCompileCache(own);
  assert.deepEqual(own, before);
  assert.deepEqual(withCompileCache(own), before);
  assert.deepEqual(withCompileCache({ PATH: '/bin' }), { PATH: '/bin' });
});
