/**
 * The settings that make a server a primary or a standby. They follow from the order alone, never
 * from what a file said before.
 *
 * A standby waits for a name that nobody has: promoted by anybody but us it acknowledges nothing.
 * It also means that a server which we promote has been waiting all along when its sessions begin:
 * after a change of the setting from nothing to something, PostgreSQL waits only a little later.
 */
import { DarumaError } from '../../../model/errors.ts';
import type { RoleOrder } from '../../../model/group.ts';
import type { ServiceSpec } from '../../../model/stack-spec.ts';
import { postgresSpec } from '../roles.ts';
import { conninfo } from './conninfo.ts';
import { nobody, standbyName, waitingFor } from './names.ts';

export type Settings = Readonly<Record<string, string>>;

/** Where a standby finds its primary. */
export interface Upstream {
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** As which it is known there. */
  readonly name: string;
  readonly slot: string;
}

/** The stack file's `settings` may change these. */
export const changeable: Settings = {
  max_wal_senders: '10',
  max_replication_slots: '10',
  // For `pg_rewind`, where the data has no checksums.
  wal_log_hints: 'on',
  // A standby that is gone for good can't fill the disk; when it comes back it is copied anew.
  max_slot_wal_keep_size: '1GB',
  // For those that turn to a new primary, which has no slot of theirs yet.
  wal_keep_size: '256MB',
  // Writes wait so long for a standby that does not answer any more.
  wal_sender_timeout: '5s',
  wal_receiver_timeout: '5s',
  wal_receiver_status_interval: '1s',
  wal_retrieve_retry_interval: '200ms',
  // A promotion waits for the replay, and the replay for queries.
  max_standby_streaming_delay: '1s',
  hot_standby_feedback: 'on',
};

/** Settings that Daruma alone makes. */
const ours = [
  'synchronous_standby_names',
  'primary_conninfo',
  'primary_slot_name',
  'hot_standby',
  'full_page_writes',
  'recovery_min_apply_delay',
  'daruma.epoch',
];

/** Those that must not come from `ALTER SYSTEM`, whose file PostgreSQL reads after ours. */
export const guarded: ReadonlySet<string> = new Set([...ours, 'wal_level', 'synchronous_commit']);

/** Rejects what contradicts failover, as STACK_INVALID. */
export function refuseContradictions(service: ServiceSpec): void {
  const { settings } = postgresSpec(service);
  const refuse = (text: string) => {
    throw new DarumaError('STACK_INVALID', `${service.name}: ${text}`);
  };
  for (const name of Object.keys(settings)) {
    if (ours.includes(name) || name.startsWith('recovery_target')) {
      refuse(`with \`failover\`, the setting ${name} is Daruma's own`);
    }
  }
  const { wal_level: level = 'replica', synchronous_commit: commit = 'on' } = settings;
  if (!['replica', 'logical'].includes(level)) refuse(`\`failover\` needs wal_level replica`);
  if (isSynchronous(service) && !['on', 'remote_apply'].includes(commit)) {
    refuse(`\`durability: synchronous\` needs synchronous_commit on or remote_apply`);
  }
}

/** `names`: of the standbys that it waits for. */
export function primarySettings(
  service: ServiceSpec,
  order: RoleOrder,
  names: readonly string[],
): Settings {
  return {
    ...common(service, order),
    synchronous_standby_names: waitingFor(names),
    primary_conninfo: '',
    primary_slot_name: '',
  };
}

export function standbySettings(
  service: ServiceSpec,
  order: RoleOrder,
  upstream: Upstream,
): Settings {
  return {
    ...common(service, order),
    synchronous_standby_names: waitingFor([nobody]),
    primary_conninfo: connectionText(upstream),
    primary_slot_name: upstream.slot,
  };
}

/** Those that the primary of this order waits for; with asynchronous durability none. */
export function awaited(service: ServiceSpec, order: RoleOrder): string[] {
  if (!isSynchronous(service)) return [];
  return order.eligible.map((instance) => standbyName(instance, order.epoch));
}

export function isSynchronous({ failover }: ServiceSpec): boolean {
  return failover?.durability?.kind !== 'asynchronous';
}

function common(service: ServiceSpec, order: RoleOrder): Settings {
  const { settings } = postgresSpec(service);
  return {
    wal_level: settings['wal_level'] ?? 'replica',
    synchronous_commit: settings['synchronous_commit'] ?? 'on',
    hot_standby: 'on',
    full_page_writes: 'on',
    recovery_min_apply_delay: '0',
    // Any session can tell under which epoch it wrote: `current_setting('daruma.epoch')`.
    'daruma.epoch': String(order.epoch),
  };
}

function connectionText({ port, user, password, name }: Upstream): string {
  const whom = { port: String(port), user, password, application_name: name };
  return conninfo({ ...whom, connect_timeout: '5' });
}
