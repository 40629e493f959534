/** Roles and the database, brought to what the stack file says. Idempotent. */
import { setTimeout as delay } from 'node:timers/promises';
import type postgres from 'postgres';
import { type Target, withConnection } from './connection.ts';
import type { Role } from './roles.ts';

/** How long a server may refuse connections before we give up; one that says that it is starting
 * up (crash recovery can take long) is waited for without limit. */
const silenceMs = 60_000;
const statementMs = 60_000;
/** Any number that only we use: settling twice at once would collide in the catalogue. */
const settleLock = 7_305_819_264;

/** Waits until the server takes connections. `progress` hears once when it is recovering. */
export async function accepting(target: Target, progress: (text: string) => void): Promise<void> {
  let told = false;
  let until = performance.now() + silenceMs;
  for (;;) {
    try {
      return await withConnection(target, 5_000, async (sql) => void (await sql`select 1`));
    } catch (error) {
      const starting = isStarting(error);
      if (!starting && (!isRefused(error) || performance.now() > until)) throw error;
      if (starting) until = performance.now() + silenceMs;
      if (starting && !told) progress('PostgreSQL recovers from its log');
      told ||= starting;
      await delay(50);
    }
  }
}

/** `target` is the superuser's, in the database `postgres`. */
export async function settleRoles(
  target: Target,
  database: string,
  roles: readonly Role[],
): Promise<void> {
  await withConnection(target, statementMs, async (sql) => {
    // Statements with passwords must not get into the server's log, whatever its settings.
    await sql`set log_statement = 'none'`;
    await sql`set log_min_error_statement = 'panic'`;
    await sql`set log_min_duration_statement = -1`;
    await sql`select pg_advisory_lock(${settleLock})`;
    for (const role of roles) await settleRole(sql, role);
    const owner = roles.find((role) => role.owner)?.name ?? target.user;
    await settleDatabase(sql, database, owner);
  });
}

async function settleRole(sql: postgres.Sql, { name, password }: Role): Promise<void> {
  const [known] = await sql`select 1 from pg_roles where rolname = ${name}`;
  const verb = known === undefined ? 'create' : 'alter';
  await sql.unsafe(`${verb} role ${identifier(name)} login password ${literal(password)}`);
}

async function settleDatabase(sql: postgres.Sql, database: string, owner: string): Promise<void> {
  const [known] = await sql<{ owner: string }[]>`
    select pg_get_userbyid(datdba) as owner from pg_database where datname = ${database}`;
  if (known === undefined) {
    await sql.unsafe(`create database ${identifier(database)} owner ${identifier(owner)}`);
  } else if (known.owner !== owner) {
    await sql.unsafe(`alter database ${identifier(database)} owner to ${identifier(owner)}`);
  }
}

function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** The `E''` form reads the same whatever `standard_conforming_strings` says. */
export function literal(text: string): string {
  return `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function isStarting(error: unknown): boolean {
  return codeOf(error) === '57P03';
}

/** Not listening yet, or the connection was cut while it was opened. */
function isRefused(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'ECONNREFUSED' || code === 'ECONNRESET' || code === 'TIMED_OUT';
}
