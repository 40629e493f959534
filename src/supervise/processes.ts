/**
 * Processes of instances: starts them exactly once, adopts them, notices their exits, ends whole
 * trees.
 *
 *     prepare ─▶ launcher waits ─▶ go: run file, gate ─▶ program runs ─▶ exit ─▶ next prepare
 *                                                         ▲      │
 *                             adopt (of another controller)      └▶ stop: no process is left
 *
 * 1. The run file is in place before the gate opens, and the launcher ends without its controller:
 *    whatever instruction a controller dies at, the next one finds the run or there was none.
 * 2. A process is signalled only when pid and start time agree with what was recorded.
 * 3. Nothing of an earlier run is left when a new one begins.
 * 4. A launcher with an order is let go by the end of the run before, not by us. Whatever takes a
 *    launcher's place or ends its instance kills it first, and with it what it may have become.
 * 5. Exit status of adopted processes: nobody but a parent may collect it, and a wrapper that did
 *    would be one more process per instance, with a pid of its own to signal and to kill. So the
 *    status of what ends under a later controller is told as unknown.
 */
import { constants as osConstants } from 'node:os';
import { DarumaError, errorInfo } from '../model/errors.ts';
import type { ExitInfo } from '../model/exit.ts';
import type { InstanceId } from '../model/ids.ts';
import type { Layout } from '../model/layout.ts';
import { type Clock, nextSlot } from '../ports/clock.ts';
import { faultPoint } from '../ports/fault-point.ts';
import type {
  AdoptionResult,
  LaunchSpec,
  LimitsEnforcement,
  PreparedLaunch,
  Processes,
  RunningInstance,
} from '../ports/processes.ts';
import { becameProgram, isOurs } from './adoption.ts';
import { Blanks } from './blanks.ts';
import { Cgroups, nothingEnforced } from './cgroup.ts';
import type { ExitStatus } from './exit-info.ts';
import { exitInfo, statusUnknown } from './exit-info.ts';
import { ExitWatch } from './exit-watch.ts';
import { shell } from './gate.ts';
import type { Instance, WaitingLauncher } from './instance.ts';
import { Run } from './instance.ts';
import { InstanceLogs } from './instance-logs.ts';
import type { TreeTarget } from './instance-tree.ts';
import { InstanceTrees } from './instance-tree.ts';
import { couldNotRun, orderPidsMin } from './launcher.ts';
import { Launchers } from './launchers.ts';
import { isAlive, readBootId, signalProcess } from './proc.ts';
import type { OrderedRun, RunRecord } from './run-file.ts';
import { RunFiles, slotsOf } from './run-file.ts';
import { ProcessTables } from './tree.ts';
import { Turnstile } from './turnstile.ts';

const rotationIntervalMs = 1000;
/** A run that lasted so long gets a launcher for the next start. */
const spareDelayMs = 200;
/** Each is a shell of 130 kB. Those that start first have one: what others depend on. */
const sparesMax = 32;
const startLines = 20;

export interface ProcessesOptions {
  readonly layout: Layout;
  /** Unique to the state directory. */
  readonly stackId: string;
  readonly clock: Clock;
  /** False: do without cgroups although there are some. */
  readonly cgroups?: boolean;
  /** Keep a launcher ready for the next start of each running instance: a restart then needn't
   * wait for a new process and its cgroup (2 to 20 ms). Costs an idle shell for each, of at most 32
   * instances. Default: true. */
  readonly spareLaunchers?: boolean;
  /** Made ahead, for what is to be started soon. */
  readonly blanks?: Blanks;
  /** What goes wrong behind the scenes (a log that can't be rotated), once per happening. */
  readonly onTrouble?: (text: string) => void;
}

export interface SupervisedProcesses extends Processes {
  /** Who holds instances to their limits; null: nobody, they must be watched. */
  readonly limitsEnforcedBy: LimitsEnforcement;
}

export function createProcesses(options: ProcessesOptions): SupervisedProcesses {
  return new LocalProcesses(options);
}

