/** Back to a moment before a mistake, with real servers. */
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { binDirs, PostgresGroup, Writer } from './postgres-group.ts';
import { Points, recoveryPoints } from './postgres-points.ts';
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

    const count = async () => {
      const [row] = await group.ask('db/1', 'select count(*)::int, max(n) from kept');
      return row;
    };

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
      const recovered = await points.recover(point, { kind: 'time', at, before: false });
      assert.equal(recovered.timeline, 2);
      await group.end('db/1', 'SIGINT');
      await points.putInPlace(point, 'db/1');
      await group.start('db/1', { ...first, epoch: 2 });
      const found = await count();
      assert.ok(Number(found?.['count']) >= before, `${found?.['count']} of ${before}`);
      assert.equal(found?.['count'], found?.['max']);
      const [gone] = await group.ask('db/1', "select to_regclass('after_it') as name");
      assert.equal(gone?.['name'], null);
      await group.ask('db/1', 'insert into kept values (0)');
    });
  });
}
