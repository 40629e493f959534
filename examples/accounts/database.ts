/**
 * The database. It may be away for a while: every question has a time limit, so many may wait at
 * a time, and the pool connects again by itself. What can't be answered is a Failure with 503.
 */
import postgres from 'postgres';
import { Failure, unavailable } from './failures.ts';
import { migrate } from './migrations.ts';

const answerMs = 5_000;
const healthMs = 700;
const connectionsMax = 10;
const pendingMax = 500;

export class Database {
  readonly #sql: postgres.Sql;
  #pending = 0;
  #migrated = false;
  #closed = false;

  constructor(url: string) {
    this.#sql = postgres(url, {
      max: connectionsMax,
      connect_timeout: 2,
      // Soon, but not all instances at the same moment.
      backoff: () => 0.1 + Math.random() * 0.2,
      max_lifetime: 30 * 60,
      onnotice: () => undefined,
      connection: { application_name: 'accounts-api', statement_timeout: answerMs },
    });
  }

  /** Brings the tables up to date, however long the database takes to come. */
  async prepare(log: (error: unknown) => void): Promise<void> {
    while (!this.#migrated && !this.#closed) {
      try {
        await migrate(this.#sql);
        this.#migrated = true;
      } catch (error) {
        log(error);
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    }
  }

  /** Throws a Failure (503) when the database has no answer in time. */
  async ask<T>(question: (sql: postgres.Sql) => Promise<T>, limitMs = answerMs): Promise<T> {
    if (!this.#migrated) {
      const expected = { retryAfter: 1, expected: true };
      throw new Failure(503, 'STARTING', 'the database is not ready', expected);
    }
    if (this.#pending >= pendingMax) throw unavailable('too many wait for the database');
    this.#pending += 1;
    // An answer that comes after the limit still ends its question.
    const answer = question(this.#sql).finally(() => {
      this.#pending -= 1;
    });
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(unavailable('no answer in time')), limitMs);
    try {
      return await Promise.race([answer, late]);
    } catch (error) {
      throw isConnectionError(error) ? unavailable('the connection failed', error) : error;
    } finally {
      clearTimeout(timer);
    }
  }

  async health(): Promise<void> {
    await this.ask(async (sql) => void (await sql`select 1`), healthMs);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#sql.end({ timeout: 5 });
  }
}

/** The connection could not be made or was lost, or the server stops, starts, or has no room. */
function isConnectionError(error: unknown): boolean {
  if (!(error instanceof Error && 'code' in error && typeof error.code === 'string')) return false;
  return /^(?:ECONN|EPIPE|ETIMEDOUT|EHOST|CONNECT|08|53|57)/.test(error.code);
}
