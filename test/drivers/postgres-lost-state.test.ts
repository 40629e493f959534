/** What was recorded of a group is lost, and its data is still there. */
import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, test } from 'node:test';
import { lastReign } from '../../src/drivers/postgres/replication/reign.ts';
import type { InstanceId } from '../../src/model/ids.ts';
import { ReignLost } from '../../src/ports/reign-lost.ts';
import { limitMs, PostgresGroup } from './postgres-group.ts';

const first = { epoch: 1, primary: 'db/1' as const, eligible: [] };
const second = { epoch: 2, primary: 'db/2' as const, eligible: [] };
let group: PostgresGroup | null = null;

afterEach(() => group?.remove());

async function forgetOrder(instance: InstanceId): Promise<void> {
  assert.ok(group);
  const data = await group.dataOf(instance);
  const name = `${instance.replace('/', '.')}.order.json`;
  await rm(join(dirname(data), name));
}

test('a first order is refused, and says who led last', async () => {
  group = await PostgresGroup.make(2);
  await group.begin();
  await group.ask('db/1', 'create table kept (n int)');
  await group.end('db/1');
  await group.roles.fence(group.context('db/1', first));
  await group.roles.promote(group.context('db/2', second), limitMs);
  await group.ask('db/2', 'insert into kept values (1)');
  await group.end('db/2');
  const begins = () => group?.driver.launch(group.context('db/1', first)) ?? Promise.reject();
  const lost = (epoch: number) => (error: unknown) => {
    assert.ok(error instanceof ReignLost);
    assert.deepEqual(error.reign, { epoch, primary: 'db/2' });
    assert.match(error.message, /^F6: by its data db was led by db\/2 last, in epoch/);
    return true;
  };
  await assert.rejects(begins(), lost(2));
  // Where the state directory held what they were told, only the mark of a standby tells.
  for (const one of ['db/1', 'db/2'] as const) await forgetOrder(one);
  await assert.rejects(begins(), lost(1));
  await group.start('db/2', second);
  assert.equal((await group.ask('db/2', 'table kept')).length, 1);
  await group.start('db/1', second);
});

test('what data tells of who led last', () => {
  const one = { instance: 'db/1' as const, seen: null, marked: false };
  const two = { instance: 'db/2' as const, seen: null, marked: true };
  const seen = { epoch: 7, primary: 'db/2' as const };
  assert.equal(lastReign([]), null);
  assert.deepEqual(lastReign([one, two]), { epoch: 1, primary: 'db/1' });
  assert.deepEqual(lastReign([{ ...one, marked: true }, two]), { epoch: 2, primary: 'db/1' });
  assert.deepEqual(
    lastReign([
      { ...one, seen: { ...seen, epoch: 3 } },
      { ...two, seen },
    ]),
    seen,
  );
  assert.throws(
    () => lastReign([one, { ...two, marked: false }]),
    /^DarumaError: F3: db\/1, db\/2/,
  );
});
