/**
 * The API's own errors: what `GET /api/error` shows, and what Daruma hears of. They are kept in the
 * database, so that each instance shows the latest of all, and in memory while it is away.
 * Messages never hold what a client sent.
 */
import { request } from 'node:http';
import type { Database } from './database.ts';

export interface OwnError {
  readonly instance: string;
  readonly code: string;
  readonly message: string;
  readonly count: number;
  readonly firstSeen: string;
  readonly lastSeen: string;
}

interface Counted {
  readonly code: string;
  message: string;
  /** Since it was last written to the database. */
  unsaved: number;
  readonly firstSeen: Date;
  lastSeen: Date;
  reportedAt: number;
}

const writeEachMs = 1_000;
const reportEachMs = 1_000;
const codesMax = 100;

export interface OwnErrorOptions {
  readonly database: Database;
  readonly instance: string;
  readonly darumaSocket: string | undefined;
  readonly darumaToken: string | undefined;
  readonly log: (text: string, error: unknown) => void;
}

export class OwnErrors {
  readonly #options: OwnErrorOptions;
  readonly #counted = new Map<string, Counted>();
  readonly #timer: NodeJS.Timeout;
  #latest: Counted | null = null;
  #saving: Promise<void> | null = null;

  constructor(options: OwnErrorOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.#save(), writeEachMs);
    this.#timer.unref();
  }

  record(code: string, message: string): void {
    const at = new Date();
    let counted = this.#counted.get(code);
    if (counted === undefined) {
      if (this.#counted.size >= codesMax) return;
      counted = { code, message, unsaved: 0, firstSeen: at, lastSeen: at, reportedAt: -Infinity };
      this.#counted.set(code, counted);
    }
    counted.message = message;
    counted.unsaved += 1;
    counted.lastSeen = at;
    this.#latest = counted;
    // A flood of the same is told once a second.
    if (performance.now() - counted.reportedAt < reportEachMs) return;
    counted.reportedAt = performance.now();
    this.#report(code, message);
  }

  /** The latest of all instances; of this one while the database is away. Null: none yet. */
  async latest(): Promise<OwnError | null> {
    await this.#save();
    try {
      const [row] = await this.#options.database.ask<OwnErrorRow>(
        'select * from api_errors order by last_seen desc limit 1',
      );
      return row === undefined ? null : toOwnError(row);
    } catch (error) {
      this.#options.log('own errors come from memory', error);
      return this.#fromMemory();
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#save();
  }

  #fromMemory(): OwnError | null {
    if (this.#latest === null) return null;
    const { code, message, unsaved, firstSeen, lastSeen } = this.#latest;
    return {
      instance: this.#options.instance,
      code,
      message,
      count: unsaved,
      firstSeen: firstSeen.toISOString(),
      lastSeen: lastSeen.toISOString(),
    };
  }

  /** All that was recorded before this was asked: a write under way may have begun earlier. */
  async #save(): Promise<void> {
    await this.#saving;
    this.#saving ??= this.#write().finally(() => {
      this.#saving = null;
    });
    await this.#saving;
  }

  async #write(): Promise<void> {
    const { database, instance } = this.#options;
    for (const counted of this.#counted.values()) {
      const { code, message, unsaved, firstSeen, lastSeen } = counted;
      if (unsaved === 0) continue;
      try {
        await database.ask(
          `insert into api_errors (instance, code, message, count, first_seen, last_seen)
           values ($1, $2, $3, $4, $5, $6)
           on conflict (instance, code) do update set count = api_errors.count + excluded.count,
             message = excluded.message, last_seen = excluded.last_seen`,
          [instance, code, message, unsaved, firstSeen, lastSeen],
        );
      } catch {
        // It is tried again; that the database is away is known already.
        return;
      }
      counted.unsaved -= unsaved;
    }
  }

  /** Best effort: nobody waits for it, and Daruma may not be there. */
  #report(code: string, message: string): void {
    const { darumaSocket, darumaToken, log } = this.#options;
    if (darumaSocket === undefined || darumaToken === undefined) return;
    const authorization = `Bearer ${darumaToken}`;
    const post = request({
      socketPath: darumaSocket,
      path: '/v1/errors',
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      timeout: 1_000,
    });
    post.on('response', (response) => response.resume());
    post.on('timeout', () => post.destroy());
    post.on('error', (error) => log('Daruma could not be told', error));
    post.end(JSON.stringify({ code, message }));
  }
}

interface OwnErrorRow {
  readonly instance: string;
  readonly code: string;
  readonly message: string;
  readonly count: string;
  readonly first_seen: Date;
  readonly last_seen: Date;
}

function toOwnError(row: OwnErrorRow): OwnError {
  return {
    instance: row.instance,
    code: row.code,
    message: row.message,
    count: Number(row.count),
    firstSeen: row.first_seen.toISOString(),
    lastSeen: row.last_seen.toISOString(),
  };
}
