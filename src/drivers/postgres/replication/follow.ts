/** A running standby turns to the primary of its order. */
import { DarumaError } from '../../../model/errors.ts';
import { ask, withConnection } from '../connection.ts';
import { isPastOf } from './lineage.ts';
import { configureStandby, type Member, primaryTarget } from './member.ts';
import { slotName, standbyName } from './names.ts';
import { poll } from './poll.ts';
import { positionSql, timelineSql } from './position.ts';
import { reserveSlot } from './slots.ts';

const everyMs = 20;

/** Resolves when it streams from there. The order must have been taken. */
export async function follow(
  member: Member,
  primaryData: string,
  timeoutMs: number,
): Promise<void> {
  const { instance, order, target } = member;
  const primary = primaryTarget(member);
  await refuseParted(member, primaryData, timeoutMs);
  await reserveSlot(primary, slotName(instance), timeoutMs);
  await configureStandby(member);
  await ask(target, timeoutMs, 'select pg_reload_conf()');
  const streams = `select from pg_stat_replication
    where application_name = $1 and state in ('streaming', 'catchup')`;
  const what = `${instance} streams from ${order.primary}`;
  await withConnection(primary, timeoutMs, (client) =>
    poll(what, { timeoutMs, everyMs }, async () => {
      const { rows } = await client.query(streams, [standbyName(instance, order.epoch)]);
      return rows.length > 0 ? true : null;
    }),
  );
}

/** One that received more than the new primary had can't go on from there (F5). */
async function refuseParted(
  { instance, order, target }: Member,
  primaryData: string,
  timeoutMs: number,
): Promise<void> {
  const query = `select ${timelineSql} as timeline, ${positionSql} as position`;
  const [row] = await ask<{ timeline: number; position: string }>(target, timeoutMs, query);
  if (row === undefined) return;
  const end = { timeline: row.timeline, position: BigInt(row.position) };
  if (await isPastOf(primaryData, end)) return;
  const text =
    `F5: ${instance} has writes that ${order.primary} lacks; ` +
    'started anew, it goes back to what they have in common, or is copied';
  throw new DarumaError('REFUSED', text);
}
