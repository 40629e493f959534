/** Brings what people did with accounts into the event log of the stack, in order, each once it is
 * in our own database; while there is no controller it waits there. */
import { errorInfo } from '../../model/errors.ts';
import type { AccountsDb } from './accounts-db.ts';
import type { StackLink } from './stack-link.ts';

const lookEveryMs = 1_000;
const keptMax = 10_000;

export class Outbox {
  readonly #db: AccountsDb;
  readonly #stack: StackLink;
  readonly #log: (text: string) => void;
  readonly #timer: NodeJS.Timeout;
  #busy = false;

  constructor(db: AccountsDb, stack: StackLink, log: (text: string) => void) {
    this.#db = db;
    this.#stack = stack;
    this.#log = log;
    this.#timer = setInterval(() => void this.send(), lookEveryMs);
    this.#timer.unref();
  }

  get isEmpty(): boolean {
    return this.#db.get('select 1 from outbox limit 1') === undefined;
  }

  async send(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (;;) {
        const row = this.#db.get('select * from outbox order by id limit 1');
        if (row === undefined) return;
        const request = { kind: 'note', text: String(row['text']) } as const;
        await this.#stack.request(String(row['by']), request);
        this.#db.run('delete from outbox where id = ?', Number(row['id']));
      }
    } catch (error) {
      this.#log(`the event log is not told of accounts yet: ${errorInfo(error).message}`);
      const sql = 'delete from outbox where id <= (select max(id) from outbox) - ?';
      this.#db.run(sql, keptMax);
    } finally {
      this.#busy = false;
    }
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
