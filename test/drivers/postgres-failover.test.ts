/** Replication and failover of real servers, without an engine: the driver's part of F1 to F7. */
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { binDirs, limitMs, PostgresGroup } from './postgres-group.ts';
import { until } from './scene.ts';

for (const binDir of binDirs) {
  describe(`binaries: ${binDir ?? 'embedded'}`, () => {
    let group: PostgresGroup;

    afterEach(() => group.remove());

    test('a standby is copied, streams, and is waited for once it is admitted', async () => {
      group = await PostgresGroup.make(2, { binDir });
      await group.begin();
      const order = { epoch: 1, primary: 'db/1' as const, eligible: ['db/2' as const] };
      const seen = await group.roles.look(group.context('db/1', order), limitMs);
      assert.equal(seen.role, 'primary');
      assert.deepEqual(
        seen.standbys.map(({ instance, synchronous }) => [instance, synchronous]),
        [['db/2', true]],
      );
      await group.ask('db/1', 'create table kept (n int)');
      await group.ask('db/1', 'insert into kept values (1)');
      await until(async () => (await group.ask('db/2', 'table kept')).length === 1);
      assert.ok(group.told.some((text) => /copies db\/1 to db\/2: done/.test(text)));
      const there = await group.roles.look(group.context('db/2', order), limitMs);
      const { transactions: before = Number.NaN, ...role } = there;
      assert.deepEqual(role, { role: 'standby', epoch: 1, standbys: [], streaming: true });
      const primary = () => group.roles.look(group.context('db/1', order), limitMs);
      await until(async () => (await primary()).transactions === before);
      await group.end('db/2');
      for (let n = 0; n < 7; n += 1) {
        await group.ask('db/1', 'select 1');
        await group.ask('db/1', 'set synchronous_commit = local; insert into kept values (2)');
      }
      // What only reads isn't counted; the server itself may write something now and then.
      const lacks = ((await primary()).transactions ?? Number.NaN) - before;
      assert.ok(lacks >= 7 && lacks < 14, `${lacks} more`);
    });

    test('the primary is killed: nothing acknowledged is lost, and it comes back', async () => {
      group = await PostgresGroup.make(2, { binDir });
      await group.begin();
      await group.ask('db/1', 'create table kept (n int)');
      const client = await group.connect('db/1');
      let acknowledged = 0;
      const writer = (async () => {
        for (;;) {
          await client.query('insert into kept values ($1)', [acknowledged + 1]);
          acknowledged += 1;
        }
      })().catch(() => undefined);
      await until(() => acknowledged >= 50);
      await group.end('db/1');
      await writer;
      const before = { epoch: 1, primary: 'db/1' as const, eligible: ['db/2' as const] };
      await group.roles.fence(group.context('db/1', before));
      const order = { epoch: 2, primary: 'db/2' as const, eligible: [] };
      const { position, timeline } = await group.roles.position(
        group.context('db/2', before),
        limitMs,
      );
      assert.ok(BigInt(position) > 0n);
      assert.equal(timeline, 1);
      await group.roles.promote(group.context('db/2', order), limitMs);
      const [row] = await group.ask('db/2', 'select count(distinct n)::int as n from kept');
      assert.ok(Number(row?.['n']) >= acknowledged);
      await group.start('db/1', order);
      await group.roles.admit(group.context('db/1', order), limitMs);
      await group.ask('db/2', 'insert into kept values (-1)');
      await until(
        async () => (await group.ask('db/1', 'select from kept where n < 0')).length === 1,
      );
    });
  });
}
