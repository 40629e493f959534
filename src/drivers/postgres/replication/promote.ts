/**
 * A running standby becomes primary (F2, F6, F7): the order is on disk, the server waits for the
 * order's standbys from its first commit on, and a write through it succeeds.
 */
import { DarumaError } from '../../../model/errors.ts';
import { ask, type Target, withConnection } from '../connection.ts';
import { keepReserve } from './mark.ts';
import { configurePrimary, type Member } from './member.ts';
import { waitingFor } from './names.ts';
import { poll } from './poll.ts';
import { awaited } from './role-settings.ts';

const everyMs = 5;

/** A commit that is durable here; whether standbys have it is not waited for. */
export const write = "select pg_logical_emit_message(true, 'daruma', $1)";

/** The order must have been taken. */
export async function promote(member: Member, timeoutMs: number): Promise<void> {
  const { service, order, place, target } = member;
  const names = awaited(service, order);
  await configurePrimary(member, names);
  await withConnection(target, timeoutMs, async (client) => {
    // The postmaster gets word of both, in this order.
    await client.query('select pg_reload_conf()');
    await poll(`${member.instance} waits for its standbys`, { timeoutMs, everyMs }, () =>
      showsNames(target, timeoutMs, waitingFor(names)),
    );
    const { rows } = await client.query<{ standby: boolean }>('select pg_is_in_recovery() standby');
    if (rows[0]?.standby !== false) await client.query('select pg_promote(false)');
    await poll(`${member.instance} ends its recovery`, { timeoutMs, everyMs }, async () => {
      const now = await client.query<{ standby: boolean }>('select pg_is_in_recovery() standby');
      return now.rows[0]?.standby === false ? true : null;
    });
    await client.query(write, [`epoch ${order.epoch}`]);
  });
  await keepReserve(place.data, place.account);
}

/** Whether a new session works under them; sessions take what the postmaster has. */
export async function showsNames(
  target: Target,
  timeoutMs: number,
  names: string,
): Promise<true | null> {
  const rows = await ask<{ names: string; file: string | null }>(
    target,
    timeoutMs,
    `select setting as names, sourcefile as file from pg_settings
     where name = 'synchronous_standby_names'`,
  );
  if (rows[0]?.file?.endsWith('postgresql.auto.conf') === true) {
    const text = 'ALTER SYSTEM has set synchronous_standby_names; undo it with ALTER SYSTEM RESET';
    throw new DarumaError('ACTION_FAILED', text);
  }
  return rows[0]?.names === names ? true : null;
}
