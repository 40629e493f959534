/** Servers neither dead nor well: each is answered by what mends it, and nothing is lost. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { workerOf } from '../../src/cli/ledger-processes.ts';
import { atEnd } from '../at-end.ts';
import { freePort } from '../free-port.ts';
import {
  databases,
  group,
  ledger,
  primaryOf,
  session,
  standbyOf,
  whole,
} from './failover-stand.ts';
import { isAlive, until } from './harness.ts';
import { smallDisk } from './small-disk.ts';

test('a session that hangs with its locks: a write that is configured shows it', async (t) => {
  const check = 'insert into beats values (now())';
  const ifPrimary = `if not pg_is_in_recovery() and to_regclass('beats') is not null then`;
  const stand = await databases(t, {
    lines: [
      'healthcheck:',
      `  sql: "do 'begin ${ifPrimary.replaceAll("'", "''")} ${check}; end if; end'"`,
      '  interval: 300ms',
      '  timeout: 1s',
      '  retries: 2',
      '  start_period: 60s',
    ],
  });
  const holder = await session(t, stand);
  await holder.query('create table beats (at timestamptz)');
  await holder.query('begin');
  await holder.query('lock table beats in exclusive mode');
  const { rows } = await holder.query<{ pid: number }>('select pg_backend_pid() as pid');
  const pid = rows[0]?.pid ?? 0;
  process.kill(pid, 'SIGSTOP');
  atEnd(t, () => isAlive(pid) && process.kill(pid, 'SIGCONT'));
  await until('the session is ended', () => !isAlive(pid));
  await whole(stand);
  const [incident] = await stand.incidents();
  const evidence = (incident?.causes ?? []).flatMap((cause) => cause.evidence);
  const told = evidence.map(({ text }) => text).join('\n');
  assert.match(told, new RegExp(`waits for a lock of session ${pid} \\(stopped`));
  const writer = await session(t, stand);
  await writer.query('insert into beats values (now())');
});

test('a standby whose receiver dies or hangs is not waited for, and comes back', async (t) => {
  const stand = await databases(t);
  const faults = 'kill-receiver,stop-receiver,stop-replay,stop-standby';
  const { rounds } = await ledger(stand, faults, '--faults', '4', '--seed', '1', '--one-by-one');
  assert.ok(
    rounds.every(({ whom }) => whom !== null),
    JSON.stringify(rounds),
  );
  assert.equal((await group(stand)).epoch, 1, 'the primary has nothing to do with it');
});

test('a standby whose replay is stopped is read from no more, and is started anew', async (t) => {
  const port = await freePort();
  const stand = await databases(t, { lines: [`endpoint_read: ${port}`] });
  const before = await group(stand);
  const standby = standbyOf(before);
  const [startup] = workerOf(standby.pid, 'startup');
  assert.ok(startup);
  process.kill(startup, 'SIGSTOP');
  await until('it is not eligible', async () => (await group(stand)).eligible.length === 0);
  await until('the primary is read from', async () => {
    const reader = await session(t, stand, port);
    const { rows } = await reader.query('select pg_is_in_recovery() as standby');
    return rows[0]?.standby === false;
  });
  await until('another runs', async () => {
    const { pid } = await stand.instance(standby.id);
    return pid !== null && pid !== standby.pid;
  });
  assert.equal((await whole(stand)).epoch, before.epoch);
  const [incident] = await stand.incidents();
  const evidence = (incident?.causes ?? []).flatMap((cause) => cause.evidence);
  assert.match(evidence.map(({ text }) => text).join('\n'), /it replays nothing of db\/1's/);
});

test('a full disk is told as such, and the standby leads until there is room', async (t) => {
  const disks = [smallDisk(256), smallDisk(256)];
  const sizes = 'max_slot_wal_keep_size: 48MB, wal_keep_size: 32MB, max_wal_size: 48MB';
  const stand = await databases(t, {
    disks,
    postgres: [`settings: { ${sizes}, min_wal_size: 32MB }`],
  });
  const before = primaryOf(await group(stand));
  const lasting = ['--faults', '1', '--one-by-one', '--lasts', '6'];
  const { rounds } = await ledger(stand, 'fill-disk', ...lasting);
  // Only root may mount one to fill.
  const isFilled = disks[0]?.isMounted === true;
  assert.equal(rounds[0]?.whom, isFilled ? before.id : null);
  assert.equal((await whole(stand)).epoch, isFilled ? 2 : 1);
  const [incident] = await stand.incidents();
  const [cause] = incident?.causes ?? [];
  assert.equal(cause?.fault, isFilled ? 'disk' : undefined);
});
