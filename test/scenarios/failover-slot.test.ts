/** A standby that is gone for good: the log that is kept for it does not fill the disk. */
import assert from 'node:assert/strict';
import { readdirSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { databases, group, primaryOf, session, standbyOf, whole } from './failover-stand.ts';
import { until } from './harness.ts';
import { smallDisk } from './small-disk.ts';

const megabyte = 2 ** 20;
const writtenMegabytes = process.env['DARUMA_TEST_LONG'] === '1' ? 1_024 : 192;
/** Eight of them. */
const much = `select count(pg_logical_emit_message(false, 'much', repeat('x', ${megabyte})))
  from generate_series(1, 8)`;
/** Of the log at most: what is kept for slots, what a checkpoint leaves, and a few files more. */
const logMegabytes = 160;

test(`a slot without its standby, ${writtenMegabytes} MiB written: no disk fills`, async (t) => {
  const disks = [smallDisk(320), smallDisk(320)];
  const sizes = 'max_slot_wal_keep_size: 48MB, wal_keep_size: 32MB, max_wal_size: 48MB';
  const stand = await databases(t, {
    disks,
    postgres: [`settings: { ${sizes}, min_wal_size: 32MB }`],
  });
  const before = await group(stand);
  const [here, there] = [primaryOf(before), standbyOf(before)].map(({ id }) => {
    const disk = disks[Number(id.split('/')[1]) - 1];
    return path.join(disk?.directory ?? '', 'data');
  });
  // A file in the place of its data: whatever is tried, it does not come back.
  process.kill(standbyOf(before).pid ?? 0, 'SIGKILL');
  const gone = there ?? '';
  await until('its data is gone', () => {
    rmSync(gone, { recursive: true, force: true });
    writeFileSync(gone, '');
    return true;
  });
  await until('nobody waits for it', async () => (await group(stand)).eligible.length === 0);

  const client = await session(t, stand);
  let most = 0;
  for (let written = 0; written < writtenMegabytes; written += 8) {
    await client.query(much);
    most = Math.max(most, bytesIn(path.join(here ?? '', 'pg_wal')));
  }
  assert.ok(most < logMegabytes * megabyte, `${most / megabyte} MiB of log`);
  t.diagnostic(
    `at most ${Math.round(most / megabyte)} MiB of log for ${writtenMegabytes} MiB written`,
  );
  const { bavail, bsize } = statfsSync(path.dirname(here ?? ''));
  assert.ok(bavail * bsize > 32 * megabyte, 'there is room left');
  assert.equal((await group(stand)).epoch, before.epoch);

  // The log that it needs is gone: it is copied anew.
  rmSync(gone);
  await stand.daruma('reset');
  await stand.daruma('restart', standbyOf(before).id);
  await whole(stand);
  assert.equal(primaryOf(await group(stand)).id, primaryOf(before).id);
});

function bytesIn(directory: string): number {
  return readdirSync(directory).reduce((sum, name) => {
    // A file may be recycled meanwhile.
    const found = statSync(path.join(directory, name), { throwIfNoEntry: false });
    return sum + (found?.isFile() === true ? found.size : 0);
  }, 0);
}
