/** Lists: complete page by page, and the controller is not asked for what is known. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../scenarios/harness.ts';
import { type Browser, loggedIn, rig } from './rig.ts';

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

/** All numbers, newest first, by pages of seven. */
async function numbersOf(client: Browser): Promise<number[]> {
  const found: number[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const from = cursor === '' ? '' : `&cursor=${cursor}`;
    const { json } = await client.send('GET', `/api/v1/records?limit=7${from}`);
    found.push(...json.items.map(({ seq }: { seq: number }) => seq));
    cursor = json.next;
  }
  return found;
}

test('the newest records are there page by page, and read from the log once', async (t) => {
  const made = await rig(t);
  const { stack } = made;
  const { live } = made.api.parts;
  for (let count = 0; count < 40; count += 1) stack.publish();
  let reads = 0;
  const { records } = stack;
  stack.records = (after, limit) => {
    reads += 1;
    return records(after, limit);
  };
  const ann = await loggedIn(made, 'ann', 'viewer');
  live.start();
  await until('it follows', async () => (await live.recordsBefore(46, 1)).length === 1);
  for (let count = 0; count < 20; count += 1) stack.publish();
  const all = Array.from({ length: 65 }, (_, index) => 65 - index);
  await until('all are known', async () => (await live.shown()).view.seq === 65);
  assert.deepEqual(await numbersOf(ann), all);
  const before = reads;
  assert.deepEqual(await numbersOf(ann), all);
  assert.equal(reads, before);
});

test('incidents are asked for when something has happened, not for each who asks', async (t) => {
  const made = await rig(t);
  const { stack } = made;
  let asked = 0;
  const { incidents } = stack;
  stack.incidents = () => {
    asked += 1;
    return incidents();
  };
  const ann = await loggedIn(made, 'ann', 'operator');
  const ask = () => ann.send('GET', '/api/v1/incidents');
  await Promise.all([ask(), ask(), ask()]);
  assert.equal(asked, 1);
  await ann.send('POST', '/api/v1/services/api/restart');
  await ask();
  assert.equal(asked, 2);
});
