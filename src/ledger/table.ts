/** The ledger's table, and how facts get into it and out. */
import { escapeIdentifier } from 'pg';
import type { Connection } from './connection.ts';
import type { Row } from './fact.ts';

/** The answer to an insertion. */
export interface Taken {
  readonly by: string;
}

const timeoutMs = 60_000;
/** Who writes lets go of the table at once. */
const lockMs = 2_000;
const pageRows = 50_000;

/** Who takes a write: the server's own mark, its data's origin, its epoch and its timeline. */
const server = `coalesce(current_setting('daruma.instance', true), '') ||
  ' of ' || (select system_identifier from pg_control_system()) ||
  ' epoch ' || coalesce(current_setting('daruma.epoch', true), '0') ||
  ' timeline ' || ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::int`;

/** No key: a fact that is there twice must show. */
export async function createTable(connection: Connection, table: string): Promise<void> {
  await connection.query(
    `create table if not exists ${escapeIdentifier(table)} (client int not null,
      number int not null, by text not null, at timestamptz not null)`,
    [],
    timeoutMs,
  );
}

export async function dropTable(connection: Connection, table: string): Promise<void> {
  await connection.query(`drop table if exists ${escapeIdentifier(table)}`, [], timeoutMs);
}

/** Nobody can write until the connection ends; resolves with the process of its session. */
export async function lockTable(connection: Connection, table: string): Promise<number> {
  const run = (text: string) => connection.query<{ pid: number }>(text, [], lockMs);
  await run('begin');
  await run(`lock table ${escapeIdentifier(table)} in exclusive mode`);
  const { rows } = await run('select pg_backend_pid() as pid');
  if (rows[0] === undefined) throw new Error('the server did not say which process it is');
  return rows[0].pid;
}

export function insertFact(table: string): string {
  return `insert into ${escapeIdentifier(table)} values ($1, $2, ${server}, clock_timestamp())
    returning by`;
}

export async function readRows(connection: Connection, table: string): Promise<Row[]> {
  const rows: Row[] = [];
  for (;;) {
    const page = await connection.query<Row>(
      `select client, number, by, extract(epoch from at)::float8 * 1000 as at
        from ${escapeIdentifier(table)} order by client, number, at limit ${pageRows} offset $1`,
      [rows.length],
      timeoutMs,
    );
    rows.push(...page.rows);
    if (page.rows.length < pageRows) return rows;
  }
}
