/**
 * For whom the primary waits before it acknowledges (F4).
 *
 * 1. A rule holds when a new session shows it, a checkpoint has passed (the process that makes it
 *    sets the flag by which sessions wait at all) and each connected standby's own process at the
 *    primary works by it. That process lets commits go, by the rule as it knows it; which one this
 *    is can be told only by the standby's priority, so that a stronger rule gives each another one.
 * 2. A standby has every acknowledged write when it has flushed a position read after that.
 */
import type { Client } from 'pg';
import { DarumaError } from '../../../model/errors.ts';
import { ask, withConnection } from '../connection.ts';
import { configurePrimary, type Member } from './member.ts';
import { namesIn, standbyName, waitingFor } from './names.ts';
import { deadline, poll } from './poll.ts';
import { showsNames, write } from './promote.ts';
import { awaited, isSynchronous } from './role-settings.ts';

const everyMs = 10;
const flushLimitMs = 5_000;
/** Commits wait for it, however little time the admission was given. */
const withdrawLimitMs = 30_000;

/** `primary`: the one of the order. */
export async function setEligible(primary: Member, timeoutMs: number): Promise<void> {
  await waitFor(primary, awaited(primary.service, primary.order), timeoutMs);
}

/** Resolves when the standby, which streams, is known to have every acknowledged write. Rejects
 * with TIMED_OUT, or ACTION_FAILED when it is gone, and the primary waits for whom it waited
 * before; if it can't be told so within 30 s, with what kept it from that. */
export async function admit(primary: Member, standby: Member, timeoutMs: number): Promise<void> {
  const { service, order } = primary;
  if (!isSynchronous(service)) return;
  const name = standbyName(standby.instance, order.epoch);
  const { leftMs } = deadline(timeoutMs);
  const before = awaited(service, order);
  const names = [...before.filter((other) => other !== name), name];
  try {
    await waitFor(primary, names, leftMs());
    await flushed(primary, name, Math.min(leftMs(), flushLimitMs));
  } catch (error) {
    if (!before.includes(name)) await waitFor(primary, before, withdrawLimitMs);
    throw error;
  }
}

/** Resolves when it streams under the name of this epoch; changes nothing. */
export async function catchUp(primary: Member, standby: Member, timeoutMs: number): Promise<void> {
  const { order, target } = primary;
  const name = standbyName(standby.instance, order.epoch);
  const what = `${standby.instance} streams from ${order.primary}`;
  await withConnection(target, timeoutMs, (client) =>
    poll(what, { timeoutMs, everyMs }, async () =>
      (await flushedUpTo(client, name)) === null ? null : true,
    ),
  );
}

/** Writes wait meanwhile: one that is gone is not waited for, and one that is slow not for long. */
async function flushed(primary: Member, name: string, timeoutMs: number): Promise<void> {
  const what = `${name} has every acknowledged write`;
  await withConnection(primary.target, timeoutMs, async (client) => {
    // What was inserted is flushed by this, so that the position is one that is sent.
    await client.query(write, ['admission']);
    const { rows } = await client.query<{ position: string }>(
      "select (pg_current_wal_lsn() - '0/0')::text as position",
    );
    const wanted = BigInt(rows[0]?.position ?? 0);
    await poll(what, { timeoutMs, everyMs }, async () => {
      const position = await flushedUpTo(client, name);
      if (position === null) throw new DarumaError('ACTION_FAILED', `${name} streams no longer`);
      return position >= wanted ? true : null;
    });
  });
}

/** Null: it doesn't stream. */
async function flushedUpTo(client: Client, name: string): Promise<bigint | null> {
  const { rows } = await client.query<{ position: string }>(
    `select (flush_lsn - '0/0')::text as position from pg_stat_replication
     where application_name = $1 and state = 'streaming' and flush_lsn is not null`,
    [name],
  );
  return rows[0] === undefined ? null : BigInt(rows[0].position);
}

/** Resolves when no commit is acknowledged any more by a weaker rule. */
async function waitFor(
  primary: Member,
  wanted: readonly string[],
  timeoutMs: number,
): Promise<void> {
  const { instance, target } = primary;
  const what = `${instance} waits for ${wanted.join(', ') || 'nobody'}`;
  const limit = deadline(timeoutMs);
  const [now] = await ask<{ names: string }>(
    target,
    limit.leftMs(),
    "select current_setting('synchronous_standby_names') as names",
  );
  const old = namesIn(now?.names ?? '');
  const names = arranged(old, wanted);
  await configurePrimary(primary, names);
  await ask(target, limit.leftMs(), 'select pg_reload_conf()');
  await poll(what, { timeoutMs: limit.leftMs(), everyMs }, (leftMs) =>
    showsNames(target, leftMs, waitingFor(names)),
  );
  await withConnection(target, limit.leftMs(), async (client) => {
    const onlyWeaker = names.length === 0 || names.length < old.length;
    if (!onlyWeaker || names.some((name) => !old.includes(name))) {
      await client.query('checkpoint');
      await poll(what, { timeoutMs: limit.leftMs(), everyMs }, () => allWorkBy(client, names));
    }
    // Those who waited for one that left are let go when a standby says how far it is.
    await client.query(write, ['eligible']);
  });
}

/** Each connected standby's process at the primary knows the place of its name among these. */
async function allWorkBy(client: Client, names: readonly string[]): Promise<true | null> {
  const { rows } = await client.query<{ name: string; priority: number }>(
    `select application_name as name, sync_priority as priority from pg_stat_replication
     where starts_with(application_name, 'daruma_')`,
  );
  const known = rows.every(({ name, priority }) => priority === names.indexOf(name) + 1);
  return known ? true : null;
}

/** The order of the names means nothing to those who wait for all of them. It is kept where none
 * comes in; else each that stays gets another place. */
export function arranged(old: readonly string[], wanted: readonly string[]): string[] {
  const stays = old.filter((name) => wanted.includes(name));
  const comes = wanted.filter((name) => !old.includes(name));
  if (comes.length === 0) return stays;
  const all = [...comes, ...stays];
  // Each that stays has its old place in one rotation only, and there is one rotation more.
  const rotations = all.map((_, start) => [...all.slice(start), ...all.slice(0, start)]);
  const fits = (names: readonly string[]) =>
    stays.every((name) => names.indexOf(name) !== old.indexOf(name));
  return rotations.find(fits) ?? all;
}
