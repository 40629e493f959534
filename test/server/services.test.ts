/** The list of services: whole as a rule, in pages where these are asked for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loggedIn, rig } from './rig.ts';

test('services come all at once, or page by page', async (t) => {
  const made = await rig(t);
  const { services, ...rest } = await made.stack.stack();
  const [first] = services;
  assert.ok(first !== undefined);
  const names = Array.from({ length: 250 }, (_, index) => `service${index}`);
  made.stack.stack = async () => ({ ...rest, services: names.map((name) => ({ ...first, name })) });
  const ann = await loggedIn(made, 'ann', 'viewer');
  const namesAt = async (query: string) => {
    const { json } = await ann.send('GET', `/api/v1/services${query}`);
    return { names: json.items.map(({ name }: { name: string }) => name), next: json.next };
  };
  assert.deepEqual(await namesAt(''), { names, next: null });
  const found: string[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page = await namesAt(`?limit=100${cursor === '' ? '' : `&cursor=${cursor}`}`);
    found.push(...page.names);
    cursor = page.next;
  }
  assert.deepEqual(found, names);
});
