/**
 * Write-ahead: commands run only once the records of their step are durable.
 *
 * 1. Batches become durable in the order of their steps; one append is under way at a time, and
 *    what comes meanwhile shares the next one.
 * 2. What ends with the machine's power needs records that last as long: see lasting.ts. The disk
 *    has them `syncDelayMs` later, and before any command is run that reaches further.
 * 3. When the store fails, or takes longer than `patienceMs`, the recorder is degraded: commands
 *    marked `unrecordedOk` run at once, the others wait. Nothing is given up: it tries again each
 *    `retryMs` until the store can write, and marks what ran before it was durable as unrecorded.
 *    Only what waits for an instance is dropped when a later command for it runs.
 */
import type { Command } from '../model/command.ts';
import { errorInfo } from '../model/errors.ts';
import type { LogRecord, StoredRecord } from '../model/record.ts';
import type { Clock } from '../ports/clock.ts';
import { faultPoint } from '../ports/fault-point.ts';
import type { Lasting, Store } from '../ports/store.ts';
import { lastingOf } from './lasting.ts';

interface Batch {
  readonly records: readonly LogRecord[];
  commands: readonly Command[];
  /** State after this batch, to be kept once it is durable; null: not this time. */
  readonly snapshot: string | null;
  readonly lasts: Lasting;
  unrecorded: boolean;
}

const syncDelayMs = 100;
/** A timer that is so late tells that our own process was paused. */
const pausedMs = 200;

export interface RecorderOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly lastSeq: number;
  readonly run: (command: Command) => void;
  /** Whether what a command does ends with the machine's power. */
  readonly endsWithBoot: (command: Command) => boolean;
  readonly onStored: (records: readonly StoredRecord[]) => void;
  readonly onWritable: (writable: boolean, reason: string) => void;
  readonly patienceMs?: number;
  readonly retryMs?: number;
}

export class Recorder {
  readonly #options: RecorderOptions;
  readonly #patienceMs: number;
  readonly #retryMs: number;
  #pending: Batch[] = [];
  #inFlight: Batch[] = [];
  #writable = true;
  #lastSeq: number;
  #cancelPatience: (() => void) | null = null;
  /** Something was kept that the disk doesn't have yet. */
  #unsynced = false;
  #cancelSync: (() => void) | null = null;
  #idleWaiters: (() => void)[] = [];

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#patienceMs = options.patienceMs ?? 2_000;
    this.#retryMs = options.retryMs ?? 1_000;
    this.#lastSeq = options.lastSeq;
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  add(records: readonly LogRecord[], commands: readonly Command[], snapshot: string | null): void {
    if (records.length === 0 && commands.length === 0) return;
    const lasts = lastingOf(records);
    const { endsWithBoot } = this.#options;
    const soon = lasts === 'always' ? commands : commands.filter(endsWithBoot);
    this.#pending.push({ records, commands: soon, snapshot, lasts, unrecorded: false });
    const later = commands.filter((command) => !soon.includes(command));
    if (later.length > 0) this.#addBarrier(later);
    this.#goOn();
  }

