/** Processes of instances: start exactly once, adopt, notice exits, stop whole trees. */
import type { ExitInfo } from '../model/exit.ts';
import type { InstanceId } from '../model/ids.ts';
import type { LimitsSpec, LoggingSpec } from '../model/stack-spec.ts';

/** Who holds instances to which limit; null: nobody, what can be is to be watched. */
export type LimitsEnforcement = Readonly<
  Record<'memory' | 'cpu' | 'pids', 'cgroup v1' | 'cgroup v2' | null>
>;

export interface LaunchSpec {
  readonly instance: InstanceId;
  /** No shell, no template left in it. */
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDir: string;
  readonly user: string | null;
  readonly limits: LimitsSpec;
  readonly logging: LoggingSpec;
  /** Kept with the run file and given back on adoption. */
  readonly port: number | null;
}

/** A gated launcher: a process that waits and becomes the program only when told to. */
export interface PreparedLaunch {
  readonly pid: number;
  /** Opens the gate. Resolves when the program runs (exec done); rejects with START_FAILED. */
  go(): Promise<RunningInstance>;
  /** Ends the launcher; nothing was run. */
  abort(): void;
}

export interface RunningInstance {
  readonly instance: InstanceId;
  readonly pid: number;
  readonly port: number | null;
  /** Stack time. */
  readonly startedAt: number;
  /** Where in its log this run began. */
  readonly logOffset?: number;
}

export interface Processes {
  /** Whatever is left of an earlier run of the instance is ended first. Rejects with START_FAILED
   * (no such program, no such directory), USER_UNKNOWN. */
  prepare(spec: LaunchSpec): Promise<PreparedLaunch>;
  /** Looks at the run files: what still runs is adopted (pid and start time agree); of what is gone
   * the exit is told as far as known. Called once, before anything else. */
  adopt(): Promise<readonly AdoptionResult[]>;
  /** Stop signal to the main process, the grace period, then the whole tree is killed. Resolves
   * when no process of the tree is left, or none ran; rejects with STOP_FAILED. */
  stop(
    instance: InstanceId,
    how: { readonly signal: string; readonly graceMs: number },
  ): Promise<void>;
  /** Sends a signal to the main process (drills). False: it doesn't run. */
  signal(instance: InstanceId, signal: string): boolean;
  /** Starts a process inside the tree of a running instance (drills); ends with the tree. Resolves
   * with its pid; rejects with NOT_FOUND when the instance doesn't run. */
  inject(instance: InstanceId, argv: readonly string[]): Promise<number>;
  /** The same of an instance that somebody else runs; ends with the machine, or by a signal. */
  injectForeign(instance: InstanceId, argv: readonly string[]): Promise<number>;
  /** All living processes of the instance's tree, main process first. */
  members(instance: InstanceId): Promise<readonly number[]>;
  /** The same of one that somebody else runs: its process, what descends from that, what is in its
   * session, and what carries the instance's mark (drills). */
  foreignMembers(instance: InstanceId, pid: number): Promise<readonly number[]>;
  running(instance: InstanceId): RunningInstance | null;
  /** Called once per run, as soon as the main process ended, also for adopted ones. Not called for
   * an end that `stop` brought about. */
  onExit(listener: (instance: InstanceId, exit: ExitInfo) => void): void;
  /** Calls back when a launcher waits for the next start of an instance that runs. */
  onSpare(listener: (instance: InstanceId) => void): void;
  /** See `giveOrder`. `possible`: a launcher waits that could be given one. */
  order(instance: InstanceId): 'none' | 'possible' | 'given';
  /** Orders the launcher that waits to become the program by itself, once, as soon as nothing of
   * the present run is left, also when nobody supervises it any more. The next `prepare` and `go`
   * then find it. False: it can't be given. */
  giveOrder(instance: InstanceId): boolean;
  /** When this returns, the order is not carried out any more; if it was, the program is killed
   * with its tree. False: there was none. `stop` and a `prepare` with another spec do the same. */
  withdrawOrder(instance: InstanceId): boolean;
  /** Lets go of everything without ending any instance. */
  close(): Promise<void>;
}

export type AdoptionResult =
  | {
      readonly kind: 'adopted';
      readonly running: RunningInstance;
      /** The run that ended meanwhile, and which this one follows by an order; absent: none did. */
      readonly before?: { readonly startedAt: number; readonly exit: ExitInfo };
    }
  | {
      readonly kind: 'gone';
      readonly instance: InstanceId;
      /** Of the run that ended; stack time. */
      readonly startedAt: number;
      readonly exit: ExitInfo;
    };
