/**
 * A running standby becomes primary (F2, F6, F7): the order is on disk, the server waits for the
 * order's standbys from its first commit on, and a write through it succeeds.
 */
import type { Client } from 'pg';
import { DarumaError } from '../../../model/errors.ts';
import { ask, type Target } from '../connection.ts';
import { keepReserve } from './mark.ts';
import { configurePrimary, type Member } from './member.ts';
import { waitingFor } from './names.ts';
import { poll } from './poll.ts';
import { withRecovering } from './recovering.ts';
import { awaited } from './role-settings.ts';
import { readSeen, refuseOlder } from './seen-order.ts';

const everyMs = 5;

/** A commit that is durable here; whether standbys have it is not waited for. */
export const write = "select pg_logical_emit_message(true, 'daruma', $1)";

/** The order must have been taken. */
export async function promote(member: Member, timeoutMs: number): Promise<void> {
  const { instance, service, order, place, target } = member;
  const names = awaited(service, order);
  await configurePrimary(member, names);
  // Now, since later it may have to be made on a disk that is full.
  await keepReserve(place.data, place.account);
  const what = `${instance} takes over`;
  await withRecovering(what, target, timeoutMs, async (client, leftMs) => {
    await client.query('select pg_reload_conf()');
    await poll(`${instance} waits for its standbys`, { timeoutMs: leftMs, everyMs }, () =>
      showsNames(target, leftMs, waitingFor(names)),
    );
    // Whatever took long until here: a newer order may have come.
    refuseOlder(instance, await readSeen(place.seen), order);
    if (await isStandby(client)) await client.query('select pg_promote(false)');
    await poll(`${instance} ends its recovery`, { timeoutMs: leftMs, everyMs }, async () =>
      (await isStandby(client)) ? null : true,
    );
    await client.query(write, [`epoch ${order.epoch}`]);
  });
}

async function isStandby(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ standby: boolean }>('select pg_is_in_recovery() standby');
  return rows[0]?.standby !== false;
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
