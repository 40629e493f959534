/** F3: nobody may be promoted without a person, and the only standby is neither dead nor well. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { send, workerOf } from '../../src/cli/ledger-processes.ts';
import { atEnd } from '../at-end.ts';
import { databases, group, primaryOf, session, standbyOf, whole } from './failover-stand.ts';
import { until } from './harness.ts';

test('a person consents, and the receiver of the standby hangs: it leads even so', async (t) => {
  const stand = await databases(t, { budget: '1 per 10m' });
  const writer = await session(t, stand);
  await writer.query('create table kept (n int)');
  const before = await group(stand);
  const [receiver] = workerOf(standbyOf(before).pid, 'walreceiver');
  assert.ok(receiver);
  process.kill(receiver, 'SIGSTOP');
  atEnd(t, () => send(receiver, 'SIGKILL'));
  // Not eligible any more, it gives writes no guarantee: the primary is restarted, and then is not.
  await until('nobody waits for it', async () => (await group(stand)).eligible.length === 0);
  for (let n = 1; n <= 40; n += 1) await writer.query('insert into kept values ($1)', [n]);
  await until('the loss is known', async () => {
    const seen = (await stand.events()).map(({ record }) => record);
    const last = seen.findLast((one) => one.kind === 'role-seen' && one.seen.role === 'primary');
    if (last?.kind !== 'role-seen') return false;
    return last.seen.lacks?.some(({ transactions }) => transactions >= 35);
  });
  const first = primaryOf(before);
  assert.ok(first.pid);
  process.kill(first.pid, 'SIGKILL');
  const again = await until('it is back', async () => {
    const { pid, phase } = await stand.instance(first.id);
    return phase === 'ready' && pid !== first.pid ? pid : null;
  });
  process.kill(again, 'SIGKILL');
  const asked = await until('a person is asked', async () => {
    const [latest] = await stand.incidents();
    return latest?.state === 'needs-person' ? latest : null;
  });
  const answer = await stand.daruma('approve', asked.id, '--yes');
  assert.equal(answer.code, 0, answer.stderr);
  // What is lost is said before it is.
  const loss = /F3: db\/2 lacks about (\d+) transactions .*when last seen, writes acknowledged in /;
  const [, count] = loss.exec(answer.stdout) ?? [];
  assert.ok(Number(count) >= 35 && Number(count) <= 60, answer.stdout);
  const led = await until('the standby leads', async () => {
    const now = await group(stand);
    return now.primary === standbyOf(before).id && now.stage === 'steady' ? now : null;
  });
  assert.equal(led.epoch, before.epoch + 1);
  await stand.daruma('reset');
  await whole(stand);
  const reader = await session(t, stand);
  await reader.query('insert into kept values (1)');
});
