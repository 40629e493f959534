/** A connection of the ledger's own, which no failure of the server outlives. */
import { Socket } from 'node:net';
import { Client } from 'pg';

/** Where the ledger writes: through the endpoint. */
export interface LedgerTarget {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

export class Connection {
  readonly #socket = new Socket();
  readonly #client: Client;
  /** Warnings that came with the statement under way. */
  #warnings: string[] = [];

  private constructor(target: LedgerTarget) {
    this.#client = new Client({
      ...target,
      application_name: 'daruma-ledger',
      ssl: false,
      sslnegotiation: 'postgres',
      options: '-c synchronous_commit=on',
      stream: () => this.#socket,
    });
    // What waits for an answer is given the same error; a server may also say it between two.
    this.#client.on('error', () => this.close());
    this.#client.on('notice', ({ message }) => this.#warnings.push(message ?? 'a warning'));
  }

  /** Rejects when nobody answers in time, or with the server's error. */
  static async open(target: LedgerTarget, timeoutMs: number): Promise<Connection> {
    const connection = new Connection(target);
    await connection.#within(timeoutMs, () => connection.#client.connect());
    return connection;
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed && this.#socket.writable;
  }

  /** Rejects after `timeoutMs`; the connection is gone then. */
  async query<T>(
    text: string,
    values: readonly unknown[],
    timeoutMs: number,
  ): Promise<{ readonly rows: readonly T[]; readonly warnings: readonly string[] }> {
    this.#warnings = [];
    const { rows } = await this.#within(timeoutMs, () => this.#client.query(text, [...values]));
    return { rows: rows as T[], warnings: this.#warnings };
  }

  close(): void {
    this.#socket.destroy();
  }

  async #within<T>(timeoutMs: number, work: () => Promise<T>): Promise<T> {
    const timer = setTimeout(() => {
      this.#socket.destroy(new Error(`no answer within ${timeoutMs} ms`));
    }, timeoutMs);
    try {
      return await work();
    } catch (error) {
      this.close();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}
