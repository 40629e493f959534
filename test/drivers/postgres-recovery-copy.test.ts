/** Copies of servers that die, and of data that is damaged; a log that nobody fetches. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { open, readdir, realpath, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  logKey,
  nameOfSegment,
  positionOf,
} from '../../src/drivers/postgres/recovery/log-names.ts';
import { binDirs, limitMs, PostgresGroup } from './postgres-group.ts';
import { Points, recoveryPoints } from './postgres-points.ts';
import { until, workingIn } from './scene.ts';

const first = { epoch: 1, primary: 'db/1' as const, eligible: [] };

for (const binDir of binDirs) {
  describe(`binaries: ${binDir ?? 'embedded'}`, () => {
    let group: PostgresGroup;

    afterEach(() => group.remove());

    async function begin(replicas = 1): Promise<Points> {
      group = await PostgresGroup.make(replicas, { binDir }, undefined, recoveryPoints);
      await group.begin();
      await group.ask('db/1', 'create table kept (n int, filler text)');
      const fill = `insert into kept select n, repeat('x', 900) from generate_series(1, 2000) n`;
      await group.ask('db/1', fill);
      return new Points(group);
    }

    const limits = (points: Points) => ({ signal: points.signal, bytesPerSecondMax: null });

    /** Turns one byte of a page of `kept` over, on disk. */
    async function damage(block: number): Promise<string> {
      await group.driver.sql?.(group.context('db/1', first), 'checkpoint', limitMs);
      const [row] = await group.ask('db/1', "select pg_relation_filepath('kept') as path");
      const file = String(row?.['path']);
      await using handle = await open(join(await group.dataOf('db/1'), file), 'r+');
      const at = block * 8_192 + 5_000;
      const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, at);
      await handle.write(Buffer.from([(buffer[0] ?? 0) ^ 1]), 0, 1, at);
      return file;
    }

    test('a server killed while it is copied gives no copy, and keeps nothing', async () => {
      const points = await begin();
      const copy = await points.open();
      let entries = 0;
      for await (const entry of copy.entries) {
        (await entry.open?.())?.destroy();
        entries += 1;
        if (entries === 10) await group.end('db/1');
      }
      await assert.rejects(copy.end());
      await copy.abort();
      await group.start('db/1', first);
      assert.deepEqual(await group.ask('db/1', 'table pg_replication_slots'), []);
      const point = await points.make();
      await points.recover(point, { kind: 'point', point: 'x' });
      const served = await points.data.serveCopy(points.scene(), point.directory, points.signal);
      assert.equal(await served.firstValue('select count(*)::int from kept', limitMs), 2_000);
      await served.stop();
    });

    test('a copy that is broken off leaves nothing at the server', async () => {
      const points = await begin();
      const abort = new AbortController();
      const copy = await points.data.source(points.scene()).open(abort.signal);
      const slots = 'select from pg_replication_slots';
      assert.equal((await group.ask('db/1', slots)).length, 1);
      abort.abort();
      await copy.abort();
      await until(async () => (await group.ask('db/1', slots)).length === 0);
    });

    test('a page corrupted behind its back gets into no copy, and is found', async () => {
      const points = await begin();
      assert.deepEqual(await points.data.checkIntegrity(points.scene(), limits(points)), []);
      const file = await damage(3);
      await assert.rejects(points.make(), {
        code: 'DATA_DAMAGED',
        message: new RegExp(`^${file}: block 3 .*is corrupt`),
      });
      const slots = 'select from pg_replication_slots';
      await until(async () => (await group.ask('db/1', slots)).length === 0);
      const found = await points.data.checkIntegrity(points.scene(), limits(points));
      assert.equal(found.length, 1);
      const { instance, relation, block, error } = found[0] ?? {};
      assert.deepEqual(
        { instance, relation, block },
        { instance: 'db/1', relation: 'kept in app', block: 3 },
      );
      assert.equal(error?.code, 'DATA_DAMAGED');
      const data = await group.dataOf('db/1');
      const offline = await points.data.checkFiles(data, limits(points));
      assert.deepEqual(
        offline.map((one) => [one.file, one.block]),
        [[file, 3]],
      );
    });

    test('the standby is sound when the primary is damaged: it is copied', async () => {
      const points = await begin(2);
      await damage(2);
      const found = await points.data.checkIntegrity(points.scene(), limits(points));
      assert.deepEqual(
        found.map(({ instance, block }) => [instance, block]),
        [['db/1', 2]],
      );
      const point = await points.make();
      assert.deepEqual(await points.data.checkFiles(point.directory, limits(points)), []);
      await points.recover(point, { kind: 'latest' });
      assert.deepEqual(await points.data.checkFiles(point.directory, limits(points)), []);
    });

    test('an index that amcheck finds wrong is named', async () => {
      const points = await begin();
      const context = group.context('db/1', first);
      const said = async (query: string) => group.driver.sql?.(context, query, limitMs);
      await said('create extension amcheck');
      await said('create index kept_n on kept (n)');
      assert.deepEqual(await points.data.checkIntegrity(points.scene(), limits(points)), []);
      // Another order than the one that the index was made by.
      await said(`create function backwards(a int, b int) returns int immutable language sql
        as 'select sign(a - b)::int'`);
      await said(`create operator class upside for type int using btree as
        operator 1 <, operator 2 <=, operator 3 =, operator 4 >=, operator 5 >,
        function 1 backwards(int, int)`);
      await said('create index kept_upside on kept (n upside)');
      await said(`create or replace function backwards(a int, b int) returns int immutable
        language sql as 'select sign(b - a)::int'`);
      const found = await points.data.checkIntegrity(points.scene(), limits(points));
      assert.deepEqual(
        found.map(({ relation }) => relation),
        ['kept_upside in app'],
      );
    });

    test('a log not stored waits; beyond its bound it is thrown away and named', async () => {
      const points = await begin();
      await points.keepLog();
      points.log.gone = true;
      await group.ask('db/1', 'select pg_logical_emit_message(true, $$x$$, $$y$$)');
      await points.data.nameMoment(points.scene(), 'a');
      await until(async () => (await points.keepLog()).waitingBytes > 0);
      const waiting = await points.keepLog();
      assert.equal(waiting.trouble?.code, 'PLACE_UNREACHABLE');
      assert.match(
        waiting.trouble.message,
        /files of the write-ahead log .*wait on this machine.*the place is gone/,
      );
      const spool = await spoolOf();
      for (let number = 0; number < 256; number += 1) {
        await writeFile(join(spool, `0${number}`), '');
      }
      await group.ask('db/1', 'create table more ()');
      await points.data.nameMoment(points.scene(), 'b');
      let dropped: readonly string[] = [];
      await until(async () => {
        const report = await points.keepLog();
        if (report.dropped.length > 0) assert.match(report.trouble?.message ?? '', /thrown away/);
        dropped = [...dropped, ...report.dropped];
        return dropped.length > 0;
      });
      assert.match(dropped[0] ?? '', /^[0-9A-F]{24}$/);
      points.log.gone = false;
      const { waitingBytes, storedFiles } = await points.keepLog();
      assert.equal(waitingBytes, 0);
      assert.ok(storedFiles > 0);
      await group.ask('db/1', 'create table afterwards ()');
    });

    test('a recovery that is killed leaves no server', async () => {
      const points = await begin();
      const point = await points.make();
      const { postgres: facts, directory } = point;
      assert.ok(facts);
      const number = positionOf(facts.stopLsn) / 0x100_0000n + 1n;
      const name = nameOfSegment({ timeline: 1, number }, 0x100_0000);
      const file = { systemId: facts.systemId, name, writtenAt: 0, digest: '0'.repeat(16) };
      const key = logKey('db', { ...file, began: null });
      const { progress: _, ...scene } = points.scene();
      const program = fileURLToPath(new URL('postgres-stalled-recovery.ts', import.meta.url));
      const told = JSON.stringify({ scene, directory, point, key });
      const argv = ['--disable-warning=ExperimentalWarning', program, group.scene.sharedDir, told];
      const child = spawn(process.execPath, argv, { stdio: ['ignore', 'ignore', 'inherit'] });
      await until(async () => (await workingIn(directory)).length > 0);
      await until(async () => (await readdir(`${directory}.feed`)).includes(`.wanted-${name}`));
      child.kill('SIGKILL');
      await until(async () => (await workingIn(directory)).length === 0);
      await group.ask('db/1', 'table kept');
    });

    async function spoolOf(): Promise<string> {
      const data = await realpath(await group.dataOf('db/1'));
      const spool = `${data}.spool`;
      const [cluster = ''] = await readdir(spool);
      assert.equal((await stat(join(spool, cluster))).mode & 0o777, 0o700);
      return join(spool, cluster);
    }
  });
}
