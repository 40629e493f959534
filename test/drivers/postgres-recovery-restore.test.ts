/** Back to a moment, with real servers. */
import assert from 'node:assert/strict';
import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, test } from 'node:test';
import { binDirs, limitMs, PostgresGroup, Writer } from './postgres-group.ts';
import { type Point, Points, recoveryPoints } from './postgres-points.ts';
import { until } from './scene.ts';

const first = { epoch: 1, primary: 'db/1' as const, eligible: [] };

for (const binDir of binDirs) {
  describe(`binaries: ${binDir ?? 'embedded'}`, () => {
    let group: PostgresGroup;

    afterEach(() => group.remove());

    async function begin(replicas = 1): Promise<Points> {
      group = await PostgresGroup.make(replicas, { binDir }, undefined, recoveryPoints);
      await group.begin();
      await group.ask('db/1', 'create table kept (n int)');
      return new Points(group);
    }

    const numbers = async () => {
      const rows = await group.ask('db/1', 'select n from kept order by n');
      return rows.map(({ n }) => n);
    };
    const insert = (n: number) => group.ask('db/1', `insert into kept values (${n})`);

    async function serve(points: Points, point: Point, epoch: number): Promise<void> {
      if (group.running.includes('db/1')) await group.end('db/1', 'SIGINT');
      await points.putInPlace(point, 'db/1');
      await group.start('db/1', { ...first, epoch });
    }

    test('back to just before a DROP TABLE under load: all until then, none after', async () => {
      const points = await begin();
      const writer = await Writer.start(group, 'db/1');
      await until(() => writer.acknowledged > 100);
      const point = await points.make();
      await until(() => writer.acknowledged > 300);
      const before = writer.acknowledged;
      const at = Date.now();
      await group.ask('db/1', 'create table after_it (n int)');
      await group.ask('db/1', 'drop table kept');
      await writer.end();
      await group.ask('db/1', 'insert into after_it values (1)');
      for (const name of ['a', 'b', 'c']) await points.data.nameMoment(points.scene(), name);
      const target = { kind: 'time', at, before: false } as const;
      // The log moves from this machine to the store meanwhile.
      const [recovered] = await Promise.all([points.recover(point, target), points.keepLog()]);
      assert.equal(recovered.timeline, 2);
      await serve(points, point, 2);
      const found = await numbers();
      assert.ok(found.length >= before, `${found.length} of ${before}`);
      assert.deepEqual(
        found,
        [...found.keys()].map((key) => key + 1),
      );
      const [gone] = await group.ask('db/1', "select to_regclass('after_it') as name");
      assert.equal(gone?.['name'], null);
      await insert(0);
    });

    test('when a table was dropped is found in the log, and gone back to', async () => {
      const points = await begin();
      const point = await points.make();
      const other = 'create table other (n int primary key, t text)';
      await group.ask('db/1', `${other}; insert into kept values (1)`);
      for (const text of ['truncate other', 'drop table other']) await group.ask('db/1', text);
      await group.command('create database spare');
      await points.data.nameMoment(points.scene(), 'a segment');
      await points.keepLog();
      const before = Date.now();
      // Many records, some over pages, one over segments.
      const filling = 'select generate_series(1, 200000) as n, md5(random()::text) as t';
      await group.ask('db/1', `create table filling as ${filling}`);
      await group.ask(
        'db/1',
        `do $$ begin begin insert into kept values (2); drop table kept;
        exception when division_by_zero then null; end; end $$`,
      );
      await group.command('drop database spare');
      const { dropped, missing } = await points.searchLog(point);
      assert.deepEqual(missing, []);
      assert.deepEqual(
        dropped.map(({ database, files, made }) => [/\d/.test(database), files, made]),
        [
          // The table, its index, its long texts and their index.
          [false, 4, 4],
          [false, 4, 0],
          [false, 1, 0],
          [true, null, 0],
        ],
      );
      const [, , kept] = dropped;
      assert.ok(kept !== undefined && (kept.at ?? 0) >= before && (kept.at ?? 0) <= Date.now());
      await points.recover(point, { kind: 'lsn', lsn: kept.lsn, before: true });
      await serve(points, point, 2);
      assert.deepEqual(await numbers(), [1]);
      const [row] = await group.ask('db/1', 'select count(*)::int as n from filling');
      assert.equal(row?.['n'], 200_000);
    });

    test('to a place in the log, a name, a transaction; with them or just before', async () => {
      const points = await begin();
      const point = await points.make();
      await insert(1);
      const named = await points.data.nameMoment(points.scene(), 'before the release');
      const [now] = await group.ask('db/1', 'select pg_current_wal_lsn()::text as lsn');
      const [third] = await group.ask(
        'db/1',
        'insert into kept values (2) returning pg_current_xact_id()::text as xid',
      );
      const xid = String(third?.['xid']);
      const lsn = String(now?.['lsn']);
      await insert(3);
      assert.ok(named.at <= Date.now());
      const targets = [
        [{ kind: 'name', name: 'before the release' }, [1]],
        [{ kind: 'lsn', lsn, before: true }, [1]],
        [{ kind: 'xid', xid, before: true }, [1]],
        [{ kind: 'xid', xid, before: false }, [1, 2]],
        [{ kind: 'latest' }, [1, 2, 3]],
        [{ kind: 'point', point: 'x' }, []],
      ] as const;
      for (const [target, wanted] of targets) {
        const old = { ...point, directory: await points.newDirectory() };
        await points.copyOf(point, old.directory);
        await points.recover(old, target);
        const served = await points.data.serveCopy(points.scene(), old.directory, points.signal);
        try {
          const query = 'select coalesce(array_agg(n order by n), array[]::int[]) from kept';
          assert.deepEqual(await served.firstValue(query, limitMs), wanted, JSON.stringify(target));
        } finally {
          await served.stop();
        }
      }
    });

    test('a machine is lost: what was stored comes back, and no more is claimed', async () => {
      const points = await begin();
      const point = await points.make();
      await insert(1);
      const { at } = await points.data.nameMoment(points.scene(), 'stored');
      await until(async () => {
        await points.keepLog();
        return points.reach(point, await points.log.list('')).until >= at;
      });
      const keys = await points.log.list('db/');
      const reach = points.reach(point, keys);
      assert.deepEqual(reach.gaps, []);
      await insert(2);
      await group.end('db/1');
      const data = await group.dataOf('db/1');
      const spare = await points.newDirectory();
      await points.copyOf(point, spare);
      for (const lost of [data, `${data}.spool`]) await rename(lost, `${lost}.lost`);
      const beyond = { kind: 'time', at: Date.now(), before: false } as const;
      await assert.rejects(points.recover({ ...point, directory: spare }, beyond), {
        code: 'REFUSED',
        message: /does not reach the target/,
      });
      await points.recover(point, { kind: 'latest' });
      await rename(`${data}.lost`, data);
      await serve(points, point, 2);
      assert.deepEqual(await numbers(), [1]);
    });

    test('no row is lost when the data is damaged, but its log is still there', async () => {
      const points = await begin();
      const point = await points.make();
      const writer = await Writer.start(group, 'db/1');
      await until(() => writer.acknowledged > 200);
      await group.end('db/1');
      await writer.end();
      await points.recover(point, { kind: 'time', at: Date.now(), before: false });
      await serve(points, point, 2);
      assert.ok((await numbers()).length >= writer.acknowledged);
    });

    test('after a restore, a moment that it had undone can be gone back to', async () => {
      const points = await begin();
      const point = await points.make();
      const again = { ...point, directory: await points.newDirectory() };
      await points.copyOf(point, again.directory);
      await insert(1);
      const at = Date.now();
      await group.ask('db/1', 'select pg_sleep(0.01)');
      await insert(2);
      const undone = Date.now();
      await group.ask('db/1', 'select pg_sleep(0.01)');
      await points.recover(point, { kind: 'time', at, before: false });
      await serve(points, point, 2);
      assert.deepEqual(await numbers(), [1]);
      await insert(3);
      await points.data.nameMoment(points.scene(), 'stored');
      await until(async () => {
        await points.keepLog();
        return (await points.log.list('')).some((key) => /\/00000002.{16}-/.test(key));
      });
      const keys = await points.log.list('db/');
      assert.ok(keys.some((key) => key.includes('/00000002.history-')));
      assert.deepEqual(points.reach(again, keys).gaps, []);
      const recovered = await points.recover(again, { kind: 'time', at: undone, before: false });
      assert.equal(recovered.timeline, 3);
      await serve(points, again, 3);
      assert.deepEqual(await numbers(), [1, 2]);
    });

    test('failover: the standby is read, the log goes over it, standbys follow', async () => {
      const points = await begin(2);
      const writer = await Writer.start(group, 'db/1');
      await until(() => writer.acknowledged > 100);
      const point = await points.make();
      assert.equal(point.postgres?.standby, true);
      await until(() => writer.acknowledged > 200);
      await group.end('db/1');
      await writer.end();
      const second = { epoch: 2, primary: 'db/2' as const, eligible: [] };
      await group.roles.promote(group.context('db/2', second), limitMs);
      await group.start('db/1', second);
      await group.roles.admit(group.context('db/1', second), limitMs);
      await group.ask('db/2', 'insert into kept values (0)');
      const { at } = await points.data.nameMoment(points.scene('db/2'), 'stored');
      await until(async () => {
        const report = await points.keepLog('db/2');
        assert.deepEqual(report.dropped, []);
        return points.reach(point, await points.log.list('')).until >= at;
      });
      assert.deepEqual(points.reach(point, await points.log.list('')).gaps, []);
      await group.end('db/1', 'SIGINT');
      await group.end('db/2', 'SIGINT');
      const how = { primary: 'db/2' as const, withLocalLog: false };
      const recovered = await points.recover(point, { kind: 'latest' }, how);
      assert.equal(recovered.timeline, 3);
      await points.putInPlace(point, 'db/2');
      const third = { epoch: 3, primary: 'db/2' as const, eligible: [] };
      await group.start('db/2', third);
      await group.start('db/1', third);
      await group.roles.admit(group.context('db/1', third), limitMs);
      const found = await numbers();
      assert.ok(found.length > writer.acknowledged, `${found.length}: ${writer.acknowledged}`);
      const why = /its primary was restored from a recovery point, on timeline 3/;
      assert.ok(group.told.some((text) => why.test(text)));
      const beside = await readdir(join(await group.dataOf('db/2'), '..'));
      assert.ok(!beside.some((name) => /scratch|feed/.test(name)), beside.join());
    });
  });
}
