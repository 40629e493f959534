/**
 * How far a copy reaches (F3): greatest(received, replayed), when nothing is being received any
 * more and all that is there has been replayed. The received position alone goes backwards when a
 * standby restarts.
 */
import type { Client } from 'pg';
import { errorInfo } from '../../../model/errors.ts';
import type { ReplicaPosition } from '../../../model/group.ts';
import { configureStandby, type Member } from './member.ts';
import { poll } from './poll.ts';
import { withRecovering } from './recovering.ts';
import type { Settings } from './role-settings.ts';

const everyMs = 5;
/** When nothing has come for so long, nothing comes any more. */
const silentMs = 500;
interface Row {
  readonly system: string;
  readonly timeline: number;
  readonly position: string;
  /** The pid of who receives, or is to cease to. */
  readonly receiver: number | null;
  /** The pid of who replays. */
  readonly startup: number | null;
  readonly settled: boolean;
}

/** Of the log that is there. */
export const timelineSql = `(select max(('x' || left(name, 8))::bit(32)::int)
  from pg_ls_waldir() where name ~ '^[0-9A-F]{24}$')`;

/** Bytes of the log that are on disk here. */
export const positionSql = `case when pg_is_in_recovery()
    then greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) - '0/0'
    else pg_current_wal_flush_lsn() - '0/0' end::text`;

/**
 * The log may end within a record, which is never replayed: then replayed stays behind received for
 * ever. That all has been tried is certain when the startup process waits before it asks anew: it
 * has failed to read on here, and to receive. While it waits for what is received, it may not have
 * noticed yet what came last.
 */
const query = `select
  (select system_identifier::text from pg_control_system()) as system,
  ${timelineSql} as timeline,
  ${positionSql} as position,
  (select pid from pg_stat_wal_receiver where status in ('streaming', 'stopping')) as receiver,
  (select pid from pg_stat_activity where backend_type = 'startup') as startup,
  not pg_is_in_recovery() or (
    not exists (select from pg_stat_wal_receiver where status = 'streaming')
    and exists (select from pg_stat_activity where backend_type = 'startup' and (
      wait_event = 'RecoveryRetrieveRetryInterval' or (wait_event = 'RecoveryWalStream'
        and pg_last_wal_replay_lsn() >= coalesce(pg_last_wal_receive_lsn(), '0/0'))))
  ) as settled`;

export async function position(member: Member, timeoutMs: number): Promise<ReplicaPosition> {
  const what = `${member.instance} has replayed its log`;
  return withRecovering(what, member.target, timeoutMs, async (client, leftMs) => {
    // Somebody may have paused it; a promotion would go on with it anyway.
    await client.query(
      `select case when pg_is_in_recovery() and pg_is_wal_replay_paused()
       then pg_wal_replay_resume() end`,
    );
    const reading = new Reading();
    let alone = false;
    try {
      return await poll(what, { timeoutMs: leftMs, everyMs }, async () => {
        const [row] = (await client.query<Row>(query)).rows;
        const found = reading.take(row);
        if (found === null && !alone && reading.unchangedMs > silentMs) {
          alone = true;
          await reconfigure(client, member, { primary_conninfo: '' });
        }
        if (alone) for (const pid of [row?.receiver, row?.startup]) wake(pid ?? null);
        return found;
      });
    } finally {
      if (alone) await reconfigure(client, member, {});
    }
  });
}

/** A receiver that has nobody to receive from is told to end. One that is stopped doesn't hear it,
 * and one that replays goes on with what there is: no promotion would get past either. */
function wake(pid: number | null): void {
  try {
    if (pid !== null) process.kill(pid, 'SIGCONT');
  } catch (error) {
    // It has ended meanwhile.
    if (errorInfo(error).code !== 'ESRCH') throw error;
  }
}

/** With nobody to receive from, it ends what it has with a primary that is fenced. It would not
 * notice that by itself for long when the network between them is cut. */
async function reconfigure(client: Client, member: Member, more: Settings): Promise<void> {
  await configureStandby(member, more);
  await client.query('select pg_reload_conf()');
}

class Reading {
  #before: string | null = null;
  #since = performance.now();

  get unchangedMs(): number {
    return performance.now() - this.#since;
  }

  /** Null: not yet the end. Twice the same: nothing came in between the parts of one look. */
  take(row: Row | undefined): ReplicaPosition | null {
    if (row === undefined) return null;
    const { system: systemId, timeline, position: now, settled } = row;
    const same = now === this.#before;
    if (!same) this.#since = performance.now();
    this.#before = now;
    return same && settled ? { systemId, timeline, position: now } : null;
  }
}
