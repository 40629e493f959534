/** A primary that has too much work is late, and stays primary: a standby would have the same. */
import assert from 'node:assert/strict';
import { availableParallelism, setPriority } from 'node:os';
import { test } from 'node:test';
import { databases, group, primaryOf, session } from './failover-stand.ts';

const workersPerCore = 12;
/** Its sessions leave the processor to whoever else needs it. */
const nice = 10;
const busy = `set statement_timeout = '15s'; do 'begin loop perform 1; end loop; end'`;

test('a primary under far too much work is not failed over', async (t) => {
  const stand = await databases(t);
  const before = await group(stand);
  const primary = primaryOf(before);
  // Its sessions have that of their parent, those of its checks too.
  setPriority(primary.pid ?? 0, nice);
  const workers = Array.from({ length: workersPerCore * availableParallelism() }, async () => {
    const client = await session(t, stand);
    return client.query(busy).then(
      () => 'done',
      (error: unknown) => (error as { readonly code?: string }).code ?? 'cut off',
    );
  });
  const ends = await Promise.all(workers);
  const records = (await stand.events()).map(({ record }) => record);
  const isLate = records.some(
    (one) => one.kind === 'instance-suspect' && one.instance === primary.id && one.suspected,
  );
  t.diagnostic(isLate ? 'its checks were late' : 'its checks were in time all the while');
  assert.deepEqual([...new Set(ends)], ['57014'], 'each was ended by its own time-out');
  const after = await group(stand);
  assert.equal(after.epoch, before.epoch);
  assert.equal(primaryOf(after).pid, primary.pid);
  const begun = new Set(records.map((one) => (one.kind === 'action-begun' ? one.action : null)));
  const done = records.flatMap((one) =>
    one.kind === 'action-planned' && begun.has(one.planned.action) ? [one.planned.reason] : [],
  );
  assert.deepEqual(done, [], 'nothing was done to it');
});
