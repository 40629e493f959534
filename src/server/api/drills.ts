/**
 * Drills that are run by the API. Each is a process of its own, the same that `daruma drill` is, so
 * that it ends what it began whatever becomes of us; its result is found in its file by whoever
 * looks next.
 */
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import type { DrillFaultName } from '../../model/drill.ts';
import { DarumaError } from '../../model/errors.ts';
import type { ProcessIdentity } from '../../ports/process-identity.ts';
import type { AccountsDb } from './accounts-db.ts';
import { DrillBook, type DrillShown } from './drill-book.ts';

export interface DrillOrder {
  readonly fault: DrillFaultName;
  /** A service or an instance; when the controller is killed: whose endpoint is watched. */
  readonly target: string;
  readonly timeoutS: number;
  readonly by: string;
}

/** Starts one that writes its result, or what went wrong, to `output`; null: it can't be. */
export type StartDrill = (order: DrillOrder, output: number) => ProcessIdentity | null;

const lookEveryMs = 200;

export class Drills {
  readonly #book: DrillBook;
  readonly #directory: string;
  readonly #start: StartDrill;
  #timer: NodeJS.Timeout | null = null;

  constructor(db: AccountsDb, directory: string, start: StartDrill) {
    this.#book = new DrillBook(db);
    this.#directory = directory;
    this.#start = start;
    this.#watch();
  }

  /** One of ours, or of somebody's command line. */
  get isRunning(): boolean {
    this.#look();
    return this.#book.hasOpen();
  }

  /** Newest first. */
  list(): readonly DrillShown[] {
    this.#look();
    return this.#book.list();
  }

  find(id: number): DrillShown | null {
    this.#look();
    return this.#book.find(id);
  }

  /** Throws REFUSED while another one runs. */
  begin(order: DrillOrder): DrillShown {
    if (this.isRunning) throw new DarumaError('REFUSED', 'another drill is under way');
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    const target = order.fault === 'controller-kill' ? 'controller' : order.target;
    const id = this.#book.begin({ ...order, target }, null);
    const output = openSync(this.#file(id), 'w', 0o600);
    try {
      const process = this.#start(order, output);
      if (process === null) throw new DarumaError('START_FAILED', 'the drill could not be started');
      this.#book.isDoneBy(id, process);
    } catch (error) {
      this.#book.remove(id);
      throw error;
    } finally {
      closeSync(output);
    }
    this.#watch();
    return this.#book.known(id);
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  #watch(): void {
    this.#timer ??= setInterval(() => this.#look(), lookEveryMs);
    this.#timer.unref();
  }

  #look(): void {
    for (const id of this.#book.abandoned()) {
      this.#book.end(id, this.#output(id));
      rmSync(this.#file(id), { force: true });
    }
    if (this.#book.hasOpen() || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }

  #output(id: number): string {
    try {
      return readFileSync(this.#file(id), 'utf8');
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return 'it was killed before it had a result';
      return `the result was lost: ${String(error)}`;
    }
  }

  #file(id: number): string {
    return `${this.#directory}/${id}.json`;
  }
}
