/**
 * Connections that are cut without a word: on one machine their packets are dropped (nftables),
 * which only root may do, and not in every container. Where we may not, nothing changes.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { databases, group, ledger } from './failover-stand.ts';
import type { Bench } from './harness.ts';

/** Far longer than it takes to be noticed, also when the machine is busy with other tests. */
const lasting = ['--faults', '1', '--one-by-one', '--lasts', '30'];

test('a standby is cut from its primary: writes go on after the record of F4', async (t) => {
  const stand = await databases(t);
  const { rounds } = await ledger(stand, 'cut-standbys', ...lasting);
  assert.equal(rounds[0]?.whom, mayCut() ? 'db/1' : null);
  const records = await stand.events();
  const told = records.flatMap(({ record }) =>
    record.kind === 'eligible-changed' ? [record.eligible.length] : [],
  );
  assert.deepEqual(told, mayCut() ? [1, 0, 1] : [1]);
  assert.equal((await group(stand)).epoch, 1);
});

test('nobody reaches the primary: it is fenced, and another one leads', async (t) => {
  const stand = await databases(t);
  const { rounds, judgement } = await ledger(stand, 'cut-primary', ...lasting);
  assert.equal(rounds[0]?.whom, mayCut() ? 'db/1' : null);
  const { epoch } = await group(stand);
  assert.equal(judgement.servers.length, epoch);
  if (mayCut()) assert.ok(epoch === 2 || (epoch === 1 && (await isStarved(stand))));
  else assert.equal(epoch, 1);
});

/** Where nobody has a processor while it is cut, the primary is taken for late. */
async function isStarved(stand: Bench): Promise<boolean> {
  const kinds = (await stand.events()).map(({ record }) => record.kind);
  // With a reset the drill begins.
  return kinds.slice(kinds.lastIndexOf('reset')).includes('slept');
}

function mayCut(): boolean {
  try {
    execFileSync('nft', ['list', 'tables'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
