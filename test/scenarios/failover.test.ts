/** A database with a primary and a standby, under writes that are counted. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { databases, group, ledger, session, whole } from './failover-stand.ts';
import type { Bench } from './harness.ts';

const long = process.env['DARUMA_TEST_LONG'] === '1';
/** In as many drills, one after the other at the same database. */
const drills = long ? 10 : 1;
const killsEach = long ? 5 : 3;
const kills = drills * killsEach;

test(`the primary is killed ${kills} times: another one leads, nothing is lost`, async (t) => {
  const stand = await databases(t);
  for (let seed = 1; seed <= drills; seed += 1) {
    const often = ['--faults', String(killsEach), '--seed', String(seed), '--one-by-one'];
    const { judgement, rounds } = await ledger(stand, 'kill-tree', ...often);
    assert.equal(rounds.filter(({ whom }) => whom !== null).length, killsEach);
    // Each reign had one server (a short one perhaps no write), and each former primary is back as
    // a standby by itself.
    assert.ok(judgement.servers.length <= killsEach + 1, JSON.stringify(judgement.servers));
    assert.equal((await whole(stand)).epoch, seed * killsEach + 1);
  }
});

test('the standby is killed: writes go on, and it is eligible again only by F4', async (t) => {
  const stand = await databases(t);
  await ledger(stand, 'kill-standby', '--faults', '2');
  await whole(stand);
  const records = await stand.events();
  const changes = records.filter(({ record }) => record.kind === 'eligible-changed');
  const told = changes.map(
    ({ record }) => record.kind === 'eligible-changed' && record.eligible.length,
  );
  // In at first; then out and in again each time.
  assert.deepEqual(told.slice(0, 3), [1, 0, 1]);
  assert.equal((await group(stand)).epoch, 1);
});

test('both are killed at once, the controller in between: who has every write leads', async (t) => {
  const stand = await databases(t);
  await ledger(stand, 'kill-both,kill-controller', '--faults', '4', '--seed', '5');
  await whole(stand);
});

test('switchovers under writes break no transaction', async (t) => {
  const stand = await databases(t);
  const before = await group(stand);
  const reader = await session(t, stand);
  await reader.query('create table kept (n int)');
  let isOver = false;
  // 10 clients, each 20 ms: 500 writes per second.
  const clients = Array.from({ length: 10 }, () => transact(t, stand, () => isOver));
  const writing = Promise.all(clients).finally(() => {
    isOver = true;
  });
  for (let switches = 0; switches < 3; switches += 1) {
    await whole(stand);
    const run = await stand.daruma('switchover', 'db', '--json');
    assert.equal(run.code, 0, run.stderr);
  }
  isOver = true;
  const done = (await writing).reduce((sum, count) => sum + count, 0);
  const now = await whole(stand);
  assert.equal(now.epoch, before.epoch + 3);
  const later = await session(t, stand);
  const { rows } = await later.query('select count(*)::int as kept from kept');
  assert.deepEqual(rows, [{ kept: done }]);
});

/** One transaction after the other until then; throws when one is broken. How many there were. */
async function transact(t: TestContext, stand: Bench, isOver: () => boolean): Promise<number> {
  let client = await session(t, stand);
  let done = 0;
  while (!isOver()) {
    try {
      await client.query('begin');
    } catch {
      // Closed between two transactions.
      client = await session(t, stand);
      continue;
    }
    await client.query('insert into kept values (1)');
    await client.query('commit');
    done += 1;
    await pause(20);
  }
  return done;
}