  /** These commands wait until the disk has all records that came before. */
  #addBarrier(commands: readonly Command[]): void {
    const empty = { records: [], snapshot: null, unrecorded: false };
    this.#pending.push({ ...empty, commands, lasts: 'always' });
  }

  #goOn(): void {
    if (!this.#writable) this.#runWhatIsSafe();
    else if (this.#inFlight.length === 0) void this.#write();
    else this.#watchPatience();
  }

  /** Resolves when nothing waits to become durable. */
  idle(): Promise<void> {
    if (this.#inFlight.length === 0 && this.#pending.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  async #write(): Promise<void> {
    this.#inFlight = takeAlike(this.#pending);
    const first = this.#inFlight[0];
    if (first === undefined) return;
    this.#watchPatience();
    const records = this.#inFlight.flatMap((batch) => batch.records);
    try {
      faultPoint('records.before-append');
      if (records.length > 0 || (this.#unsynced && first.lasts === 'always')) {
        this.#lastSeq = await this.#append(records, first);
      }
      faultPoint('records.after-append');
    } catch (error) {
      this.#failed(errorInfo(error).message);
      return;
    }
    this.#succeeded(records, first.unrecorded);
  }

  async #append(records: readonly LogRecord[], { lasts, unrecorded }: Batch): Promise<number> {
    const { store } = this.#options;
    if (lasts === 'boot' && !unrecorded) {
      this.#unsynced = true;
      this.#syncLater();
      return store.append(records, { lasts });
    }
    const seq = await store.append(records, unrecorded ? { unrecorded } : {});
    this.#unsynced = false;
    return seq;
  }

  #syncLater(): void {
    this.#cancelSync ??= this.#options.clock.after(syncDelayMs, () => {
      this.#cancelSync = null;
      if (!this.#unsynced) return;
      this.#addBarrier([]);
      this.#goOn();
    });
  }

  #succeeded(records: readonly LogRecord[], unrecorded: boolean): void {
    const done = this.#inFlight;
    this.#inFlight = [];
    this.#cancelPatience?.();
    this.#cancelPatience = null;
    const firstSeq = this.#lastSeq - records.length + 1;
    this.#options.onStored(
      records.map((record, index) => ({ seq: firstSeq + index, record, unrecorded })),
    );
    for (const batch of done) for (const command of batch.commands) this.#options.run(command);
    this.#keepSnapshot(done);
    if (this.#pending.length > 0) {
      void this.#write();
      return;
    }
    if (!this.#writable) {
      this.#writable = true;
      this.#options.onWritable(true, 'the store can write again');
    }
    if (this.#pending.length === 0) for (const resolve of this.#idleWaiters.splice(0)) resolve();
  }

  /** Where records come fast, others were made durable together with those before it. */
  #keepSnapshot(done: readonly Batch[]): void {
    let seq = this.#lastSeq;
    for (const { records, snapshot } of done.toReversed()) {
      if (snapshot !== null) {
        this.#options.store.saveSnapshot({ seq, state: snapshot }).catch((error: unknown) => {
          this.#degrade(`snapshot: ${errorInfo(error).message}`);
        });
        return;
      }
      seq -= records.length;
    }
  }

  #failed(reason: string): void {
    this.#pending = [...this.#inFlight, ...this.#pending];
    this.#inFlight = [];
    this.#degrade(reason);
    this.#options.clock.after(this.#retryMs, () => {
      if (this.#inFlight.length === 0) void this.#write();
    });
  }

  #degrade(reason: string): void {
    if (this.#writable && this.#inFlight.length + this.#pending.length > 0) {
      this.#writable = false;
      this.#options.onWritable(false, reason);
    }
    this.#runWhatIsSafe();
  }

  /** Commands that may go unrecorded run now; what must be durable first stays. */
  #runWhatIsSafe(): void {
    for (const batch of [...this.#inFlight, ...this.#pending]) {
      const safe = batch.commands.filter((command) => command.unrecordedOk);
      if (safe.length === 0) continue;
      batch.commands = batch.commands.filter((command) => !command.unrecordedOk);
      batch.unrecorded = true;
      for (const command of safe) {
        this.#overtake(command, batch);
        this.#options.run(command);
      }
    }
  }

  /** What was to be done with the same instance before, and waited, is not to be done after. */
  #overtake(command: Command, by: Batch): void {
    if (!('action' in command && 'instance' in command)) return;
    for (const batch of [...this.#inFlight, ...this.#pending]) {
      if (batch === by) return;
      batch.commands = batch.commands.filter(
        (one) => !('action' in one && 'instance' in one) || one.instance !== command.instance,
      );
    }
  }

  #watchPatience(): void {
    if (this.#cancelPatience !== null) return;
    const { clock } = this.#options;
    const dueAt = clock.now() + this.#patienceMs;
    this.#cancelPatience = clock.after(this.#patienceMs, () => {
      this.#cancelPatience = null;
      // The store may have answered while nobody could listen.
      if (clock.now() - dueAt > pausedMs) this.#watchPatience();
      else this.#degrade(`no commit within ${this.#patienceMs} ms`);
    });
  }
}

/** Takes the leading batches that one append can carry: with the same mark, and none that lasts
 * longer than the first, so that what needs no disk doesn't wait for it. */
function takeAlike(pending: Batch[]): Batch[] {
  const first = pending[0];
  const end = pending.findIndex(
    ({ unrecorded, lasts }) =>
      unrecorded !== first?.unrecorded || (first.lasts === 'boot' && lasts === 'always'),
  );
  return pending.splice(0, end === -1 ? pending.length : end);
}
