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
 * 4. Exit status of adopted processes: nobody but a parent may collect it, and a wrapper that did
 *    would be one more process per instance, with a pid of its own to signal and to kill. So the
 *    status of what ends under a later controller is told as unknown.
 */
import { execFile } from 'node:child_process';
import { closeSync, constants, existsSync, openSync } from 'node:fs';
import { constants as osConstants } from 'node:os';
import { promisify } from 'node:util';
import { DarumaError } from '../model/errors.ts';
import type { ExitInfo } from '../model/exit.ts';
import type { InstanceId } from '../model/ids.ts';
import type { Layout } from '../model/layout.ts';
import { instanceFileName, instanceLogDir } from '../model/layout.ts';
import type { Clock } from '../ports/clock.ts';
import { faultPoint } from '../ports/fault-point.ts';
import type {
  AdoptionResult,
  LaunchSpec,
  PreparedLaunch,
  Processes,
  RunningInstance,
} from '../ports/processes.ts';
import type { LimitsEnforcement } from './cgroup.ts';
import { Cgroups, nothingEnforced } from './cgroup.ts';
import type { ExitStatus } from './exit-info.ts';
import { exitInfo, statusUnknown } from './exit-info.ts';
import { ExitWatch } from './exit-watch.ts';
import type { Instance, WaitingLauncher } from './instance.ts';
import { Run } from './instance.ts';
import type { TreeTarget } from './instance-tree.ts';
import { InstanceTrees } from './instance-tree.ts';
import { isLauncher, Launcher, spawnInside } from './launcher.ts';
import type { RotationOptions } from './log-rotation.ts';
import { beginRun, canPunchHoles, needsNewFile, openLog, rotateLog } from './log-rotation.ts';
import { lastLines } from './logs.ts';
import { fileKey, isAlive, openFileKey, readBootId, readVariable, signalProcess } from './proc.ts';
import { requireProgram } from './program.ts';
import type { RunRecord } from './run-file.ts';
import { RunFiles } from './run-file.ts';
import { fifoFd, markName, ProcessTables } from './tree.ts';
import { Turnstile } from './turnstile.ts';
import { environmentFor, identityOf } from './user.ts';

const makeFifo = promisify(execFile);
const rotationIntervalMs = 1000;
/** A run that lasted so long gets a launcher for the next start. */
const spareDelayMs = 200;
/** How long a launcher that lost its controller may take to end or to become the program. */
const orphanTimeoutMs = 2000;
const startLines = 20;

export interface ProcessesOptions {
  readonly layout: Layout;
  /** Unique to the state directory. */
  readonly stackId: string;
  readonly clock: Clock;
  /** False: do without cgroups although there are some. */
  readonly cgroups?: boolean;
  /** Keep a launcher ready for the next start of each running instance: a restart then needn't wait
   * for a new process and its cgroup (2 to 20 ms). Costs an idle shell per instance. Default: true. */
  readonly spareLaunchers?: boolean;
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
  readonly #spawns = new Turnstile();
  readonly #instances = new Map<InstanceId, Instance>();
  readonly #listeners: ((instance: InstanceId, exit: ExitInfo) => void)[] = [];
  #punches: Promise<boolean> | null = null;
  #cancelRotation: () => void;
  #closed = false;

  constructor(options: ProcessesOptions) {
    const { clock, layout, stackId } = options;
    this.#options = options;
    this.#files = new RunFiles(layout.runDir);
    this.#cgroups = options.cgroups === false ? null : Cgroups.find(stackId);
    this.limitsEnforcedBy = this.#cgroups?.enforcedBy ?? nothingEnforced;
    this.#trees = new InstanceTrees(this.#cgroups, new ProcessTables(clock), clock);
    this.#watch = new ExitWatch(clock);
    this.#cancelRotation = clock.after(rotationIntervalMs, () => this.#rotateAll());
  }

