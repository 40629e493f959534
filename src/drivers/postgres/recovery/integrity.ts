/**
 * What is wrong with the data of servers that run: pages on disk whose checksum is wrong, those
 * that PostgreSQL itself has met of late, and what `amcheck` finds where it is installed.
 */
import { type Client, DatabaseError, escapeLiteral } from 'pg';
import { DarumaError, errorInfo } from '../../../model/errors.ts';
import type { CheckLimits, Damage } from '../../../ports/data-driver.ts';
import { ask, type Target, withConnection } from '../connection.ts';
import { corruptPage } from './page-file.ts';
import { type CorruptPage, corruptPages } from './read-pages.ts';
import type { Server, Servers } from './servers.ts';

const askMs = 10_000;
/** For all indexes and tables of one database. */
const amcheckMs = 6 * 3_600_000;
/** SQLSTATE class: data corrupted, index corrupted. */
const corruptStates = ['XX001', 'XX002'];

export async function checkIntegrity(servers: Servers, limits: CheckLimits): Promise<Damage[]> {
  const found: Damage[] = [];
  for (const server of await servers.all()) {
    if (server.target === null) continue;
    found.push(...(await checkServer(server, server.target, limits)));
  }
  return found;
}

export async function checkFiles(directory: string, limits: CheckLimits): Promise<Damage[]> {
  const pages = await corruptPages(directory, limits);
  return pages.map(({ file, block }) => damage(null, null, file, block));
}

async function checkServer(
  { instance, place }: Server,
  target: Target,
  limits: CheckLimits,
): Promise<Damage[]> {
  const pages = await corruptPages(place.data, limits);
  const found: Damage[] = [];
  for (const page of pages) {
    const relation = await relationOf(target, page);
    found.push(damage(instance, relation, page.file, page.block));
  }
  if (found.length === 0) found.push(...(await metOfLate(instance, target)));
  for (const database of await databases(target)) {
    limits.signal.throwIfAborted();
    found.push(...(await amcheck(instance, { ...target, database }, limits)));
  }
  return found;
}

function damage(
  instance: Damage['instance'],
  relation: string | null,
  file: string,
  block: number,
): Damage {
  const { code, message } = errorInfo(corruptPage(file, block));
  const of = relation === null ? '' : ` (${relation})`;
  return { instance, relation, file, block, error: { code, message: `${message}${of}` } };
}

/** Null: nothing is told of it, as in a catalogue that is damaged itself. */
async function relationOf(target: Target, { file }: CorruptPage): Promise<string | null> {
  const [, place, node] = /^(global|base\/\d+)\/(\d+)/.exec(file) ?? [];
  if (place === undefined || node === undefined) return null;
  const space = place === 'global' ? 1664 : 0;
  try {
    const database = await databaseOf(target, place);
    if (database === null) return null;
    const query = 'select pg_filenode_relation($1, $2)::regclass::text as name';
    const [row] = await ask<{ name: string | null }>({ ...target, database }, askMs, query, [
      ...[space, node],
    ]);
    return row?.name == null ? null : `${row.name} in ${database}`;
  } catch {
    // The file and the block are told in any case.
    return null;
  }
}

async function databaseOf(target: Target, place: string): Promise<string | null> {
  if (place === 'global') return target.database;
  const query = 'select datname as name from pg_database where oid = $1';
  return (await ask<{ name: string }>(target, askMs, query, [place.slice(5)]))[0]?.name ?? null;
}

/** In pages that were read into memory, and may have been written anew or dropped since. */
async function metOfLate(instance: Damage['instance'], target: Target): Promise<Damage[]> {
  const query = `select coalesce(datname, 'shared tables') as name, checksum_failures::int as count
    from pg_stat_database
    where checksum_failures > 0 and checksum_last_failure > now() - interval '1 hour'`;
  const rows = await ask<{ name: string; count: number }>(target, askMs, query);
  return rows.map(({ name, count }) => {
    const text = `${name}: PostgreSQL has met ${count} pages with a wrong checksum`;
    const error = errorInfo(new DarumaError('DATA_DAMAGED', text));
    return { instance, relation: null, file: null, block: null, error };
  });
}

async function databases(target: Target): Promise<string[]> {
  const query = 'select datname as name from pg_database where datallowconn';
  return (await ask<{ name: string }>(target, askMs, query)).map(({ name }) => name);
}

interface Checked {
  readonly name: string;
  readonly isIndex: boolean;
}

/** Nothing where it is not installed. */
async function amcheck(
  instance: Damage['instance'],
  target: Target,
  { signal }: CheckLimits,
): Promise<Damage[]> {
  return withConnection(target, amcheckMs, async (client) => {
    const schema = await schemaOfAmcheck(client);
    if (schema === null) return [];
    const { rows } = await client.query<Checked>(
      `select c.oid::regclass::text as name, c.relkind = 'i' as "isIndex"
       from pg_class c left join pg_index i on i.indexrelid = c.oid join pg_am a on a.oid = c.relam
       where c.relpersistence = 'p' and (a.amname = 'heap' and c.relkind in ('r', 'm', 't')
         or a.amname = 'btree' and i.indisvalid)`,
    );
    const found: Damage[] = [];
    for (const checked of rows) {
      signal.throwIfAborted();
      const wrong = await whatIsWrong(client, schema, checked);
      if (wrong === null) continue;
      const relation = `${checked.name} in ${target.database}`;
      const error = errorInfo(new DarumaError('DATA_DAMAGED', `${relation}: ${wrong.text}`));
      found.push({ instance, relation, file: null, block: wrong.block, error });
    }
    return found;
  });
}

async function schemaOfAmcheck(client: Client): Promise<string | null> {
  const { rows } = await client.query<{ name: string }>(
    `select quote_ident(nspname) as name from pg_extension e
     join pg_namespace n on n.oid = e.extnamespace where extname = 'amcheck'
       and to_regproc(quote_ident(nspname) || '.verify_heapam') is not null`,
  );
  return rows[0]?.name ?? null;
}

async function whatIsWrong(
  client: Client,
  schema: string,
  { name, isIndex }: Checked,
): Promise<{ text: string; block: number | null } | null> {
  const relation = `${escapeLiteral(name)}::regclass`;
  try {
    if (isIndex) {
      await client.query(`select ${schema}.bt_index_check(${relation})`);
      return null;
    }
    const { rows } = await client.query<{ block: string; text: string }>(
      `select blkno::text as block, msg as text from ${schema}.verify_heapam(${relation}) limit 1`,
    );
    const [row] = rows;
    return row === undefined ? null : { text: row.text, block: Number(row.block) };
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    // Dropped meanwhile, or not to be locked now.
    if (!corruptStates.includes(error.code ?? '')) return null;
    return { text: error.message, block: null };
  }
}
