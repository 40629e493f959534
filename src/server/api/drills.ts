/**
 * Drills that are run by the API. Each is a process of its own, the same that `daruma drill` is, so
 * that it ends what it began whatever becomes of us; its result is found in its file by whoever
 * looks next.
 */
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { DarumaError } from '../../model/errors.ts';
import { isAlive, type ProcessIdentity } from '../../ports/process-identity.ts';
import type { AccountsDb, Row } from './accounts-db.ts';

export const drillFaults = ['kill', 'hang', 'slow', 'leak', 'crash-loop'] as const;
export type DrillFaultName = (typeof drillFaults)[number];

export interface DrillOrder {
  readonly fault: DrillFaultName;
  /** A service or an instance. */
  readonly target: string;
  readonly timeoutS: number;
  readonly by: string;
}

/** Starts one that writes its result, or what went wrong, to `output`; null: it can't be. */
export type StartDrill = (order: DrillOrder, output: number) => ProcessIdentity | null;

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
const lookEveryMs = 200;

export class Drills {
  readonly #db: AccountsDb;
  readonly #directory: string;
  readonly #start: StartDrill;
  #timer: NodeJS.Timeout | null = null;

  constructor(db: AccountsDb, directory: string, start: StartDrill) {
    this.#db = db;
    this.#directory = directory;
    this.#start = start;
    this.#watch();
  }

  get isRunning(): boolean {
    return this.#db.get('select 1 from drills where ended is null') !== undefined;
  }

  /** Newest first. */
  list(): readonly DrillShown[] {
    return this.#db.all('select * from drills order by id desc').map(toShown);
  }

  find(id: number): DrillShown | null {
    const row = this.#db.get('select * from drills where id = ?', id);
    return row === undefined ? null : toShown(row);
  }

  /** Throws REFUSED while another one runs. */
  begin(order: DrillOrder): DrillShown {
    if (this.isRunning) throw new DarumaError('REFUSED', 'another drill is under way');
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    const sql = 'insert into drills (by, fault, target, at) values (?, ?, ?, ?)';
    this.#db.run(sql, order.by, order.fault, order.target, Date.now());
    const id = Number(this.#db.get('select max(id) as id from drills')?.['id']);
    const output = openSync(this.#file(id), 'w', 0o600);
    try {
      const process = this.#start(order, output);
      if (process === null) throw new DarumaError('START_FAILED', 'the drill could not be started');
      this.#db.run('update drills set process = ? where id = ?', JSON.stringify(process), id);
    } catch (error) {
      this.#db.run('delete from drills where id = ?', id);
      throw error;
    } finally {
      closeSync(output);
    }
    this.#db.run('delete from drills where id <= ? and ended is not null', id - keptMax);
    this.#watch();
    const begun = this.find(id);
    if (begun === null) throw new DarumaError('INTERNAL', `the drill ${id} is gone`);
    return begun;
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  #watch(): void {
    this.#timer ??= setInterval(() => this.#look(), lookEveryMs);
    this.#timer.unref();
  }

  #look(): void {
    const open = this.#db.all('select * from drills where ended is null');
    for (const row of open) {
      const process = row['process'];
      if (typeof process === 'string' && isAlive(JSON.parse(process) as ProcessIdentity)) continue;
      const id = Number(row['id']);
      const sql = 'update drills set ended = ?, result = ? where id = ?';
      this.#db.run(sql, Date.now(), this.#output(id), id);
      rmSync(this.#file(id), { force: true });
    }
    if (open.length > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }

  #output(id: number): string {
    try {
      return readFileSync(this.#file(id), 'utf8');
    } catch (error) {
      return `the result was lost: ${String(error)}`;
    }
  }

  #file(id: number): string {
    return `${this.#directory}/${id}.json`;
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
