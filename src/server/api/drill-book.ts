/**
 * What is known of each drill: who began it, and what came of it. The API keeps it of those that it
 * starts, the command line of its own.
 */
import { DarumaError } from '../../model/errors.ts';
import { isAlive, type ProcessIdentity } from '../../ports/process-identity.ts';
import type { AccountsDb, Row } from './accounts-db.ts';

export interface DrillEntry {
  readonly by: string;
  readonly fault: string;
  /** An instance, a service, or `controller`. */
  readonly target: string;
}

export interface DrillShown {
  readonly id: number;
  readonly by: string;
  readonly fault: string;
  readonly target: string | null;
  /** Wall-clock milliseconds. */
  readonly at: number;
  readonly ended: number | null;
  readonly result: unknown;
  readonly failure: string | null;
}

const keptMax = 500;

export class DrillBook {
  readonly #db: AccountsDb;

  constructor(db: AccountsDb) {
    this.#db = db;
  }

  /** Newest first. */
  list(): readonly DrillShown[] {
    return this.#db.all('select * from drills order by id desc').map(toShown);
  }

  find(id: number): DrillShown | null {
    const row = this.#db.get('select * from drills where id = ?', id);
    return row === undefined ? null : toShown(row);
  }

  /** What has not ended, as far as is written. */
  hasOpen(): boolean {
    return this.#db.get('select 1 from drills where ended is null') !== undefined;
  }

  /** Those whose process is there no more, although nobody wrote that they ended. */
  abandoned(): readonly number[] {
    const open = this.#db.all('select * from drills where ended is null');
    const gone = open.filter(({ process }) => {
      return typeof process !== 'string' || !isAlive(JSON.parse(process) as ProcessIdentity);
    });
    return gone.map(({ id }) => Number(id));
  }

  /** `process`: which one does it; null: it is told later. The oldest are dropped beyond a number.
   * Returns its id. */
  begin({ by, fault, target }: DrillEntry, process: ProcessIdentity | null): number {
    const values = [by, fault, target, Date.now(), process && JSON.stringify(process)];
    const fields = 'by, fault, target, at, process';
    const sql = `insert into drills (${fields}) values (?, ?, ?, ?, ?) returning id`;
    const id = Number(this.#db.get(sql, ...values)?.['id']);
    this.#db.run('delete from drills where id <= ? and ended is not null', id - keptMax);
    return id;
  }

  isDoneBy(id: number, process: ProcessIdentity): void {
    this.#db.run('update drills set process = ? where id = ?', JSON.stringify(process), id);
  }

  /** `text`: its result as JSON, or what went wrong. */
  end(id: number, text: string): void {
    const sql = 'update drills set ended = ?, result = ? where id = ? and ended is null';
    this.#db.run(sql, Date.now(), text, id);
  }

  /** One that never began. */
  remove(id: number): void {
    this.#db.run('delete from drills where id = ?', id);
  }

  /** Throws INTERNAL. */
  known(id: number): DrillShown {
    const found = this.find(id);
    if (found === null) throw new DarumaError('INTERNAL', `the drill ${id} is gone`);
    return found;
  }
}

function toShown(row: Row): DrillShown {
  const text = row['result'] === null ? null : String(row['result']);
  const result = text === null ? null : parsed(text);
  return {
    id: Number(row['id']),
    by: String(row['by']),
    fault: String(row['fault']),
    target: row['target'] === null ? null : String(row['target']),
    at: Number(row['at']),
    ended: row['ended'] === null ? null : Number(row['ended']),
    result,
    failure: text !== null && result === null ? text.trim() : null,
  };
}

/** Null: it is no JSON, but what went wrong. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
