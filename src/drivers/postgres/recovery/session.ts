/** A connection that stays open while others work, such as one that makes a backup. */
import type { Client } from 'pg';
import { type Target, withConnection } from '../connection.ts';

const limitMs = 7 * 24 * 3_600_000;

export class Session {
  readonly client: Client;
  readonly #end: () => void;
  readonly #ended: Promise<void>;

  private constructor(client: Client, end: () => void, ended: Promise<void>) {
    this.client = client;
    this.#end = end;
    this.#ended = ended;
  }

  static async open(target: Target): Promise<Session> {
    const opened = Promise.withResolvers<Client>();
    const done = Promise.withResolvers<void>();
    const ended = withConnection(target, limitMs, async (client) => {
      opened.resolve(client);
      await done.promise;
    });
    ended.catch(opened.reject);
    return new Session(await opened.promise, done.resolve, ended);
  }

  /** What the server keeps for a session goes with it. Idempotent. */
  async close(): Promise<void> {
    this.#end();
    await this.#ended;
  }
}
