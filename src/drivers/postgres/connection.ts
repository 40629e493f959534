/** One short-lived connection to a PostgreSQL server on this machine, without any leak. */
import { Socket } from 'node:net';
import { Client, type ClientConfig, type QueryResultRow } from 'pg';
import { DarumaError } from '../../model/errors.ts';

export interface Target {
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** Its commits don't wait for standbys, which may not be there. */
  readonly unwaited?: boolean;
}

/**
 * Connects, does the work and disconnects. After `timeoutMs` the server cancels the statement and
 * the socket is destroyed: a stopped server answers nothing, not even a request to cancel.
 * Rejects with TIMED_OUT, a system error (`ECONNREFUSED`, …), a PostgreSQL error (SQLSTATE), or an
 * error without a code when the server has closed the connection without a word.
 */
export async function withConnection<T>(
  target: Target,
  timeoutMs: number,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const { unwaited = false, ...whom } = target;
  return withClient({ ...whom, ...settings(timeoutMs, unwaited) }, timeoutMs, work);
}

/** As `withConnection`, to any server. */
export async function withClient<T>(
  config: ClientConfig,
  timeoutMs: number,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const socket = new Socket();
  const client = new Client({ ...config, stream: () => socket });
  // What waits for an answer is given the same error; an event that nobody hears would be thrown.
  client.on('error', () => undefined);
  let tooLate: DarumaError | null = null;
  const timer = setTimeout(() => {
    tooLate = new DarumaError('TIMED_OUT', `no answer from PostgreSQL within ${timeoutMs} ms`);
    socket.destroy(tooLate);
  }, timeoutMs);
  try {
    await client.connect();
    return await work(client);
  } catch (error) {
    // What is asked after that is told only that there is no connection.
    throw tooLate ?? error;
  } finally {
    clearTimeout(timer);
    // Says farewell, so that the server logs nothing, and then waits for the server to hang up,
    // which one that is stopped never does.
    void client.end();
    socket.destroySoon();
  }
}

/** Asks one thing. */
export async function ask<R extends QueryResultRow>(
  target: Target,
  timeoutMs: number,
  query: string,
  values: readonly unknown[] = [],
): Promise<R[]> {
  return withConnection(target, timeoutMs, async (client) => {
    return (await client.query<R>(query, [...values])).rows;
  });
}

function settings(timeoutMs: number, unwaited: boolean): ClientConfig {
  const commit = unwaited ? ' -c synchronous_commit=local' : '';
  return {
    host: '127.0.0.1',
    application_name: 'daruma',
    // What PGOPTIONS, PGSSLMODE and their like say is meant for other servers.
    options: `-c statement_timeout=${timeoutMs}${commit}`,
    ssl: false,
    sslnegotiation: 'postgres',
  };
}
