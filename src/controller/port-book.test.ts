import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import type { Store } from '../ports/store.ts';
import { PortBook } from './port-book.ts';

test('who asks at the same time is given the same port; an instance keeps its own, unless it is taken', async (t) => {
  const facts = new Map<string, string>();
  const store = {
    get: async (key: string) => facts.get(key) ?? null,
    set: async (key: string, value: string) => void facts.set(key, value),
  } as unknown as Store;
  const book = new PortBook(store, `test-${process.pid}`, () => undefined);
  const [first, again, other] = await Promise.all([
    book.portOf('db/1'),
    book.portOf('db/1'),
    book.portOf('db/2'),
  ]);
  assert.equal(first, again);
  assert.notEqual(first, other);
  const next = new PortBook(store, `test-${process.pid}`, () => undefined);
  assert.equal(await next.portOf('db/1'), first);
  next.forget('db/1');
  assert.equal(await next.portOf('db/1'), first);
  const another = createServer().listen(first, '127.0.0.1');
  t.after(() => another.close());
  await once(another, 'listening');
  next.forget('db/1');
  assert.notEqual(await next.portOf('db/1'), first);
});
