/** A database that may be away: every question has a time limit, and fails with 503. */
import postgres from 'postgres';
import { Refusal } from './web-server.ts';

const answerMs = 3_000;

export class Database {
  readonly #name: string;
  readonly #sql: postgres.Sql;
  readonly #tables: string;
  #prepared: Promise<unknown> | null = null;

  /** `tables`: statements that may be repeated (`create table if not exists …`). */
  constructor(name: string, url: string, tables: string) {
    this.#name = name;
    this.#tables = tables;
    this.#sql = postgres(url, {
      max: 5,
      connect_timeout: 2,
      backoff: () => 0.1 + Math.random() * 0.2,
      onnotice: () => undefined,
      connection: { statement_timeout: answerMs },
    });
  }

  async ask<T>(question: (sql: postgres.Sql) => Promise<T>): Promise<T> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(new Error('no answer in time')), answerMs);
    try {
      return await Promise.race([this.#prepare().then(() => question(this.#sql)), late]);
    } catch (cause) {
      if (cause instanceof Refusal) throw cause;
      throw new Refusal(503, `${this.#name} can't answer`, { cause });
    } finally {
      clearTimeout(timer);
    }
  }

  close(): Promise<void> {
    return this.#sql.end({ timeout: 5 });
  }

  /** With the first question that gets through. */
  #prepare(): Promise<unknown> {
    this.#prepared ??= this.#sql.unsafe(this.#tables).catch((error) => {
      this.#prepared = null;
      throw error;
    });
    return this.#prepared;
  }
}
