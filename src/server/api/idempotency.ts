/**
 * What acts is done once for each key, however often it is asked: the answer is kept for a day.
 *
 * What was begun by a process that died since has an unknown end. It is not done again: who asks is
 * told to look first, and to ask again with another key.
 */
import { createHash, randomUUID } from 'node:crypto';
import { DarumaError } from '../../model/errors.ts';
import type { AccountsDb } from './accounts-db.ts';

const keptMs = 24 * 3_600_000;
const ownProcess = randomUUID();

export interface KeptAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

export class Idempotency {
  readonly #db: AccountsDb;

  constructor(db: AccountsDb) {
    this.#db = db;
  }

  /** The answer of the first time; null: this is it, and `end` or `forget` must follow. Throws
   * REFUSED, BAD_REQUEST. */
  begin(who: string, key: string, request: string): KeptAnswer | null {
    const digest = createHash('sha256').update(request).digest('hex');
    const now = Date.now();
    return this.#db.transaction(() => {
      this.#db.run('delete from idempotency where at < ?', now - keptMs);
      const row = this.#db.get('select * from idempotency where who = ? and key = ?', who, key);
      if (row === undefined) {
        const sql = 'insert into idempotency values (?, ?, ?, ?, null, null, null, ?)';
        this.#db.run(sql, who, key, digest, ownProcess, now);
        return null;
      }
      if (row['digest'] !== digest) {
        throw new DarumaError('BAD_REQUEST', 'this idempotency key was used for something else');
      }
      if (row['status'] !== null) {
        const { status, type, body } = row;
        return { status: Number(status), type: String(type), body: String(body) };
      }
      const text =
        row['process'] === ownProcess
          ? 'the same is being done just now'
          : 'the same was begun, and may be done: look, and ask again with another key';
      throw new DarumaError('REFUSED', text);
    });
  }

  end(who: string, key: string, { status, type, body }: KeptAnswer): void {
    const sql = 'update idempotency set status = ?, type = ?, body = ? where who = ? and key = ?';
    this.#db.run(sql, status, type, body, who, key);
  }

  /** Nothing was done. */
  forget(who: string, key: string): void {
    this.#db.run('delete from idempotency where who = ? and key = ?', who, key);
  }
}
