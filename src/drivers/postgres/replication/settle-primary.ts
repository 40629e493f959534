/** What a primary needs before it counts as ready. */
import { type Client, escapeIdentifier, escapeLiteral } from 'pg';
import type { DriverContext } from '../../../ports/driver.ts';
import { ask, type Target, withConnection } from '../connection.ts';
import type { Secrets } from '../secrets.ts';
import { replicationUser, roleOf } from './member.ts';
import { poll } from './poll.ts';
import { dropForeignSlots } from './slots.ts';

const limitMs = 60_000;

/** Health of a primary is a write that is durable there, of a standby an answer. */
export const writeIfPrimary = `do $$ begin
  if not pg_is_in_recovery() then
    perform pg_logical_emit_message(true, 'daruma', 'check');
  end if;
end $$`;

/** False: the server is a standby, in which nothing can be settled. */
export async function settlePrimary(
  context: DriverContext,
  target: Target,
  secrets: Secrets,
): Promise<boolean> {
  const { order } = roleOf(context);
  if (order.role === 'primary') {
    const what = `${context.instance} ends its recovery`;
    await poll(what, { timeoutMs: limitMs, everyMs: 50 }, async (leftMs) =>
      (await isStandby(target, leftMs)) ? null : true,
    );
  } else if (await isStandby(target, limitMs)) return false;
  await withConnection(target, limitMs, async (client) => {
    await client.query("set log_statement = 'none'");
    await client.query("set log_min_error_statement = 'panic'");
    await letReplicate(client, secrets.users[replicationUser] ?? '');
    // The flag by which sessions wait for standbys at all is set by then (F4).
    if (order.eligible.length > 0) await client.query('checkpoint');
  });
  await dropForeignSlots(target, context.service, limitMs);
  return true;
}

async function letReplicate(client: Client, password: string): Promise<void> {
  const known = await client.query('select from pg_roles where rolname = $1', [replicationUser]);
  const verb = known.rows.length === 0 ? 'create' : 'alter';
  const role = escapeIdentifier(replicationUser);
  await client.query(`${verb} role ${role} login replication password ${escapeLiteral(password)}`);
}

async function isStandby(target: Target, timeoutMs: number): Promise<boolean> {
  const query = 'select pg_is_in_recovery() as standby';
  return (await ask<{ standby: boolean }>(target, timeoutMs, query))[0]?.standby === true;
}
