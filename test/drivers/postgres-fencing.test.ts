/** F1, F2 and F6 with real servers: who is kept from writing, and what lifts that. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, test } from 'node:test';
import type { Launch } from '../../src/ports/driver.ts';
import { binDirs, limitMs, PostgresGroup } from './postgres-group.ts';
import { until } from './scene.ts';

const first = { epoch: 1, primary: 'db/1' as const, eligible: [] };
const second = { epoch: 2, primary: 'db/2' as const, eligible: [] };

for (const binDir of binDirs) {
  describe(`binaries: ${binDir ?? 'embedded'}`, () => {
    let group: PostgresGroup;

    afterEach(() => group.remove());

    const recovering = async (instance: 'db/1' | 'db/2') =>
      (await group.ask(instance, 'select pg_is_in_recovery() as yes'))[0]?.['yes'];

    /** As a person would, who knows nothing of Daruma's configuration. */
    async function startByHand(instance: 'db/1' | 'db/2', launch: Launch): Promise<void> {
      const [program = ''] = launch.argv;
      const port = `port=${group.port(instance)}`;
      const argv = [program, '-D', launch.workingDir, '-c', port];
      argv.push('-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories=');
      await group.startAs(instance, { ...launch, argv });
      await until(() =>
        group.ask(instance, 'select 1').then(
          () => true,
          () => false,
        ),
      );
    }

    test('a fenced primary that is started by hand writes nothing', async () => {
      group = await PostgresGroup.make(2, { binDir });
      const launch = await group.start('db/1', first);
      await assert.rejects(group.roles.fence(group.context('db/1', first)), {
        code: 'STOP_FAILED',
        message: /^F1: /,
      });
      await group.end('db/1');
      await group.roles.fence(group.context('db/1', first));
      await group.roles.fence(group.context('db/1', first));
      await startByHand('db/1', launch);
      assert.equal(await recovering('db/1'), true);
      await assert.rejects(group.ask('db/1', 'create table t ()'), { code: '25006' });
      await group.end('db/1');
      // As after a switchover that was given up.
      await group.start('db/1', first);
      assert.equal(await recovering('db/1'), false);
    });

    test('a standby that somebody promotes by hand acknowledges nothing', async () => {
      group = await PostgresGroup.make(2, { binDir });
      await group.begin();
      const context = group.context('db/2', { ...first, eligible: ['db/2'] });
      await group.driver.sql?.(context, 'select pg_promote()', limitMs);
      const client = await group.connect('db/2');
      let acknowledged = false;
      const commit = client.query('create table rogue ()').then(
        () => {
          acknowledged = true;
        },
        () => undefined,
      );
      await until(
        async () =>
          (await group.ask('db/2', "select from pg_stat_activity where wait_event = 'SyncRep'"))
            .length === 1,
      );
      assert.equal((await group.roles.look(context, limitMs)).role, 'primary');
      await group.end('db/2');
      await commit;
      assert.equal(acknowledged, false);
      // It has writes of its own: it is copied anew or brought back.
      await group.start('db/2', first);
      await group.roles.admit(group.context('db/2', first), limitMs);
      assert.deepEqual(await group.ask('db/2', "select to_regclass('rogue') as t"), [{ t: null }]);
    });

    test('an order that is older than one seen is refused everywhere', async () => {
      group = await PostgresGroup.make(2, { binDir });
      await group.begin();
      await group.end('db/1');
      await group.roles.promote(group.context('db/2', second), limitMs);
      await group.start('db/1', second);
      const old = group.context('db/1', first);
      const refused = { code: 'REFUSED', message: /^F6: db\/1 has seen epoch 2/ };
      await assert.rejects(group.roles.promote(old, limitMs), refused);
      await assert.rejects(group.roles.setEligible(old, limitMs), refused);
      await assert.rejects(group.roles.fence(old), refused);
      await assert.rejects(group.roles.follow(old, limitMs), refused);
      await group.end('db/1');
      await assert.rejects(group.driver.launch(old), {
        code: 'REFUSED',
        message: /^F6: by its data db was led by db\/2 last, in epoch 2/,
      });
      const rival = { ...second, primary: 'db/1' as const };
      await assert.rejects(group.driver.launch(group.context('db/1', rival)), refused);
      await assert.rejects(group.roles.promote(group.context('db/1', rival), limitMs), refused);
    });

    test('a standby that is started as primary begins a timeline of its own', async () => {
      group = await PostgresGroup.make(2, { binDir });
      await group.begin();
      await group.ask('db/1', 'create table kept ()');
      await group.end('db/1');
      await group.end('db/2');
      const launch = await group.start('db/2', second);
      assert.equal(await recovering('db/2'), false);
      assert.ok(!existsSync(join(launch.workingDir, 'recovery.signal')));
      await group.roles.promote(group.context('db/2', second), limitMs);
      const { timeline } = await group.roles.position(group.context('db/2', second), limitMs);
      assert.equal(timeline, 2);
      assert.equal((await group.ask('db/2', 'select from kept')).length, 0);
    });

    test('a primary whose data is gone is not begun anew', async () => {
      group = await PostgresGroup.make(2, { binDir });
      const { workingDir } = await group.start('db/1', first);
      await group.end('db/1');
      await rm(workingDir, { recursive: true });
      // There is nothing to be kept from writing.
      await group.roles.fence(group.context('db/1', first));
      await assert.rejects(group.driver.launch(group.context('db/1', first)), {
        code: 'REQUIREMENT_UNMET',
        message: /holds no data any more/,
      });
    });

    test('settings of old files change nothing, contradicting ones are refused', async () => {
      group = await PostgresGroup.make(2, { binDir });
      const { workingDir } = await group.start('db/1', first);
      await group.end('db/1');
      const file = join(workingDir, 'postgresql.auto.conf');
      await writeFile(file, "synchronous_standby_names = '*'\nwork_mem = '9MB'\n");
      await group.start('db/1', first);
      assert.doesNotMatch(await readFile(file, 'utf8'), /synchronous/);
      await group.ask('db/1', 'create table t ()');
      assert.deepEqual(await group.ask('db/1', 'show work_mem'), [{ work_mem: '9MB' }]);
      assert.deepEqual(await group.ask('db/1', 'show daruma.epoch'), [{ 'daruma.epoch': '1' }]);
      await group.remove();
      group = await PostgresGroup.make(2, { binDir, settings: { synchronous_commit: 'off' } });
      await assert.rejects(group.driver.launch(group.context('db/1', first)), {
        code: 'STACK_INVALID',
      });
    });
  });
}
