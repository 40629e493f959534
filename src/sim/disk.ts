/**
 * The disk with the event log, which outlives controllers, and the store through which one
 * controller uses it. Appends are kept as text, as a real store does.
 *
 * Promised to the engine: an append that was answered is durable; one that was not, because the
 * controller was killed, may be durable as a whole, in part from its beginning, or not at all.
 */
import { createHash } from 'node:crypto';
import { replay } from '../engine/apply.ts';
import { DarumaError } from '../model/errors.ts';
import type { LogRecord, StoredRecord } from '../model/record.ts';
import type { Store, StoredSnapshot } from '../ports/store.ts';
import type { ControllerProcess } from './controller-process.ts';
import type { Dice } from './dice.ts';
import type { Timeline } from './timeline.ts';

const commitMs = 2;

export class Disk {
  readonly #timeline: Timeline;
  readonly #dice: Dice;
  readonly #entries: { readonly text: string; readonly unrecorded: boolean }[] = [];
  readonly #hash = createHash('sha256');
  #snapshot: StoredSnapshot | null = null;
  /** Ends the append under way with this share of its records. */
  #inFlight: ((share: number) => void) | null = null;
  full = false;
  /** What a commit takes more than usual. */
  slowMs = 0;
  /** Told just before and after each append; killing the controller there is allowed. */
  onAppending: () => void = () => undefined;
  onAppended: () => void = () => undefined;
  /** Kills the controller within its next append; null: nothing does. */
  tear: (() => void) | null = null;
  onDurable: (records: readonly LogRecord[]) => void = () => undefined;

  constructor(timeline: Timeline, dice: Dice) {
    this.#timeline = timeline;
    this.#dice = dice;
  }

  get size(): number {
    return this.#entries.length;
  }

  get hash(): string {
    return this.#hash.copy().digest('hex');
  }

  records(afterSeq = 0, limit = Infinity): StoredRecord[] {
    return this.#entries.slice(afterSeq, afterSeq + limit).map(({ text, unrecorded }, index) => ({
      seq: afterSeq + index + 1,
      record: JSON.parse(text) as LogRecord,
      unrecorded,
    }));
  }

  /**
   * The next controller begins with a snapshot of the state after `seq` records, and reads only
   * the rest: as after a long run, of which this one is too short to have a snapshot of its own.
   */
  keepSnapshot(seq: number): void {
    const state = replay(this.records(0, seq).map(({ record }) => record));
    this.#snapshot = { seq, state: JSON.stringify(state) };
  }

  /** For one controller. */
  store(process: ControllerProcess): Store {
    return {
      append: (records, options) => this.#append(process, records, options?.unrecorded === true),
      read: (afterSeq, limit) => this.#answer(process, () => this.records(afterSeq, limit)),
      latestSnapshot: () => this.#answer(process, () => this.#snapshot),
      saveSnapshot: (snapshot) => this.#save(process, snapshot),
      reportErrors: () => undefined,
      errors: () => this.#answer(process, () => []),
      linkErrors: () => undefined,
      error: () => this.#answer(process, () => null),
      markError: () => this.#answer(process, () => false),
      get: () => this.#answer(process, () => null),
      set: () => this.#answer(process, () => undefined),
      close: () => this.#answer(process, () => undefined),
    };
  }

  #answer<T>(process: ControllerProcess, value: () => T): Promise<T> {
    return new Promise((resolve) => process.input(1, () => resolve(value())));
  }

  #append(
    process: ControllerProcess,
    records: readonly LogRecord[],
    unrecorded: boolean,
  ): Promise<number> {
    const texts = records.map((record) => JSON.stringify(record));
    return new Promise((resolve, reject) => {
      this.onAppending();
      if (!process.alive) return;
      const commit = (count: number): void => {
        this.#inFlight = null;
        for (const text of texts.slice(0, count)) this.#keep(text, unrecorded);
        this.onDurable(records.slice(0, count));
      };
      this.#inFlight = (share) => commit(Math.floor(share * (texts.length + 1)));
      const lastsMs = (commitMs + this.slowMs) * this.#dice.between(0.5, 1.5);
      this.#timeline.after(lastsMs, () => {
        if (!process.alive) return undefined;
        if (this.full) this.#refuse(process, reject);
        else this.#commit(process, () => commit(texts.length), resolve);
        return undefined;
      });
    });
  }

  #refuse(process: ControllerProcess, reject: (error: Error) => void): void {
    this.#inFlight = null;
    process.input(0, () => reject(new DarumaError('STORE_FAILED', 'disk full')));
  }

  #commit(process: ControllerProcess, commit: () => void, resolve: (seq: number) => void): void {
    if (this.tear !== null) {
      this.#inFlight?.(this.#dice.next());
      this.tear();
      return;
    }
    commit();
    const { size } = this;
    this.onAppended();
    process.input(0, () => resolve(size));
  }

  /** The controller was killed: whether its append under way is kept is decided now. */
  writerDied(): void {
    if (this.#inFlight === null || this.full || this.#dice.chance(0.5)) this.#inFlight = null;
    else this.#inFlight(this.#dice.chance(0.5) ? 0.9999999 : this.#dice.next());
  }

  #keep(text: string, unrecorded: boolean): void {
    this.#entries.push({ text, unrecorded });
    this.#hash.update(text);
  }

  async #save(process: ControllerProcess, snapshot: StoredSnapshot): Promise<void> {
    await this.#answer(process, () => undefined);
    if (this.full) throw new DarumaError('STORE_FAILED', 'disk full');
    this.#snapshot = snapshot;
  }
}
