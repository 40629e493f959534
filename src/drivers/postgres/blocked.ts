/** A question of the user's that may wait for a lock, and who holds it. */
import { setTimeout as delay } from 'node:timers/promises';
import { DarumaError } from '../../model/errors.ts';
import { ask, type Target, withConnection } from './connection.ts';
import { isStopped } from './stopped.ts';

/** After this share of its time it is asked what it waits for. */
const patientFor = 0.7;

interface Holder {
  readonly pid: number;
  readonly state: string | null;
  readonly seconds: string;
}

/** Who is waited for and waits for nobody itself, if there is one; the oldest transaction first. */
const holders = `select pid, state,
    round(extract(epoch from clock_timestamp() - coalesce(xact_start, backend_start)))::text as seconds
  from pg_stat_activity where pid = any(pg_blocking_pids($1))
  order by cardinality(pg_blocking_pids(pid)), xact_start limit 1`;

/** Rejects as `ask` does; when it waits for a lock, sooner, and with the session that holds it. */
export async function askUnblocked(
  target: Target,
  timeoutMs: number,
  query: string,
): Promise<void> {
  const answered = new AbortController();
  let pid: number | null = null;
  const answer = withConnection(target, timeoutMs, async (client) => {
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
    pid = rows[0]?.pid ?? null;
    await client.query(query);
  }).finally(() => answered.abort());
  const blocked = delay(timeoutMs * patientFor, undefined, { signal: answered.signal })
    .then(() => (pid === null ? null : holderOf(target, pid, timeoutMs * (1 - patientFor))))
    // What it waits for can't be told, or matters no more.
    .catch(() => null);
  const holder = await Promise.race([answer.then(() => null), blocked]);
  if (holder === null) return answer;
  // Its own end, which is near, tells less.
  answer.catch(() => undefined);
  throw new DarumaError('TIMED_OUT', `it waits for a lock of ${holder}`);
}

async function holderOf(target: Target, pid: number, timeoutMs: number): Promise<string | null> {
  const [holder] = await ask<Holder>(target, timeoutMs, holders, [pid]);
  if (holder === undefined) return null;
  const state = (await isStopped(holder.pid)) ? 'stopped' : (holder.state ?? 'at work');
  return `session ${holder.pid} (${state}, its transaction is ${holder.seconds} s old)`;
}
