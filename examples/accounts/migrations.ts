/** The tables, step by step. A step that was released is never changed: add another one. */
import type postgres from 'postgres';

const steps: readonly string[] = [
  `create table accounts (
     id uuid primary key default gen_random_uuid(),
     name text not null unique,
     display_name text not null,
     password_hash text not null,
     -- Chosen by the client: a registration repeated with it is the same registration.
     request_id uuid not null unique,
     created_at timestamptz not null default now()
   )`,
  `create table api_errors (
     instance text not null,
     code text not null,
     message text not null,
     count bigint not null,
     first_seen timestamptz not null,
     last_seen timestamptz not null,
     primary key (instance, code)
   )`,
];

/** Any number that no other program uses on this database. */
const migrationLock = 4_811_730_222;

/** All or nothing; of several instances that start at once, one does it and the others wait. */
export async function migrate(sql: postgres.Sql): Promise<void> {
  await sql.begin(async (transaction) => {
    await transaction`select pg_advisory_xact_lock(${migrationLock})`;
    await transaction`create table if not exists migrations (step int primary key)`;
    const [done] = await transaction<{ count: number }[]>`
      select count(*)::int as count from migrations`;
    for (let step = done?.count ?? 0; step < steps.length; step += 1) {
      await transaction.unsafe(steps[step] ?? '');
      await transaction`insert into migrations values (${step})`;
    }
  });
}