  #instance(id: InstanceId): Instance {
    const known = this.#instances.get(id);
    if (known !== undefined) return known;
    const made: Instance = {
      id,
      run: null,
      waiting: null,
      stop: null,
      logTurn: Promise.resolve(),
      logFailed: false,
    };
    this.#instances.set(id, made);
    return made;
  }

  #mark(id: InstanceId): string {
    return `${this.#options.stackId}:${id}`;
  }

  #logDir(id: InstanceId): string {
    return instanceLogDir(this.#options.layout.stateDir, id);
  }

  #target(instance: Instance): TreeTarget {
    const { id, run, waiting } = instance;
    const waits = waiting?.launcher.waits === true;
    return {
      instance: id,
      mark: this.#mark(id),
      fifo: this.#files.fifo(id),
      main: run === null || run.ended ? null : run.ref,
      slots: slotsOf(id),
      waiting: waits ? { pid: waiting.launcher.ref.pid, slot: waiting.slot } : null,
    };
  }

  // Starting

  async prepare(spec: LaunchSpec): Promise<PreparedLaunch> {
    const identity = identityOf(spec.user);
    requireProgram(spec.argv[0], spec.workingDir, spec.environment['PATH']);
    const instance = this.#instance(spec.instance);
    await instance.stop?.done;
    await this.#endLeftovers(instance);
    const key = JSON.stringify([spec, identity]);
    const spare = this.#takeSpare(instance, spec, key);
    const waiting = spare ?? (await this.#spawnLauncher(instance, spec, key));
    instance.waiting = waiting;
    return {
      pid: waiting.launcher.ref.pid,
      go: () => this.#go(instance, waiting, spec),
      abort: () => this.#dismiss(instance, waiting),
    };
  }

  /** Also ends a run that still goes on: the caller wants a new one. */
  async #endLeftovers(instance: Instance): Promise<void> {
    const run = instance.run;
    const target = this.#target(instance);
    if ((run === null || run.ended) && (await this.#trees.isEmpty(target))) return;
    if (run !== null) run.stopping = true;
    await this.#trees.end(target, await this.#trees.all(target));
  }

  #takeSpare(instance: Instance, spec: LaunchSpec, key: string): WaitingLauncher | null {
    const { waiting } = instance;
    if (waiting === null) return null;
    const fileServes = !needsNewFile(this.#logDir(spec.instance), spec.logging.maxSizeBytes, true);
    if (waiting.key === key && waiting.launcher.waits && fileServes) return waiting;
    this.#dismiss(instance, waiting);
    return null;
  }

  async #spawnLauncher(
    instance: Instance,
    spec: LaunchSpec,
    key: string,
  ): Promise<WaitingLauncher> {
    const fifo = await this.#openFifo(spec.instance);
    const log = await this.#inLogTurn(instance, () =>
      openLog(this.#logDir(spec.instance), this.#rotation(spec.logging)),
    );
    const [first, second] = slotsOf(spec.instance);
    const slot = instance.run?.record.slot === first ? second : first;
    try {
      await this.#spawns.pass();
      const launcher = await Launcher.spawn({
        ...this.#identified(spec.instance, spec.user, spec.environment),
        argv: spec.argv,
        workingDir: spec.workingDir,
        join: this.#cgroups?.join(slot, spec.limits) ?? [],
        log,
        fifo,
      });
      return { launcher, key, slot: this.#cgroups === null ? null : slot };
    } finally {
      closeSync(log);
      closeSync(fifo);
    }
  }

  #identified(id: InstanceId, user: string | null, environment: Readonly<Record<string, string>>) {
    const identity = identityOf(user);
    const marked = { ...environment, [markName]: this.#mark(id) };
    return { identity, environment: environmentFor(identity, marked) };
  }

  /** Opened for reading too, or the opening would wait for a reader. */
  async #openFifo(id: InstanceId): Promise<number> {
    const path = this.#files.fifo(id);
    if (!existsSync(path)) {
      await this.#spawns.pass();
      await makeFifo('mkfifo', ['-m', '600', path]);
    }
    return openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  }

  async #go(
    instance: Instance,
    waiting: WaitingLauncher,
    spec: LaunchSpec,
  ): Promise<RunningInstance> {
    if (!waiting.launcher.waits) {
      throw new DarumaError('START_FAILED', `${instance.id}: its launcher was ended`);
    }
    const run = new Run(this.#record(waiting, spec));
    faultPoint('launch.before-run-file');
    this.#files.write(run.record);
    faultPoint('launch.after-run-file');
    instance.run = run;
    instance.waiting = null;
    const opened = waiting.launcher.open(spec.argv[0] ?? '');
    waiting.launcher.onExit((status) => {
      run.markEnded();
      // Whoever waits for `go` hears of the start before the end.
      const report = () => setImmediate(() => this.#tellExit(instance, run, status));
      opened.then(report, () => undefined);
    });
    try {
      await opened;
    } catch (error) {
      this.#files.remove(instance.id);
      throw this.#withOutput(error, run.record);
    }
    this.#keepSpare(instance, run, spec, waiting.key);
    return run.describe();
  }

  #record(waiting: WaitingLauncher, spec: LaunchSpec): RunRecord {
    const { launcher, slot } = waiting;
    const { instance, port, user, logging } = spec;
    return {
      ...launcher.ref,
      ...{ instance, port, user, logging, slot },
      stackId: this.#options.stackId,
      bootId: this.#bootId,
      startedAt: this.#options.clock.now(),
      logOffset: beginRun(this.#logDir(instance)),
      oomKills: slot === null ? null : (this.#cgroups?.oomKills(slot) ?? null),
      exit: null,
    };
  }

  /** What the shell said of the program that it couldn't run is in the log. */
  #withOutput(error: unknown, record: RunRecord): unknown {
    if (!(error instanceof DarumaError)) return error;
    const lines = lastLines(this.#logDir(record.instance), startLines, record.logOffset);
    return lines.length === 0
      ? error
      : new DarumaError(error.code, `${error.message}: ${lines.join('; ')}`);
  }

  #keepSpare(instance: Instance, run: Run, spec: LaunchSpec, key: string): void {
    if (this.#options.spareLaunchers === false) return;
    const wanted = () =>
      !this.#closed && instance.run === run && !run.ended && !run.stopping && !instance.waiting;
    this.#options.clock.after(spareDelayMs, async () => {
      if (!wanted()) return;
      try {
        const spare = await this.#spawnLauncher(instance, spec, key);
        if (wanted()) instance.waiting = spare;
        else spare.launcher.abort();
      } catch (error) {
        this.#options.onTrouble?.(`${instance.id}: no launcher for the next start: ${error}`);
      }
    });
  }

  #dismiss(instance: Instance, waiting: WaitingLauncher): void {
    waiting.launcher.abort();
    if (instance.waiting === waiting) instance.waiting = null;
  }

  // Exits

  onExit(listener: (instance: InstanceId, exit: ExitInfo) => void): void {
    this.#listeners.push(listener);
  }

  #tellExit(instance: Instance, run: Run, status: ExitStatus): void {
    if (this.#closed || run.stopping || instance.run !== run) return;
    const exit = this.#exitInfo(run.record, status);
    for (const listener of this.#listeners) listener(instance.id, exit);
    // A listener may have begun the next run; its file is not to be written over.
    if (instance.run === run && !run.stopping) this.#files.write({ ...run.record, exit });
  }

  #exitInfo(record: RunRecord, status: ExitStatus): ExitInfo {
    const thisBoot = record.bootId === this.#bootId;
    const oomKills = record.slot === null ? null : (this.#cgroups?.oomKills(record.slot) ?? null);
    return exitInfo(record, status, {
      logDir: this.#logDir(record.instance),
      oomKills: thisBoot ? oomKills : null,
      thisBoot,
    });
  }

  // Adoption

  async adopt(): Promise<readonly AdoptionResult[]> {
    const records = this.#files.readAll(this.#options.stackId);
    return Promise.all(records.map((record) => this.#adoptOne(record)));
  }

  async #adoptOne(record: RunRecord): Promise<AdoptionResult> {
    const instance = this.#instance(record.instance);
    const run = new Run(record);
    instance.run = run;
    if (await this.#stillRuns(run)) {
      const fifo = this.#files.fifo(record.instance);
      const events = record.slot === null ? null : (this.#cgroups?.eventsFile(record.slot) ?? null);
      this.#watch.add(run.ref, fifo, events, () => {
        run.markEnded();
        this.#tellExit(instance, run, statusUnknown);
      });
      return { kind: 'adopted', running: run.describe() };
    }
    run.markEnded();
    const exit = record.exit ?? this.#exitInfo(record, statusUnknown);
    return { kind: 'gone', instance: record.instance, exit };
  }

  async #stillRuns(run: Run): Promise<boolean> {
    if (run.record.bootId !== this.#bootId || !this.#carriesOurSigns(run)) return false;
    // A launcher whose controller died: it ends, or was given the word and becomes the program.
    const deadline = this.#options.clock.now() + orphanTimeoutMs;
    while (isAlive(run.ref) && isLauncher(run.ref.pid)) {
      if (this.#options.clock.now() > deadline) signalProcess(run.ref, 'SIGKILL');
      await new Promise<void>((resolve) => this.#options.clock.after(2, resolve));
    }
    return isAlive(run.ref);
  }

  #carriesOurSigns(run: Run): boolean {
    if (!isAlive(run.ref)) return false;
    const { pid } = run.ref;
    const { instance, slot } = run.record;
    if (readVariable(pid, markName) === this.#mark(instance)) return true;
    if (slot !== null && this.#cgroups?.pids(slot).includes(pid)) return true;
    const key = openFileKey(pid, fifoFd);
    return key !== null && key === fileKey(this.#files.fifo(instance));
  }

  // Stopping

  stop(id: InstanceId, how: { readonly signal: string; readonly graceMs: number }): Promise<void> {
    const instance = this.#instance(id);
    if (instance.stop !== null) {
      instance.stop.shorten(how.graceMs);
      return instance.stop.done;
    }
    const over = Promise.withResolvers<void>();
    const shorten = (graceMs: number) => {
      this.#options.clock.after(graceMs, over.resolve);
    };
    shorten(how.graceMs);
    const done = this.#stop(instance, how, over.promise).finally(() => {
      instance.stop = null;
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
    const { run, waiting } = instance;
    if (waiting !== null) this.#dismiss(instance, waiting);
    if (run !== null) run.stopping = true;
    // While the main process lives, its session and descent tell of more than can be found later.
    const seen = await this.#trees.all(this.#target(instance));
    if (run !== null && !run.ended && how.graceMs > 0 && signalProcess(run.ref, signal)) {
      // A process that was stopped takes no signal until it goes on.
      signalProcess(run.ref, 'SIGCONT');
      faultPoint('stop.after-signal');
      await Promise.race([run.end, graceOver]);
    }
    faultPoint('stop.before-kill');
    await this.#trees.end(this.#target(instance), seen);
    this.#files.remove(instance.id);
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

  running(id: InstanceId): RunningInstance | null {
    const run = this.#instances.get(id)?.run ?? null;
    return run === null || run.ended ? null : run.describe();
  }

  async inject(id: InstanceId, argv: readonly string[]): Promise<number> {
    const run = this.#instances.get(id)?.run ?? null;
    if (run === null || run.ended) throw new DarumaError('NOT_FOUND', `${id} does not run`);
    const { slot, user } = run.record;
    const environment = Object.fromEntries(
      Object.entries(process.env).flatMap(([name, value]) => (value ? [[name, value]] : [])),
    );
    const fifo = await this.#openFifo(id);
    const log = openSync('/dev/null', 'w');
    try {
      const join = slot === null ? [] : (this.#cgroups?.joinFiles(slot) ?? []);
      const identified = this.#identified(id, user, environment);
      return await spawnInside({ ...identified, argv, workingDir: '/', join, log, fifo });
    } finally {
      closeSync(log);
      closeSync(fifo);
    }
  }

  // Logs

  #rotation(logging: LaunchSpec['logging']): RotationOptions {
    const canPunch = () => {
      this.#punches ??= canPunchHoles(this.#options.layout.logsDir);
      return this.#punches;
    };
    return { ...logging, canPunch };
  }

  #inLogTurn<T>(instance: Instance, work: () => Promise<T>): Promise<T> {
    const turn = instance.logTurn.then(work);
    instance.logTurn = turn.catch(() => undefined);
    return turn;
  }

  async #rotateAll(): Promise<void> {
    const running = [...this.#instances.values()].filter(({ run }) => run !== null && !run.ended);
    await Promise.all(running.map((instance) => this.#rotate(instance)));
    if (this.#closed) return;
    const { clock } = this.#options;
    this.#cancelRotation = clock.after(rotationIntervalMs, () => this.#rotateAll());
  }

  async #rotate(instance: Instance): Promise<void> {
    const { run } = instance;
    if (run === null) return;
    const options = this.#rotation(run.record.logging);
    try {
      await this.#inLogTurn(instance, () => rotateLog(this.#logDir(instance.id), options));
      instance.logFailed = false;
    } catch (error) {
      // Nothing is lost by it: the live file grows until a later turn succeeds.
      if (instance.logFailed) return;
      instance.logFailed = true;
      this.#options.onTrouble?.(`${instance.id}: its log can't be rotated: ${error}`);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelRotation();
    this.#watch.close();
    for (const instance of this.#instances.values()) {
      if (instance.waiting !== null) this.#dismiss(instance, instance.waiting);
    }
    await Promise.all([...this.#instances.values()].map(({ logTurn }) => logTurn));
  }
}

/** An instance's two cgroups; no name of a service holds an `@`. */
function slotsOf(id: InstanceId): readonly [string, string] {
  const name = instanceFileName(id);
  return [`${name}@0`, `${name}@1`];
}

function signalNamed(name: string): NodeJS.Signals {
  const known = Object.keys(osConstants.signals);
  const isSignal = (text: string): text is NodeJS.Signals => known.includes(text);
  if (isSignal(name)) return name;
  throw new DarumaError('BAD_REQUEST', `there is no signal «${name}»`);
}
