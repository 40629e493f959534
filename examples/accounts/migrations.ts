/** The tables, step by step. A step that was released is never changed: add another one. */
import type { ClientBase } from 'pg';

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

/** In a transaction; of several instances that start at once, one does it and the others wait. */
export async function migrate(client: ClientBase): Promise<void> {
  await client.query('select pg_advisory_xact_lock($1)', [migrationLock]);
  await client.query('create table if not exists migrations (step int primary key)');
  const { rows } = await client.query<{ step: number }>('select step from migrations');
  for (const [step, statement] of [...steps.entries()].slice(rows.length)) {
    await client.query(statement);
    await client.query('insert into migrations values ($1)', [step]);
  }
}
