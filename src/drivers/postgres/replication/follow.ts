/** A running standby turns to the primary of its order. */
import { ask } from '../connection.ts';
import { configureStandby, type Member, primaryTarget } from './member.ts';
import { slotName, standbyName } from './names.ts';
import { poll } from './poll.ts';
import { reserveSlot } from './slots.ts';

const everyMs = 20;

/** Resolves when it streams from there. The order must have been taken. */
export async function follow(member: Member, timeoutMs: number): Promise<void> {
  const { instance, order, target } = member;
  const primary = primaryTarget(member);
  await reserveSlot(primary, slotName(instance), timeoutMs);
  await configureStandby(member);
  await ask(target, timeoutMs, 'select pg_reload_conf()');
  const streams = `select from pg_stat_replication
    where application_name = $1 and state in ('streaming', 'catchup')`;
  await poll(
    `${instance} streams from ${order.primary}`,
    { timeoutMs, everyMs },
    async (leftMs) => {
      const rows = await ask(primary, leftMs, streams, [standbyName(instance, order.epoch)]);
      return rows.length > 0 ? true : null;
    },
  );
}
