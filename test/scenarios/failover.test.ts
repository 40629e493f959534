/** A database with a primary and a standby, under writes that are counted. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { LedgerReport } from '../../src/cli/ledger-drill.ts';
import { isSound } from '../../src/ledger/judge.ts';
import type { ServiceView } from '../../src/model/view.ts';
import { freePort } from '../free-port.ts';
import { type Bench, bench, until } from './harness.ts';

async function twoDatabases(t: TestContext): Promise<Bench> {
  const stand = await bench(
    t,
    `name: two
recovery: { max_actions: 1000 per 10m }
services:
  db:
    driver: postgres
    replicas: 2
    endpoint: ${await freePort()}
    failover: { durability: synchronous }
    recovery: { max_actions: 1000 per 10m }
`,
  );
  await stand.up();
  await whole(stand);
  return stand;
}

async function group(stand: Bench) {
  const [service] = (await stand.view()).services as readonly ServiceView[];
  if (service?.group === undefined) throw new Error('the service has no group');
  return { ...service.group, instances: service.instances };
}

/** A primary that serves, and a standby that has everything. */
function whole(stand: Bench) {
  return until('the standby has everything', async () => {
    const now = await group(stand);
    const ready = now.instances.every(({ phase }) => phase === 'ready');
    return ready && now.stage === 'steady' && now.eligible.length === 1 ? now : null;
  });
}

async function ledger(stand: Bench, ...options: string[]): Promise<LedgerReport> {
  const run = await stand.daruma('drill', 'ledger', 'db', '--yes', '--json', ...options);
  assert.equal(run.code, 0, run.stdout + run.stderr);
  return JSON.parse(run.stdout);
}

test('the primary is killed three times: another one leads, nothing is lost', async (t) => {
  const stand = await twoDatabases(t);
  const only = ['--only', 'kill-tree', '--faults', '3', '--seed', '3'];
  const { judgement, rounds } = await ledger(stand, ...only);
  assert.ok(isSound(judgement), JSON.stringify(judgement));
  assert.equal(rounds.length, 3);
  // Each former primary is back as a standby by itself, and each reign had one server.
  const now = await whole(stand);
  assert.equal(now.epoch, judgement.servers.length);
  assert.ok(now.epoch >= 2);
});

test('the standby is killed: writes go on, and it is eligible again only by F4', async (t) => {
  const stand = await twoDatabases(t);
  const { judgement, whole: isWhole } = await ledger(
    stand,
    '--only',
    'kill-standby',
    '--faults',
    '2',
  );
  assert.ok(isSound(judgement), JSON.stringify(judgement));
  assert.ok(isWhole);
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
  const stand = await twoDatabases(t);
  const only = ['--only', 'kill-both,kill-controller', '--faults', '4', '--seed', '5'];
  const { judgement } = await ledger(stand, ...only);
  assert.ok(isSound(judgement), JSON.stringify(judgement));
  await whole(stand);
});

test('a switchover under writes breaks no transaction', async (t) => {
  const stand = await twoDatabases(t);
  const before = await group(stand);
  const writing = ledger(stand, '--only', 'kill-controller', '--faults', '1', '--every', '5');
  await until('a switchover is done', async () => {
    const run = await stand.daruma('switchover', 'db', '--json');
    return run.code === 0;
  });
  const { judgement } = await writing;
  assert.ok(isSound(judgement), JSON.stringify(judgement));
  const now = await whole(stand);
  assert.notEqual(now.primary, before.primary);
  assert.equal(now.epoch, before.epoch + 1);
});
