/** What an instance is now, by its own word. */
import type { RoleSeen } from '../../../model/group.ts';
import { ask } from '../connection.ts';
import { isStopped } from '../stopped.ts';
import type { Member } from './member.ts';
import { instanceNamed } from './names.ts';
import { readSeen } from './seen-order.ts';

interface Row {
  readonly standby: boolean;
  readonly streaming: boolean;
  /** The pid of who replays. */
  readonly startup: number | null;
  readonly transactions: string;
  readonly standbys: readonly {
    readonly name: string;
    readonly synchronous: boolean;
    readonly lag: number;
  }[];
}

/** A receiver asks its primary for a word in time, and ends when there is none; one that hangs does
 * neither. */
const isHeard = `current_setting('wal_receiver_timeout') = '0' or last_msg_receipt_time >
    clock_timestamp() - 2 * current_setting('wal_receiver_timeout')::interval`;

/** Only what writes gets a number; what was rolled back, and parts of one, have some too. */
const query = `select pg_is_in_recovery() as standby,
  pg_snapshot_xmax(pg_current_snapshot())::text as transactions,
  exists (select from pg_stat_wal_receiver where status = 'streaming' and (${isHeard})) as streaming,
  (select pid from pg_stat_activity where backend_type = 'startup') as startup,
  case when pg_is_in_recovery() then '[]'::json else
    (select coalesce(json_agg(json_build_object(
      'name', application_name,
      'synchronous', sync_state in ('sync', 'quorum'),
      'lag', greatest(0, pg_current_wal_lsn() - coalesce(flush_lsn, '0/0')))), '[]'::json)
     from pg_stat_replication where state = 'streaming') end as standbys`;

export async function look(member: Member, timeoutMs: number): Promise<RoleSeen> {
  const { service, order, place, target } = member;
  const [row] = await ask<Row>(target, timeoutMs, query);
  const epoch = (await readSeen(place.seen))?.epoch ?? null;
  const standbys = (row?.standbys ?? []).flatMap(({ name, synchronous, lag: lagBytes }) => {
    const instance = instanceNamed(service, name, order.epoch);
    return instance === undefined ? [] : [{ instance, synchronous, lagBytes }];
  });
  const role = row?.standby === false ? 'primary' : 'standby';
  const transactions = Number(row?.transactions);
  const seen = { role, epoch, standbys, streaming: row?.streaming === true, transactions } as const;
  const stuck = row?.startup != null && (await isStopped(row.startup));
  return stuck ? { ...seen, streaming: false, stuck } : seen;
}
