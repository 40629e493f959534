/** F4 with real servers: for whom a primary waits, and when a standby has what it needs. */
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import type { InstanceId } from '../../src/model/ids.ts';
import { binDirs, limitMs, PostgresGroup, Writer } from './postgres-group.ts';
import { until } from './scene.ts';

/** What a standby that is stopped does not say is not missed. */
const patient = { wal_sender_timeout: '10min' };
const primary = { epoch: 1, primary: 'db/1' as const };

for (const binDir of binDirs) {
  describe(`binaries: ${binDir ?? 'embedded'}`, () => {
    let group: PostgresGroup;

    afterEach(() => group.remove());

    async function begin(eligible: readonly InstanceId[]): Promise<void> {
      await group.start('db/1', { ...primary, eligible: [] });
      await group.ask('db/1', 'create table kept (n int)');
      for (const instance of eligible) await group.start(instance, { ...primary, eligible });
    }

    /** Stopped, it goes on being one that streams. */
    async function stopWhileItStreams(instance: InstanceId): Promise<void> {
      const context = group.context('db/1', { ...primary, eligible: [] });
      await until(async () => {
        const { standbys } = await group.roles.look(context, limitMs);
        return standbys.some((seen) => seen.instance === instance);
      });
      await group.stopTree(instance, 'SIGSTOP');
    }

    const setEligible = (eligible: readonly InstanceId[]) =>
      group.roles.setEligible(group.context('db/1', { ...primary, eligible }), limitMs);
    const admit = (instance: InstanceId, eligible: readonly InstanceId[], ms = limitMs) =>
      group.roles.admit(group.context(instance, { ...primary, eligible }), ms);

    test('whatever was acknowledged while it was admitted, the standby has', async () => {
      group = await PostgresGroup.make(2, { binDir });
      await begin(['db/2']);
      for (let turn = 0; turn < 5; turn += 1) {
        await setEligible([]);
        const writer = await Writer.start(group, 'db/1', turn * 1_000_000);
        await until(() => writer.acknowledged > 20);
        await admit('db/2', []);
        const since = writer.acknowledged;
        await until(() => writer.acknowledged > since + 20);
        // It can't take any more now: what is acknowledged from here on was there before.
        group.process('db/2').kill('SIGSTOP');
        await group.stopTree('db/2', 'SIGSTOP');
        const acknowledged = writer.acknowledged;
        await group.end('db/1');
        await writer.end();
        assert.ok(writer.acknowledged - acknowledged <= 1, 'nothing is acknowledged without it');
        await group.stopTree('db/2', 'SIGCONT');
        const [row] = await group.ask(
          'db/2',
          `select count(*)::int as n from kept where n > ${turn * 1_000_000}`,
        );
        assert.ok(Number(row?.['n']) >= writer.acknowledged, JSON.stringify(row));
        await group.start('db/1', { ...primary, eligible: [] });
      }
    });

    test('without the standby commits wait, until it is not eligible any more', async () => {
      group = await PostgresGroup.make(2, { binDir });
      await begin(['db/2']);
      await admit('db/2', []);
      await group.end('db/2');
      const client = await group.connect('db/1');
      let done = false;
      const commit = client.query('insert into kept values (1)').then(() => {
        done = true;
      });
      await until(
        async () =>
          (await group.ask('db/1', "select from pg_stat_activity where wait_event = 'SyncRep'"))
            .length === 1,
      );
      assert.equal(done, false);
      // What asks for its health waits for no standby.
      await group.driver.check?.(group.context('db/1', { ...primary, eligible: [] }), limitMs);
      await setEligible([]);
      await commit;
      await client.end();
    });

    test('a wait that is cancelled: a row may be seen that was never acknowledged', async () => {
      group = await PostgresGroup.make(2, { binDir });
      await begin(['db/2']);
      await admit('db/2', []);
      await group.end('db/2');
      const waiting = "from pg_stat_activity where wait_event = 'SyncRep'";
      for (const how of ['cancel', 'terminate']) {
        const client = await group.connect('db/1');
        const warnings: (string | undefined)[] = [];
        client.on('notice', ({ message }) => warnings.push(message));
        const commit = client.query('insert into kept values (1)').then(
          () => 'success',
          () => 'failure',
        );
        await until(async () => (await group.ask('db/1', `select ${waiting}`)).length === 1);
        assert.equal((await group.ask('db/1', 'table kept')).length, how === 'cancel' ? 0 : 1);
        const end = `select pg_${how}_backend(pid) ${waiting}`;
        const context = group.context('db/1', { ...primary, eligible: [] });
        await group.driver.sql?.(context, end, limitMs);
        // A success with this warning is no acknowledgement.
        assert.equal(await commit, how === 'cancel' ? 'success' : 'failure');
        if (how === 'cancel') assert.match(String(warnings[0]), /canceling wait for synchronous/);
        await until(
          async () => (await group.ask('db/1', 'table kept')).length === (how === 'cancel' ? 1 : 2),
        );
        await client.end();
      }
      await group.end('db/1');
      await group.start('db/2', { epoch: 2, primary: 'db/2', eligible: [] });
      assert.equal((await group.ask('db/2', 'table kept')).length, 0);
    });

    test('one that does not catch up is not admitted, and not waited for', async () => {
      group = await PostgresGroup.make(2, { binDir, settings: patient });
      await begin(['db/2']);
      await stopWhileItStreams('db/2');
      await group.ask('db/1', 'insert into kept values (1)');
      await assert.rejects(admit('db/2', [], 1_500), { code: 'TIMED_OUT' });
      await group.ask('db/1', 'insert into kept values (2)');
      await group.stopTree('db/2', 'SIGCONT');
      await admit('db/2', []);
      const seen = await group.roles.look(
        group.context('db/1', { ...primary, eligible: ['db/2'] }),
        limitMs,
      );
      assert.deepEqual(
        seen.standbys.map(({ synchronous }) => synchronous),
        [true],
      );
    });

    test('however soon its time is over: nobody is left waiting', async () => {
      group = await PostgresGroup.make(2, { binDir, settings: patient });
      await begin(['db/2']);
      await stopWhileItStreams('db/2');
      for (let ms = 1; ms < 150; ms += 3) {
        await assert.rejects(admit('db/2', [], ms), { code: 'TIMED_OUT' });
        await group.ask('db/1', 'insert into kept values (1)');
      }
      await group.stopTree('db/2', 'SIGCONT');
    });

    test('one that is waited for in vain keeps nobody from leaving', async () => {
      group = await PostgresGroup.make(3, { binDir });
      await begin(['db/3']);
      await admit('db/3', []);
      // It does not even run.
      const waits = admit('db/2', ['db/3']).then(
        () => null,
        (error: Error) => error,
      );
      await group.end('db/3');
      await setEligible([]);
      await group.ask('db/1', 'insert into kept values (1)');
      // What was asked before the change must not bring db/3 back.
      await group.start('db/2', { ...primary, eligible: [] });
      assert.match((await waits)?.message ?? '', /db\/1 was told of others while db\/2 caught up/);
      await admit('db/2', []);
      await group.ask('db/1', 'insert into kept values (2)');
    });

    test('all that are eligible are waited for, whoever comes and goes', async () => {
      group = await PostgresGroup.make(3, { binDir });
      await begin(['db/2', 'db/3']);
      const synchronous = async () => {
        const context = group.context('db/1', { ...primary, eligible: [] });
        const { standbys } = await group.roles.look(context, limitMs);
        return standbys
          .filter((seen) => seen.synchronous)
          .map(({ instance }) => instance)
          .sort();
      };
      await Promise.all([admit('db/2', []), setEligible([])]);
      await admit('db/2', []);
      assert.deepEqual(await synchronous(), ['db/2']);
      await admit('db/3', ['db/2']);
      assert.deepEqual(await synchronous(), ['db/2', 'db/3']);
      await setEligible(['db/3']);
      assert.deepEqual(await synchronous(), ['db/3']);
      await setEligible(['db/3', 'db/2']);
      assert.deepEqual(await synchronous(), ['db/2', 'db/3']);
    });
  });
}
