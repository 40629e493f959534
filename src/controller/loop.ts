/**
 * The shell's loop: collect happenings, one `step` each, records to the recorder, commands back
 * when durable. Nothing is done directly in reaction to an outside event.
 */
import { apply, beginLook, type EngineState, nextTimer, step } from '../engine/index.ts';
import type { Command } from '../model/command.ts';
import type { EngineEvent, Happening } from '../model/event.ts';
import { type InstanceId, serviceOf } from '../model/ids.ts';
import type { LogRecord, RecordBody, StoredRecord } from '../model/record.ts';
import type { Clock, Random } from '../ports/clock.ts';
import type { Store } from '../ports/store.ts';
import { endsWithBoot } from './lasting.ts';
import { Recorder } from './recorder.ts';
import { recoverState } from './recover-state.ts';

/**
 * To make one holds the loop up and is written too, so all of them together are a tenth of the log;
 * what is replayed at a start takes a fifth of a second at most.
 */
const snapshotShare = 0.1;
const snapshotRecordsMin = 10_000;
const snapshotRecordsMax = 100_000;
/** Characters of a record, about. */
const recordLength = 150;
/** Nobody who ends a stack waits longer than this for a disk that can't write. */
const closePatienceMs = 3_000;

export interface LoopOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** Told the time of the last record: stack time goes on from there. */
  readonly notBefore: (time: number) => void;
  readonly random: Random;
  /** Told as soon as a command is decided, before it may run: to get ready, nothing else. */
  readonly foresee: (command: Command) => void;
  readonly run: (command: Command) => void;
  readonly onStored: (records: readonly StoredRecord[]) => void;
  readonly onStep: (event: EngineEvent, records: readonly LogRecord[]) => void;
  /** The engine; the simulator gives a broken one to see that it is found out. */
  readonly step?: typeof step;
}

export class Loop {
  readonly #options: LoopOptions;
  readonly #recorder: Recorder;
  readonly state: EngineState;
  #queue: Happening[] = [];
  #scheduled = false;
  #sinceSnapshot = 0;
  #snapshotEvery = snapshotRecordsMin;
  #timer: { readonly timer: string; readonly due: number; readonly cancel: () => void } | null =
    null;
  #closed = false;

  private constructor(options: LoopOptions, state: EngineState, lastSeq: number) {
    this.#options = options;
    this.state = state;
    this.#recorder = new Recorder({
      store: options.store,
      clock: options.clock,
      lastSeq,
      run: options.run,
      endsWithBoot: (command) => endsWithBoot(command, (id) => this.#isExternal(id)),
      onStored: options.onStored,
      onWritable: (writable, reason) => this.push({ kind: 'store', writable, reason }),
    });
  }

  /** The state as the log tells it; begins a look, during which the engine decides nothing. */
  static async recover(options: LoopOptions): Promise<Loop> {
    const { state, lastSeq, lastAt } = await recoverState(options.store);
    options.notBefore(lastAt);
    const loop = new Loop(options, state, lastSeq);
    loop.#recorder.add(beginLook(state, options.clock.now()), [], null);
    return loop;
  }

  get seq(): number {
    return this.#recorder.lastSeq;
  }

  push(happening: Happening): void {
    if (this.#closed) return;
    this.#queue.push(happening);
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => this.#drain());
  }

  /** What the shell does by leave of the engine; done when `onStored` tells that it is kept. */
  note(body: RecordBody): void {
    if (this.#closed) return;
    const record = { at: Math.max(this.#options.clock.now(), this.state.at), ...body };
    apply(this.state, record);
    this.#sinceSnapshot += 1;
    this.#recorder.add([record], [], null);
  }

  /** Resolves with false when the store could not take the last records in time. */
  async close(): Promise<boolean> {
    this.#closed = true;
    this.#timer?.cancel();
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const cancel = this.#options.clock.after(closePatienceMs, () => resolve(false));
    void this.#recorder.idle().then(() => resolve(true));
    return promise.finally(cancel);
  }

  #isExternal(instance: InstanceId): boolean {
    const service = this.state.services[serviceOf(instance) ?? ''];
    return service?.spec.driver === 'external';
  }

  #drain(): void {
    this.#scheduled = false;
    const records: LogRecord[] = [];
    const commands: Command[] = [];
    for (const happening of this.#queue.splice(0)) {
      const at = this.#options.clock.now();
      const event = { ...happening, at, random: this.#options.random.next() } as EngineEvent;
      const stepped = (this.#options.step ?? step)(this.state, event);
      records.push(...stepped.records);
      commands.push(...stepped.commands);
      this.#options.onStep(event, stepped.records);
    }
    this.#sinceSnapshot += records.length;
    const snapshot = this.#sinceSnapshot >= this.#snapshotEvery ? this.#snapshot() : null;
    for (const command of commands) this.#options.foresee(command);
    this.#recorder.add(records, commands, snapshot);
    this.#armTimer();
  }

  #snapshot(): string {
    const snapshot = JSON.stringify(this.state);
    const records = Math.round(snapshot.length / (snapshotShare * recordLength));
    this.#sinceSnapshot = 0;
    this.#snapshotEvery = Math.min(snapshotRecordsMax, Math.max(snapshotRecordsMin, records));
    return snapshot;
  }

  #armTimer(): void {
    const next = nextTimer(this.state);
    if (next?.timer === this.#timer?.timer && next?.due === this.#timer?.due) return;
    this.#timer?.cancel();
    this.#timer = null;
    if (next === null) return;
    const delayMs = Math.max(0, next.due - this.#options.clock.now());
    const cancel = this.#options.clock.after(delayMs, () => {
      this.#timer = null;
      this.push({ kind: 'timer', timer: next.timer });
    });
    this.#timer = { ...next, cancel };
  }
}
