/** A database with a primary and a standby, under writes that are counted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { databases, group, ledger, whole } from './failover-stand.ts';
import { until } from './harness.ts';

const kills = process.env['DARUMA_TEST_LONG'] === '1' ? 50 : 3;

test(`the primary is killed ${kills} times: another one leads, nothing is lost`, async (t) => {
  const stand = await databases(t);
  const often = ['--faults', String(kills), '--seed', '3', '--one-by-one'];
  const { judgement, rounds } = await ledger(stand, 'kill-tree', ...often);
  assert.equal(rounds.filter(({ whom }) => whom !== null).length, kills);
  // Each former primary is back as a standby by itself, and each reign had one server.
  const now = await whole(stand);
  assert.equal(now.epoch, judgement.servers.length);
  assert.equal(now.epoch, kills + 1);
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

test('a switchover under writes breaks no transaction', async (t) => {
  const stand = await databases(t);
  const before = await group(stand);
  const writing = ledger(stand, 'kill-controller', '--faults', '1', '--every', '5');
  await until('a switchover is done', async () => {
    const run = await stand.daruma('switchover', 'db', '--json');
    return run.code === 0;
  });
  await writing;
  const now = await whole(stand);
  assert.notEqual(now.primary, before.primary);
  assert.equal(now.epoch, before.epoch + 1);
});
