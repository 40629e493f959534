/** N clients at work on one ledger, from its beginning to the judgement. */
import { setTimeout as pause } from 'node:timers/promises';
import { DarumaError } from '../model/errors.ts';
import { Connection, type LedgerTarget } from './connection.ts';
import type { Fact } from './fact.ts';
import { type Judgement, judge, longestPause } from './judge.ts';
import { createTable, dropTable, lockTable, readRows } from './table.ts';
import { write } from './writer.ts';

export type { LedgerTarget } from './connection.ts';

export interface LedgerOptions {
  readonly target: LedgerTarget;
  readonly clients: number;
  readonly everyMs: number;
  readonly impatientOneIn: number;
  readonly random: () => number;
}

const connectMs = 30_000;
const holdMs = 2_000;
const retryMs = 200;
/** How long the service may need to be itself again before the facts are read. */
const readPatienceMs = 120_000;

export class Ledger {
  readonly #options: LedgerOptions;
  readonly #table = `daruma_ledger_${process.pid}_${Date.now()}`;
  readonly #facts: Fact[] = [];
  readonly #stop = new AbortController();
  readonly #beganAt = performance.now();
  #writers: readonly Promise<void>[] = [];

  private constructor(options: LedgerOptions) {
    this.#options = options;
  }

  /** Makes the table and lets the clients begin. */
  static async begin(options: LedgerOptions): Promise<Ledger> {
    const ledger = new Ledger(options);
    await ledger.#through((connection) => createTable(connection, ledger.#table));
    ledger.#writers = Array.from({ length: options.clients }, (_, client) =>
      write(
        {
          ...options,
          table: ledger.#table,
          client: client + 1,
          now: () => ledger.now(),
          onFact: (fact) => ledger.#facts.push(fact),
        },
        ledger.#stop.signal,
      ),
    );
    return ledger;
  }

  /** Milliseconds since it began. */
  now(): number {
    return performance.now() - this.#beganAt;
  }

  get facts(): readonly Fact[] {
    return this.#facts;
  }

  /** The first fact that was sent after that time and acknowledged. Rejects after `limitMs`. */
  async acknowledgedAfter(time: number, limitMs: number): Promise<Fact> {
    const end = this.now() + limitMs;
    while (this.now() < end) {
      const found = this.#facts.find(
        ({ outcome, sentAt }) => outcome === 'acknowledged' && sentAt >= time,
      );
      if (found !== undefined) return found;
      await pause(2);
    }
    throw new Error(`no write was acknowledged within ${limitMs} ms`);
  }

  /** Longest time between two acknowledged writes since then, or from then to the first. */
  longestPauseSince(time: number): number {
    return longestPause(
      this.#facts.filter(({ answeredAt }) => answeredAt >= time),
      time,
    );
  }

  /** Makes a session that lets nobody write until it is closed. Null: nobody serves just now. */
  async hold(): Promise<{ readonly pid: number; readonly close: () => void } | null> {
    try {
      const connection = await Connection.open(this.#options.target, holdMs);
      return { pid: await lockTable(connection, this.#table), close: () => connection.close() };
    } catch {
      // As with any other write while there are faults.
      return null;
    }
  }

  /** Stops the clients and compares. */
  async end(): Promise<Judgement> {
    this.#stop.abort();
    await Promise.all(this.#writers);
    const rows = await this.#through((connection) => readRows(connection, this.#table));
    return judge(this.#facts, rows);
  }

  /** Removes its table. */
  async clear(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#writers);
    await this.#through((connection) => dropTable(connection, this.#table));
  }

  /** Once the service answers. */
  async #through<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    const end = performance.now() + readPatienceMs;
    for (;;) {
      try {
        const connection = await Connection.open(this.#options.target, connectMs);
        try {
          return await work(connection);
        } finally {
          connection.close();
        }
      } catch (cause) {
        if (performance.now() > end) {
          const text = `the service did not answer within ${readPatienceMs / 1_000} s`;
          throw new DarumaError('TIMED_OUT', text, { cause });
        }
        await pause(retryMs);
      }
    }
  }
}
