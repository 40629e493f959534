/** F3: how far a standby reaches is told also when it can't know that its primary is gone. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { send, workerOf } from '../../src/cli/ledger-processes.ts';
import { atEnd } from '../at-end.ts';
import { limitMs, PostgresGroup } from './postgres-group.ts';
import { until } from './scene.ts';

const order = { epoch: 1, primary: 'db/1', eligible: [] } as const;

/** The primary `db/1` and the standby `db/2`, which may take over. */
async function pair(t: TestContext) {
  const group = await PostgresGroup.make(2);
  atEnd(t, () => group.remove());
  await group.start('db/1', order);
  await group.start('db/2', order);
  const standby = group.context('db/2', order);
  await group.roles.admit(standby, limitMs);
  return { group, standby };
}

test('a primary that is silent, as behind a cut network, is not waited for', async (t) => {
  const { group, standby } = await pair(t);
  await group.ask('db/1', 'create table kept (n int)');
  // Its connections stay as they are.
  group.process('db/1').kill('SIGSTOP');
  await group.stopTree('db/1', 'SIGSTOP');
  const told = await group.roles.position(standby, limitMs);
  assert.equal(told.timeline, 1);
  const again = await group.roles.position(standby, limitMs);
  assert.equal(again.position, told.position);
  // It was only for that: with its primary back it follows.
  await group.stopTree('db/1', 'SIGCONT');
  group.process('db/1').kill('SIGCONT');
  await until(async () => (await group.roles.look(standby, limitMs)).streaming);
});

for (const work of ['walreceiver', 'startup'] as const) {
  test(`a stopped ${work} is woken, and the standby tells its position`, async (t) => {
    const { group, standby } = await pair(t);
    const before = await group.roles.position(standby, limitMs);
    // It was to cease for that, and comes back in its own time.
    await until(async () => (await group.roles.look(standby, limitMs)).streaming);
    const [pid] = workerOf(group.process('db/2').pid ?? 0, work);
    assert.ok(pid);
    process.kill(pid, 'SIGSTOP');
    atEnd(t, () => send(pid, 'SIGKILL'));
    const { streaming, stuck } = await group.roles.look(standby, limitMs);
    assert.equal(stuck, work === 'startup' ? true : undefined);
    assert.equal(streaming, work === 'walreceiver');
    await group.end('db/1');
    const told = await group.roles.position(standby, limitMs);
    assert.equal(told.timeline, 1);
    assert.ok(BigInt(told.position) >= BigInt(before.position));
  });
}
