/** A database that may be away: every question has a time limit, and fails with 503. */
import { Pool, type QueryResultRow } from 'pg';
import { Refusal } from './web-server.ts';

const answerMs = 3_000;

export class Database {
  readonly #name: string;
  readonly #pool: Pool;
  readonly #tables: string;
  #prepared: Promise<unknown> | null = null;
  #away = false;

  /** `tables`: statements that may be repeated (`create table if not exists …`). */
  constructor(name: string, url: string, tables: string) {
    this.#name = name;
    this.#tables = tables;
    this.#pool = new Pool({
      connectionString: url,
      max: 5,
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

  /** The rows of the answer. */
  async ask<Row extends QueryResultRow>(query: string, values: readonly unknown[]): Promise<Row[]> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(new Error('no answer in time')), answerMs);
    const answer = this.#prepare().then(() => this.#pool.query<Row>(query, [...values]));
    try {
      return (await Promise.race([answer, late])).rows;
    } catch (cause) {
      throw new Refusal(503, `${this.#name} can't answer`, { cause });
    } finally {
      clearTimeout(timer);
    }
  }

  close(): Promise<void> {
    return this.#pool.end();
  }

  /** With the first question that gets through. */
  #prepare(): Promise<unknown> {
    this.#prepared ??= this.#pool.query(this.#tables).catch((error) => {
      this.#prepared = null;
      throw error;
    });
    return this.#prepared;
  }

  /** Said once, not for each connection. */
  #lost(error: Error): void {
    if (!this.#away) console.error(`${this.#name}: ${error.message}`);
    this.#away = true;
  }
}
