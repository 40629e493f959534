/**
 * The database. It may be away for a while: every question has a time limit, so many may wait at
 * a time, and the next question makes a new connection. What can't be answered is a Failure with
 * 503.
 */
import { DatabaseError, Pool, type PoolClient, type QueryResultRow } from 'pg';
import { Failure, unavailable } from './failures.ts';
import { migrate } from './migrations.ts';

const answerMs = 5_000;
const healthMs = 700;
const connectionsMax = 10;
const waitingMax = 500;

export class Database {
  readonly #pool: Pool;
  readonly #log: (text: string) => void;
  #away = false;
  #migrated = false;
  #closed = false;

  constructor(url: string, log: (text: string) => void) {
    this.#log = log;
    this.#pool = new Pool({
      connectionString: url,
      application_name: 'accounts-api',
      max: connectionsMax,
      maxLifetimeSeconds: 30 * 60,
      // For a connection: a free one, or a new one.
      connectionTimeoutMillis: 2_000,
      // The server gives up after this time, and so do we: it may have stopped altogether.
      statement_timeout: answerMs,
      query_timeout: answerMs,
    });
    // Connections break when the server ends, also while nobody uses them. The pool replaces them;
    // but an error that nobody listens for would end this process.
    this.#pool.on('error', (error) => this.#lost(error));
    this.#pool.on('connect', (client) => {
      this.#away = false;
      // Whoever uses it then learns it from the question that fails.
      client.on('error', () => undefined);
    });
  }

  /** Brings the tables up to date, however long the database takes to come. */
  async prepare(): Promise<void> {
    while (!this.#migrated && !this.#closed) {
      try {
        await this.#transaction(migrate);
        this.#migrated = true;
      } catch (error) {
        this.#lost(error);
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    }
  }

  /** The rows of the answer. Throws a Failure (503) when the database has none in time. */
  async ask<Row extends QueryResultRow>(
    query: string,
    values: readonly unknown[] = [],
    limitMs = answerMs,
  ): Promise<Row[]> {
    if (!this.#migrated) {
      const expected = { retryAfter: 1, expected: true };
      throw new Failure(503, 'STARTING', 'the database is not ready', expected);
    }
    if (this.#pool.waitingCount >= waitingMax) throw unavailable('too many wait for the database');
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(unavailable('no answer in time')), limitMs);
    try {
      const answer = await Promise.race([this.#pool.query<Row>(query, [...values]), late]);
      return answer.rows;
    } catch (error) {
      throw isKnown(error) ? error : unavailable('the connection failed', error);
    } finally {
      clearTimeout(timer);
    }
  }

  async health(): Promise<void> {
    await this.ask('select 1', [], healthMs);
  }

  /** Which server answers, and under which epoch: a number that grows with each new primary. */
  async who(): Promise<{ readonly instance: string; readonly epoch: number | null }> {
    const [row] = await this.ask<{ instance: string; epoch: string | null }>(
      `select current_setting('cluster_name') as instance,
         current_setting('daruma.epoch', true) as epoch`,
      [],
      healthMs,
    );
    const { instance = '', epoch = null } = row ?? {};
    return { instance, epoch: epoch === null || epoch === '' ? null : Number(epoch) };
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#pool.end();
  }

  /** All or nothing: a connection that is closed takes along what was begun on it. */
  async #transaction(work: (client: PoolClient) => Promise<void>): Promise<void> {
    const client = await this.#pool.connect();
    let done = false;
    try {
      await client.query('begin');
      await work(client);
      await client.query('commit');
      done = true;
    } finally {
      client.release(!done);
    }
  }

  /** Said once, not for each connection and each try. */
  #lost(error: unknown): void {
    if (!this.#away) this.#log(`no database: ${error instanceof Error ? error.message : error}`);
    this.#away = true;
  }
}

/** A Failure, or what the server has refused; not that it stops, starts or has no room. */
function isKnown(error: unknown): boolean {
  if (error instanceof DatabaseError) return !/^(?:08|53|57)/.test(error.code ?? '');
  return error instanceof Failure;
}
