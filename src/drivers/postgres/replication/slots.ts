/** Replication slots at a primary, one for each standby: it keeps the log that they still need. */
import { DarumaError } from '../../../model/errors.ts';
import type { ServiceSpec } from '../../../model/stack-spec.ts';
import { ask, type Target } from '../connection.ts';
import { slotNames } from './names.ts';

/** From now on the primary keeps its log for it. One that had to give up on its standby («lost»:
 * the log had grown beyond `max_slot_wal_keep_size`) is made anew. */
export async function reserveSlot(primary: Target, name: string, timeoutMs: number): Promise<void> {
  const gone = `select pg_drop_replication_slot(slot_name) from pg_replication_slots
    where slot_name = $1 and not active and (wal_status = 'lost' or restart_lsn is null)`;
  await ask(primary, timeoutMs, gone, [name]);
  const make = `select pg_create_physical_replication_slot($1, true)
    where not exists (select from pg_replication_slots where slot_name = $1)`;
  await ask(primary, timeoutMs, make, [name]);
}

/** Rejects when the log that a copy needs wasn't kept for it. */
export async function refuseLostSlot(
  primary: Target,
  name: string,
  timeoutMs: number,
): Promise<void> {
  const kept = `select from pg_replication_slots
    where slot_name = $1 and wal_status in ('reserved', 'extended')`;
  if ((await ask(primary, timeoutMs, kept, [name])).length > 0) return;
  const text =
    'the primary wrote more than `max_slot_wal_keep_size` while it was copied: ' +
    'raise that in `settings`';
  throw new DarumaError('START_FAILED', text);
}

/** Of replicas that the service no longer has. */
export async function dropForeignSlots(
  primary: Target,
  service: ServiceSpec,
  timeoutMs: number,
): Promise<void> {
  const drop = `select pg_drop_replication_slot(slot_name) from pg_replication_slots
    where not active and slot_type = 'physical' and starts_with(slot_name, 'daruma_')
      and slot_name <> all ($1) and not pg_is_in_recovery()`;
  await ask(primary, timeoutMs, drop, [slotNames(service)]);
}
