/** Roles and the database, brought to what the stack file says. Idempotent. */
import { setTimeout as delay } from 'node:timers/promises';
import { type Client, DatabaseError, escapeIdentifier, escapeLiteral } from 'pg';
import { ask, type Target, withConnection } from './connection.ts';
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
      await ask(target, 5_000, 'select 1');
      return;
    } catch (error) {
      const starting = isStarting(error);
      // Any other word of the server is final; without one it doesn't listen yet.
      if (!starting && (error instanceof DatabaseError || performance.now() > until)) throw error;
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
  await withConnection(target, statementMs, async (client) => {
    // Statements with passwords must not get into the server's log, whatever its settings.
    await client.query("set log_statement = 'none'");
    await client.query("set log_min_error_statement = 'panic'");
    await client.query('set log_min_duration_statement = -1');
    await client.query('select pg_advisory_lock($1)', [settleLock]);
    for (const role of roles) await settleRole(client, role);
    const owner = roles.find((role) => role.owner)?.name ?? target.user;
    await settleDatabase(client, database, owner);
  });
}

async function settleRole(client: Client, { name, password }: Role): Promise<void> {
  const { rowCount } = await client.query('select 1 from pg_roles where rolname = $1', [name]);
  const verb = rowCount === 0 ? 'create' : 'alter';
  const role = escapeIdentifier(name);
  await client.query(`${verb} role ${role} login password ${escapeLiteral(password)}`);
}

async function settleDatabase(client: Client, name: string, owner: string): Promise<void> {
  const { rows } = await client.query<{ owner: string }>(
    'select pg_get_userbyid(datdba) as owner from pg_database where datname = $1',
    [name],
  );
  const [database, role] = [escapeIdentifier(name), escapeIdentifier(owner)];
  if (rows[0] === undefined) await client.query(`create database ${database} owner ${role}`);
  else if (rows[0].owner !== owner) {
    await client.query(`alter database ${database} owner to ${role}`);
  }
}

function isStarting(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === '57P03';
}
