/** Asks a database that somebody else runs what it is, or to become something else. */
import { DarumaError, errorInfo } from '../model/errors.ts';
import type { RoleCallSpec } from '../model/stack-spec.ts';
import type { DriverContext } from '../ports/driver.ts';

type Query = Extract<RoleCallSpec, { readonly kind: 'sql' }>;

/** Resolves with the first value of the first row of the last statement, as text; empty when there
 * is none. Rejects with TIMED_OUT or ACTION_FAILED; the URL may hold a password and is not told. */
export async function queryRole(
  { expand, instance }: DriverContext,
  { query, url }: Query,
  timeoutMs: number,
): Promise<string> {
  // What PGSSLMODE and its like say is meant for other servers; the URL goes before these.
  const config = { ssl: false, options: `-c statement_timeout=${timeoutMs}` };
  const whom = { ...config, application_name: 'daruma', connectionString: expand(url) };
  // Few services need it, and with its package it takes long to load.
  const { withClient } = await import('./postgres/connection.ts');
  try {
    return await withClient(whom, timeoutMs, async (client) => {
      const answer = await client.query({ text: expand(query), rowMode: 'array' });
      // Of several statements there are several answers.
      const last = [answer].flat().at(-1);
      const [value] = (last?.rows[0] ?? []) as unknown[];
      return value == null ? '' : String(value);
    });
  } catch (error) {
    const { code, message } = errorInfo(error);
    if (code === 'TIMED_OUT') throw error;
    const text = `the query to ${instance} failed: ${message || code}`;
    throw new DarumaError('ACTION_FAILED', text, { cause: error });
  }
}
