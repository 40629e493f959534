/** F5 with real servers: with which data an instance comes back as a standby. */
import assert from 'node:assert/strict';
import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, describe, test } from 'node:test';
import { readControl } from '../../src/drivers/postgres/replication/control-file.ts';
import { Wal } from '../../src/drivers/postgres/replication/wal.ts';
import type { RoleOrder } from '../../src/model/group.ts';
import type { InstanceId } from '../../src/model/ids.ts';
import { binDirs, limitMs, PostgresGroup, Writer } from './postgres-group.ts';
import { until } from './scene.ts';

const first = { epoch: 1, primary: 'db/1' as const };
const second = { epoch: 2, primary: 'db/2' as const, eligible: [] };
type Order = Omit<RoleOrder, 'role'>;

for (const binDir of binDirs) {
  describe(`binaries: ${binDir ?? 'embedded'}`, () => {
    let group: PostgresGroup;

    afterEach(() => group.remove());

    const copies = () => group.told.filter((text) => /^copies .*: done/.test(text)).length;
    const caughtUp = (instance: InstanceId, order: Order) =>
      group.roles.admit(group.context(instance, order), limitMs);
    const rows = async (instance: InstanceId, query: string) =>
      (await group.ask(instance, query)).length;

    async function failOver(to: Order): Promise<void> {
      await group.roles.promote(group.context(to.primary, to), limitMs);
    }

    /** One may have received more of what nobody was told is written. */
    async function furthestFirst<T extends InstanceId>(one: T, another: T): Promise<[T, T]> {
      const reached = async (instance: T) => {
        const context = group.context(instance, { ...first, eligible: [one, another] });
        return BigInt((await group.roles.position(context, limitMs)).position);
      };
      return (await reached(another)) > (await reached(one)) ? [another, one] : [one, another];
    }

    test('a former primary that wrote nothing of its own starts as it is', async () => {
      group = await PostgresGroup.make(2, { binDir });
      await group.begin();
      await group.ask('db/1', 'create table kept (n int)');
      await group.end('db/1', 'SIGINT');
      const { position } = await group.roles.position(
        group.context('db/2', { ...first, eligible: ['db/2'] }),
        limitMs,
      );
      assert.ok(BigInt(position) > 0n);
      await failOver(second);
      assert.equal(copies(), 1);
      await group.start('db/1', second);
      await caughtUp('db/1', second);
      // And back again.
      await group.end('db/2', 'SIGINT');
      const third = { epoch: 3, primary: 'db/1' as const, eligible: [] };
      await failOver(third);
      await group.start('db/2', third);
      await caughtUp('db/2', third);
      assert.equal(copies(), 1);
      assert.ok(!group.told.some((text) => text.includes('pg_rewind')));
    });

    test('one with writes of its own loses them, and nothing else', async () => {
      group = await PostgresGroup.make(2, { binDir });
      await group.begin();
      await group.ask('db/1', 'create table kept (n int)');
      await group.ask('db/1', 'insert into kept values (1)');
      await group.end('db/2');
      const alone = { ...first, eligible: [] };
      await group.roles.setEligible(group.context('db/1', alone), limitMs);
      await group.ask('db/1', 'insert into kept select generate_series(-30000, -1)');
      await group.end('db/1');
      await group.start('db/2', second);
      await group.start('db/1', second);
      await caughtUp('db/1', second);
      assert.deepEqual(await group.ask('db/1', 'table kept'), [{ n: 1 }]);
      const rewound = group.told.some((text) => text.includes('pg_rewind'));
      assert.equal(rewound, binDir !== null);
      assert.equal(copies(), rewound ? 1 : 2, group.told.join('\n'));
    });

    test('timelines that were begun twice under one number are told apart', async () => {
      group = await PostgresGroup.make(3, { binDir });
      await group.begin();
      for (const instance of ['db/1', 'db/2', 'db/3'] as const) await group.end(instance);
      await group.start('db/2', second);
      await group.ask('db/2', 'create table lost ()');
      await group.end('db/2');
      const third = { epoch: 3, primary: 'db/3' as const, eligible: [] };
      await group.start('db/3', third);
      await group.ask('db/3', 'create table kept ()');
      await group.ask('db/3', 'create table more ()');
      await group.start('db/2', third);
      await caughtUp('db/2', third);
      const tables = "select to_regclass('lost') as lost, to_regclass('kept')::text as kept";
      assert.deepEqual(await group.ask('db/2', tables), [{ lost: null, kept: 'kept' }]);
    });

    test('a standby starts without its primary, but not without data', async () => {
      group = await PostgresGroup.make(3, { binDir });
      const order = { ...first, eligible: [] };
      await group.start('db/1', order);
      await group.start('db/2', order);
      await group.end('db/1');
      await group.end('db/2');
      await assert.rejects(group.driver.launch(group.context('db/3', order)), {
        code: 'START_FAILED',
        message: /needs a copy of the data of db\/1, which can't be made now/,
      });
      await group.start('db/2', order);
      assert.ok(group.told.some((text) => /starts without its primary db\/1/.test(text)));
      await group.start('db/1', order);
      await caughtUp('db/2', order);
      assert.equal(copies(), 1);
    });

    test('a standby whose primary has lost its data starts, and can take over', async () => {
      group = await PostgresGroup.make(2, { binDir });
      await group.begin();
      await group.ask('db/1', 'create table kept ()');
      await group.end('db/1');
      await group.end('db/2');
      await rm(await group.dataOf('db/1'), { recursive: true });
      const order = { ...first, eligible: ['db/2' as const] };
      await group.start('db/2', order);
      await group.roles.position(group.context('db/2', order), limitMs);
      await failOver(second);
      await group.start('db/1', second);
      await caughtUp('db/1', second);
      assert.equal(await rows('db/1', 'table kept'), 0);
      assert.equal(copies(), 2);
    });

    test('another standby follows the new primary as it is', async () => {
      group = await PostgresGroup.make(3, { binDir });
      await group.begin();
      await group.ask('db/1', 'create table kept (n int)');
      const writer = await Writer.start(group, 'db/1');
      await until(() => writer.acknowledged > 50);
      await group.end('db/1');
      await writer.end();
      const [primary, other] = await furthestFirst('db/2', 'db/3');
      const order = { epoch: 2, primary, eligible: [other] };
      await failOver(order);
      // It waits for the other one from its first commit on.
      const inserted = group.ask(primary, 'insert into kept values (0)');
      await group.roles.follow(group.context(other, order), limitMs);
      await inserted;
      await caughtUp(other, order);
      assert.ok((await rows(other, 'table kept')) > writer.acknowledged);
      assert.equal(copies(), 2);
    });

    test('one that has more than the new primary does not follow it, but comes back', async () => {
      group = await PostgresGroup.make(3, { binDir });
      await group.begin();
      await group.end('db/2');
      const without = { ...first, eligible: ['db/3' as const] };
      await group.roles.setEligible(group.context('db/1', without), limitMs);
      await group.ask('db/1', 'create table more ()');
      await group.end('db/1');
      await group.start('db/2', without);
      // As after a person's consent: it lacks what db/3 has.
      await failOver(second);
      await group.ask('db/2', 'create table kept ()');
      await assert.rejects(group.roles.follow(group.context('db/3', second), limitMs), {
        code: 'REFUSED',
        message: /^F5: db\/3 has writes that db\/2 lacks/,
      });
      await group.end('db/3');
      await group.start('db/3', second);
      await caughtUp('db/3', second);
      const tables = "select to_regclass('more') as more, to_regclass('kept')::text as kept";
      assert.deepEqual(await group.ask('db/3', tables), [{ more: null, kept: 'kept' }]);
    });

    test('a standby for whom the log was not kept is copied anew, no disk fills', async () => {
      const settings = {
        max_slot_wal_keep_size: '48MB',
        wal_keep_size: '0',
        max_wal_size: '32MB',
        min_wal_size: '32MB',
      };
      group = await PostgresGroup.make(2, { binDir, settings });
      const order = { ...first, eligible: [] };
      const { workingDir } = await group.start('db/1', order);
      await group.start('db/2', order);
      await group.end('db/2');
      await group.ask('db/1', 'create table big (t text)');
      const context = group.context('db/1', order);
      const status = async () => {
        const found = await group.ask('db/1', 'select wal_status from pg_replication_slots');
        return found[0]?.['wal_status'];
      };
      for (let turn = 0; (await status()) !== 'lost'; turn += 1) {
        assert.ok(turn < 20);
        const fill =
          'insert into big select repeat(md5(n::text), 20) from generate_series(1, 30000) n';
        await group.ask('db/1', fill);
        await group.driver.sql?.(context, 'checkpoint', limitMs);
      }
      const size = `select sum(size)::bigint as bytes from pg_ls_waldir()`;
      await group.driver.sql?.(context, `grant pg_monitor to app`, limitMs);
      const [{ bytes } = {}] = await group.ask('db/1', size);
      assert.ok(Number(bytes) <= 128 * 1024 * 1024, String(bytes));
      await group.start('db/2', order);
      await caughtUp('db/2', order);
      assert.equal(copies(), 2);
      assert.ok((await stat(workingDir)).isDirectory());
    });

    test('the end of a log is found, behind records longer than a file too', async () => {
      group = await PostgresGroup.make(1, { binDir });
      const { workingDir } = await group.start('db/1', { ...first, eligible: [] });
      const mib = 1024 * 1024;
      for (const length of [10, 40 * mib, 3 * mib]) {
        const long = `select pg_logical_emit_message(false, 'x', repeat('x', ${length}))`;
        await group.ask('db/1', long);
      }
      await group.ask('db/1', 'create table t ()');
      const [row] = await group.ask('db/1', "select (pg_current_wal_lsn() - '0/0')::text as at");
      const at = BigInt(String(row?.['at']));
      await group.end('db/1');
      const control = await readControl(workingDir);
      const wal = await Wal.open(workingDir);
      const end = await wal?.endFrom(control?.checkpoint ?? 0n);
      assert.equal(end?.timeline, 1);
      // The server itself may have written a little more.
      assert.ok(end.position >= at && end.position < at + BigInt(mib), `${end.position} ${at}`);
    });

    test('what is left of a copy that was not finished is thrown away', async () => {
      group = await PostgresGroup.make(2, { binDir });
      const order = { ...first, eligible: [] };
      const { workingDir } = await group.start('db/1', order);
      const half = join(dirname(workingDir), 'db.2.new-0123456789ab');
      await mkdir(join(half, 'data', 'global'), { recursive: true });
      await writeFile(join(half, 'data', 'PG_VERSION'), 'x');
      await group.start('db/2', order);
      await caughtUp('db/2', order);
      await assert.rejects(stat(half), { code: 'ENOENT' });
    });
  });
}