class LocalProcesses implements SupervisedProcesses {
  readonly limitsEnforcedBy: LimitsEnforcement;
  readonly #options: ProcessesOptions;
  readonly #bootId = readBootId();
  readonly #files: RunFiles;
  readonly #cgroups: Cgroups | null;
  readonly #trees: InstanceTrees;
  readonly #watch: ExitWatch;
  readonly #logs: InstanceLogs;
  readonly #launchers: Launchers;
  readonly #turns = new Turnstile();
  readonly #instances = new Map<InstanceId, Instance>();
  /** Under way. */
  readonly #starts = new Set<object>();
  readonly #listeners: ((instance: InstanceId, exit: ExitInfo) => void)[] = [];
  readonly #spareListeners: ((instance: InstanceId) => void)[] = [];
  #cancelRotation: () => void = () => undefined;
  #closed = false;

  constructor(options: ProcessesOptions) {
    const { clock, layout, stackId } = options;
    this.#options = options;
    this.#files = new RunFiles(layout.runDir);
    this.#cgroups = options.cgroups === false ? null : Cgroups.find(stackId);
    this.limitsEnforcedBy = this.#cgroups?.enforcedBy ?? nothingEnforced;
    this.#trees = new InstanceTrees(this.#cgroups, new ProcessTables(clock), clock);
    this.#logs = new InstanceLogs(layout, (what, error) => this.#tellTrouble(what, error));
    this.#launchers = new Launchers({
      ...{ stackId, files: this.#files, logs: this.#logs, cgroups: this.#cgroups },
      blanks: options.blanks ?? new Blanks(0),
    });
    this.#watch = new ExitWatch(clock);
    this.#rotateLater();
  }

  #instance(id: InstanceId): Instance {
    const known = this.#instances.get(id);
    if (known !== undefined) return known;
    const made: Instance = { id, run: null, waiting: null, spare: null, stop: null };
    this.#instances.set(id, made);
    return made;
  }

  #target(instance: Instance): TreeTarget {
    const { id, run, waiting } = instance;
    const waits = waiting?.launcher.waits === true;
    return {
      instance: id,
      mark: this.#launchers.mark(id),
      fifos: this.#files.fifos(id),
      main: run === null || run.ended ? null : run.ref,
      slots: slotsOf(id),
      confined: this.#cgroups !== null && run?.record.slot !== null,
      waiting: waits ? { pid: waiting.launcher.ref.pid, slot: waiting.slot } : null,
    };
  }

  // Starting

  async prepare(spec: LaunchSpec): Promise<PreparedLaunch> {
    const over = this.#beginStart();
    const instance = this.#instance(spec.instance);
    const spare = instance.waiting;
    const lastSlot = instance.run?.record.slot ?? null;
    if (spare === null) this.#launchers.foresee(spec.instance, lastSlot);
    if (instance.run === null) this.#files.foresee(spec.instance);
    try {
      const waiting = await this.#launcherFor(spec);
      return {
        pid: waiting.launcher.ref.pid,
        go: async () => {
          if (waiting !== spare) await this.#turns.pass();
          return this.#go(instance, waiting, spec).finally(over);
        },
        abort: () => {
          this.#dismiss(instance, waiting);
          over();
        },
      };
    } catch (error) {
      this.withdrawOrder(spec.instance);
      over();
      throw error;
    }
  }

  /** Until the start is over, launchers for starts to come are not made: it goes first. */
  #beginStart(): () => void {
    const start = {};
    this.#starts.add(start);
    return () => this.#starts.delete(start);
  }

  async #launcherFor(spec: LaunchSpec): Promise<WaitingLauncher> {
    const instance = this.#instance(spec.instance);
    // What is ready costs next to nothing, and whoever is to be replaced is missed.
    if (instance.waiting === null) await this.#turns.pass();
    await instance.stop?.done;
    await instance.spare;
    const { waiting: ready } = instance;
    // What it has become is ended with all that is left.
    if (ready?.launcher.ordered === true && !this.#launchers.serves(ready, spec))
      this.#dismiss(instance, ready);
    await this.#endLeftovers(instance);
    const spare = this.#takeSpare(instance, spec);
    const waiting = spare ?? (await this.#makeLauncher(instance, spec));
    instance.waiting = waiting;
    return waiting;
  }

  #makeLauncher(instance: Instance, spec: LaunchSpec): Promise<WaitingLauncher> {
    return this.#launchers.make(spec, instance.run?.record.slot ?? null);
  }

  /** Also ends a run that still goes on: the caller wants a new one. */
  async #endLeftovers(instance: Instance): Promise<void> {
    const { run, waiting } = instance;
    const quiet = run === null || run.ended;
    if (quiet && (await this.#trees.isEmpty(this.#target(instance), run !== null))) return;
    if (waiting?.launcher.ordered === true) this.#dismiss(instance, waiting);
    if (run !== null) run.stopping = true;
    const target = this.#target(instance);
    await this.#trees.end(target, await this.#trees.all(target));
  }

  #takeSpare(instance: Instance, spec: LaunchSpec): WaitingLauncher | null {
    const { waiting } = instance;
    if (waiting === null) return null;
    if (waiting.launcher.waits && this.#launchers.serves(waiting, spec)) return waiting;
    this.#dismiss(instance, waiting);
    return null;
  }

  async #go(
    instance: Instance,
    prepared: WaitingLauncher,
    spec: LaunchSpec,
  ): Promise<RunningInstance> {
    const waiting = await this.#settled(instance, prepared, spec);
    // A later controller knows it by what it shows then.
    await waiting.launcher.untilReady();
    if (!waiting.launcher.waits) {
      throw new DarumaError('START_FAILED', this.#whyEnded(instance.id));
    }
    const run = new Run(this.#record(instance, waiting, spec));
    faultPoint('launch.before-run-file');
    this.#keep(run);
    faultPoint('launch.after-run-file');
    instance.run = run;
    instance.waiting = null;
    const opened = this.#open(waiting, run.record);
    let started = false;
    waiting.launcher.onExit((status) => {
      run.markEnded();
      const report = () => this.#tellExit(instance, run, status);
      // Whoever waits for `go` hears of the start before the end.
      const reportSoon = () => setImmediate(report);
      if (started) report();
      else opened.then(reportSoon, () => this.#forget(instance.id));
    });
    await opened;
    started = true;
    this.#keepSpare(instance, run, spec);
    return run.describe();
  }

  /** Of a launcher that has run nothing. */
  #whyEnded(id: InstanceId): string {
    const [last] = this.#logs.lastLines(id, 1, 0);
    const reason = last?.startsWith(`${shell}: `) === true ? `: ${last}` : '';
    return `${id}: its launcher was ended${reason}`;
  }

  /** One with an order has become the program when this resolves, or is at its gate. */
  async #settled(
    instance: Instance,
    waiting: WaitingLauncher,
    spec: LaunchSpec,
  ): Promise<WaitingLauncher> {
    if (!waiting.launcher.ordered || (await waiting.launcher.settle())) return waiting;
    this.#dismiss(instance, waiting);
    return this.#launcherFor(spec);
  }

  async #open({ launcher, spec }: WaitingLauncher, record: RunRecord): Promise<void> {
    const exit = await launcher.open();
    if (exit === null) return;
    const lines = this.#logs.lastLines(record.instance, startLines, record.logOffset);
    if (!couldNotRun(exit, lines[0])) return;
    const reason = lines.length === 0 ? `its launcher ended with ${exit.code}` : lines.join('; ');
    throw new DarumaError('START_FAILED', `cannot run «${spec.argv[0]}»: ${reason}`);
  }

  #record({ run }: Instance, waiting: WaitingLauncher, spec: LaunchSpec): RunRecord {
    const { launcher, slot, oomKills } = waiting;
    const { instance, port, user, logging } = spec;
    const logEnd = launcher.ordered ? (run?.logEnd ?? null) : null;
    return {
      ...launcher.ref,
      ...{ instance, port, user, logging, slot, oomKills },
      stackId: this.#options.stackId,
      bootId: this.#bootId,
      startedAt: this.#options.clock.now(),
      logOffset: logEnd ?? this.#logs.begin(instance),
      exit: null,
    };
  }

  #keepSpare(instance: Instance, run: Run, spec: LaunchSpec): void {
    if (this.#options.spareLaunchers === false) return;
    const wanted = () =>
      !this.#closed && instance.run === run && !run.ended && !run.stopping && !instance.waiting;
    const make = async () => {
      try {
        const spare = await this.#makeLauncher(instance, spec);
        if (wanted()) void this.#haveSpare(instance, spare);
        else spare.launcher.abort();
      } catch (error) {
        this.#tellTrouble(`${instance.id}: no launcher for its next start`, error);
      }
      instance.spare = null;
    };
    const { clock } = this.#options;
    const begin = () => {
      if (!wanted()) return;
      if (this.#starts.size > 0) clock.after(spareDelayMs, begin);
      else if (this.#spares() < sparesMax) instance.spare = make();
    };
    clock.after(spareDelayMs, begin);
  }

  #spares(): number {
    const all = [...this.#instances.values()];
    return all.filter(({ waiting, spare }) => waiting !== null || spare !== null).length;
  }

  async #haveSpare(instance: Instance, spare: WaitingLauncher): Promise<void> {
    instance.waiting = spare;
    await spare.launcher.untilReady();
    if (instance.waiting !== spare) return;
    for (const listener of this.#spareListeners) listener(instance.id);
  }

  #dismiss(instance: Instance, waiting: WaitingLauncher): void {
    const { launcher, slot } = waiting;
    const { ordered } = launcher;
    launcher.abort();
    if (instance.waiting === waiting) instance.waiting = null;
    if (!ordered) return;
    if (slot !== null) this.#cgroups?.kill(slot);
    const { run } = instance;
    if (run === null) return;
    run.ordered = null;
    this.#keep(run);
  }

  // Standing orders

  onSpare(listener: (instance: InstanceId) => void): void {
    this.#spareListeners.push(listener);
  }

  order(id: InstanceId): 'none' | 'possible' | 'given' {
    const instance = this.#instances.get(id);
    if (instance?.waiting?.launcher.ordered === true) return 'given';
    return instance !== undefined && this.#orderOf(instance) !== null ? 'possible' : 'none';
  }

  /** What there would be to tell the launcher; null: none can be told. */
  #orderOf({ run, waiting, stop }: Instance): (OrderedRun & { readonly events: string }) | null {
    if (run === null || run.ended || run.stopping || stop !== null) return null;
    if (waiting === null || !waiting.launcher.waits || waiting.launcher.ordered) return null;
    if (!waiting.launcher.isReady) return null;
    const { slot, oomKills } = waiting;
    const before = run.record.slot;
    if (slot === null || before === null || before === slot) return null;
    const { pids } = waiting.spec.limits;
    if (pids !== null && pids < orderPidsMin) return null;
    const events = this.#cgroups?.eventsFile(before) ?? null;
    if (events === null || this.#cgroups?.canKill(slot) !== true) return null;
    return { ...waiting.launcher.ref, slot, oomKills, events };
  }

  giveOrder(id: InstanceId): boolean {
    const instance = this.#instance(id);
    const { run, waiting } = instance;
    const order = this.#orderOf(instance);
    if (run === null || waiting === null || order === null) return false;
    const { events, ...ordered } = order;
    run.ordered = ordered;
    this.#keep(run);
    faultPoint('order.after-run-file');
    // A later controller would not know of the run.
    if (run.unwritten) run.ordered = null;
    else waiting.launcher.order(events);
    faultPoint('order.given');
    void waiting.launcher.ended.then(() => {
      // While the run before lives, what has ended was a launcher still.
      if (instance.waiting === waiting && isAlive(run.ref)) this.withdrawOrder(id);
    });
    return !run.unwritten;
  }

  withdrawOrder(id: InstanceId): boolean {
    const instance = this.#instances.get(id);
    const waiting = instance?.waiting ?? null;
    if (instance === undefined || waiting?.launcher.ordered !== true) return false;
    this.#dismiss(instance, waiting);
    if (instance.run !== null) this.#keepSpare(instance, instance.run, waiting.spec);
    return true;
  }

  // Exits

  onExit(listener: (instance: InstanceId, exit: ExitInfo) => void): void {
    this.#listeners.push(listener);
  }

  #tellExit(instance: Instance, run: Run, status: ExitStatus): void {
    if (this.#closed || run.stopping || instance.run !== run) return;
    if (run.ordered !== null) run.logEnd = this.#logs.begin(instance.id);
    const exit = this.#exitInfo(run.record, status);
    run.exit = exit;
    for (const listener of this.#listeners) listener(instance.id, exit);
    // The next start does not wait for this.
    setImmediate(() => {
      // If it has begun all the same, its file is not to be written over.
      if (instance.run === run && !run.stopping) this.#keep(run);
    });
  }

  /** A stop came to nothing: the end of what goes on running is news again. */
  #goesOn(instance: Instance, run: Run): void {
    run.stopping = false;
    if (run.ended) this.#tellExit(instance, run, statusUnknown);
  }

  /**
   * On a disk that is full or read-only an instance is started all the same: a later controller
   * then doesn't find the run, but its marks, and ends it before it starts another.
   */
  #keep(run: Run): void {
    const { exit, ordered } = run;
    const record = { ...run.record, exit, ...(ordered === null ? {} : { ordered }) };
    try {
      this.#files.write(record);
      run.unwritten = false;
    } catch (error) {
      if (!run.unwritten) this.#tellTrouble(`${record.instance}: its run file`, error);
      run.unwritten = true;
    }
  }

  /** A run file that stays names a process that is gone, and is taken for that. */
  #forget(id: InstanceId): void {
    try {
      this.#files.remove(id);
    } catch (error) {
      this.#tellTrouble(`${id}: its run file`, error);
    }
  }

  #tellTrouble(what: string, error: unknown): void {
    this.#options.onTrouble?.(`${what}: ${errorInfo(error).message}`);
  }

  #exitInfo(record: RunRecord, status: ExitStatus): ExitInfo {
    const thisBoot = record.bootId === this.#bootId;
    const oomKills = record.slot === null ? null : (this.#cgroups?.oomKills(record.slot) ?? null);
    return exitInfo(record, status, {
      lastLines: (count, since) => this.#logs.lastLines(record.instance, count, since),
      oomKills: thisBoot ? oomKills : null,
      thisBoot,
    });
  }

  // Adoption

  async adopt(): Promise<readonly AdoptionResult[]> {
    const records = this.#files.readAll(this.#options.stackId);
    return Promise.all(records.map((record) => this.#adoptOne(record)));
  }

  async #adoptOne({ ordered, ...record }: RunRecord): Promise<AdoptionResult> {
    const instance = this.#instance(record.instance);
    const run = new Run(record);
    instance.run = run;
    if (await this.#stillRuns(run)) {
      if (ordered !== undefined) this.#endOrdered(run, ordered);
      return this.#adopted(instance, run);
    }
    run.markEnded();
    const { startedAt } = record;
    const exit = record.exit ?? this.#exitInfo(record, statusUnknown);
    const next = ordered === undefined ? null : await this.#startedByOrder(run, ordered);
    if (next === null) return { kind: 'gone', instance: record.instance, startedAt, exit };
    instance.run = next;
    this.#keep(next);
    return { ...this.#adopted(instance, next), before: { startedAt, exit } };
  }

  #adopted(instance: Instance, run: Run): Extract<AdoptionResult, { kind: 'adopted' }> {
    const { slot } = run.record;
    const events = slot === null ? null : (this.#cgroups?.eventsFile(slot) ?? null);
    this.#watch.add(run.ref, this.#files.fifo(instance.id, slot), events, () => {
      run.markEnded();
      this.#tellExit(instance, run, statusUnknown);
    });
    return { kind: 'adopted', running: run.describe() };
  }

  /** Of a later controller nobody takes orders: it is no parent of the launcher. */
  #endOrdered(run: Run, { pid, startTicks, slot }: OrderedRun): void {
    signalProcess({ pid, startTicks }, 'SIGKILL');
    if (slot !== run.record.slot) this.#cgroups?.kill(slot);
    this.#keep(run);
  }

  /** Null: the order was not carried out, or what it started has ended as well. */
  async #startedByOrder({ record }: Run, ordered: OrderedRun): Promise<Run | null> {
    const startedAt = this.#options.clock.now();
    const next = new Run({ ...record, ...ordered, startedAt, exit: null });
    return (await this.#stillRuns(next)) ? next : null;
  }

  async #stillRuns(run: Run): Promise<boolean> {
    const { bootId, instance, slot } = run.record;
    const fifos = this.#files.fifos(instance);
    const signs = { mark: this.#launchers.mark(instance), fifos, slot };
    if (bootId !== this.#bootId || !isOurs(run.ref, signs, this.#cgroups)) return false;
    return becameProgram(run.ref, this.#options.clock);
  }

  // Stopping

  stop(id: InstanceId, how: { readonly signal: string; readonly graceMs: number }): Promise<void> {
    const instance = this.#instance(id);
    if (instance.stop !== null) {
      instance.stop.shorten(how.graceMs);
      return instance.stop.done;
    }
    const over = Promise.withResolvers<void>();
    const timers: (() => void)[] = [];
    const shorten = (graceMs: number) => {
      timers.push(this.#options.clock.after(graceMs, over.resolve));
    };
    shorten(how.graceMs);
    const done = this.#stop(instance, how, over.promise).finally(() => {
      instance.stop = null;
      for (const cancel of timers) cancel();
    });
    instance.stop = { done, shorten };
    return done;
  }

  async #stop(
    instance: Instance,
    how: { readonly signal: string; readonly graceMs: number },
    graceOver: Promise<void>,
  ): Promise<void> {
    const signal = signalNamed(how.signal);
    const { run } = instance;
    if (run !== null) run.stopping = true;
    // Before anything of the run is ended: its end would start the next.
    if (instance.waiting !== null) this.#dismiss(instance, instance.waiting);
    await instance.spare;
    const { waiting } = instance;
    if (waiting !== null) this.#dismiss(instance, waiting);
    // While the main process lives, its session and descent tell of more than can be found later.
    const seen = await this.#trees.all(this.#target(instance));
    if (run !== null && !run.ended && how.graceMs > 0 && signalProcess(run.ref, signal)) {
      // A process that was stopped takes no signal until it goes on.
      signalProcess(run.ref, 'SIGCONT');
      faultPoint('stop.after-signal');
      await Promise.race([run.end, graceOver]);
    }
    faultPoint('stop.before-kill');
    try {
      await this.#trees.end(this.#target(instance), seen);
    } catch (error) {
      if (run !== null) this.#goesOn(instance, run);
      throw error;
    }
    this.#forget(instance.id);
    for (const slot of slotsOf(instance.id)) this.#cgroups?.remove(slot);
    run?.markEnded();
    instance.run = null;
  }

  signal(id: InstanceId, signal: string): boolean {
    const run = this.#instances.get(id)?.run;
    return run != null && !run.ended && signalProcess(run.ref, signalNamed(signal));
  }

  // Looking

  async members(id: InstanceId): Promise<readonly number[]> {
    const instance = this.#instances.get(id);
    return instance === undefined ? [] : this.#trees.members(this.#target(instance));
  }

  foreignMembers(id: InstanceId, pid: number): Promise<readonly number[]> {
    return this.#trees.foreign(this.#launchers.mark(id), pid);
  }

  running(id: InstanceId): RunningInstance | null {
    const run = this.#instances.get(id)?.run ?? null;
    return run === null || run.ended ? null : run.describe();
  }

  async inject(id: InstanceId, argv: readonly string[]): Promise<number> {
    const run = this.#instances.get(id)?.run ?? null;
    if (run === null || run.ended) throw new DarumaError('NOT_FOUND', `${id} does not run`);
    return this.#launchers.inject(run.record, argv);
  }

  injectForeign(instance: InstanceId, argv: readonly string[]): Promise<number> {
    return this.#launchers.inject({ instance, slot: null, user: null }, argv);
  }

  // Logs

  async #rotateAll(): Promise<void> {
    const grown = [...this.#instances.values()].filter((instance) => this.#hasGrown(instance));
    await Promise.all(grown.map((instance) => this.#rotate(instance)));
    if (!this.#closed) this.#rotateLater();
  }

  #rotateLater(): void {
    const { clock } = this.#options;
    const now = clock.now();
    const delayMs = nextSlot(now, rotationIntervalMs) - now;
    this.#cancelRotation = clock.after(delayMs, () => this.#rotateAll());
  }

  /** Most logs of most instances don't grow: one question each is enough, without a promise. */
  #hasGrown({ id, run }: Instance): boolean {
    return run !== null && !run.ended && (run.unwritten || this.#logs.hasGrown(id));
  }

  async #rotate(instance: Instance): Promise<void> {
    const { run } = instance;
    if (run === null) return;
    if (run.unwritten) this.#keep(run);
    await this.#logs.rotate(instance.id, run.record.logging);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelRotation();
    this.#watch.close();
    for (const instance of this.#instances.values()) {
      if (instance.waiting !== null) this.#dismiss(instance, instance.waiting);
    }
    await Promise.all([...this.#instances.values()].map(({ spare }) => spare));
    // How runs ended is kept a turn after it was told.
    await new Promise<void>((resolve) => setImmediate(resolve));
    await this.#logs.settle();
  }
}

function signalNamed(name: string): NodeJS.Signals {
  const known = Object.keys(osConstants.signals);
  const isSignal = (text: string): text is NodeJS.Signals => known.includes(text);
  if (isSignal(name)) return name;
  throw new DarumaError('BAD_REQUEST', `there is no signal «${name}»`);
}
