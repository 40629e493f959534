/** What is known of one instance while the controller runs. */

import type { ExitInfo } from '../model/exit.ts';
import type { InstanceId } from '../model/ids.ts';
import type { LaunchSpec, RunningInstance } from '../ports/processes.ts';
import type { Launcher } from './launcher.ts';
import type { ProcessRef } from './proc.ts';
import type { OrderedRun, RunRecord } from './run-file.ts';
import type { Identity } from './user.ts';

/** One run of its program, from the opening of the gate. */
export class Run {
  readonly record: RunRecord;
  readonly ref: ProcessRef;
  /** Resolves when the main process has ended. */
  readonly end: Promise<void>;
  /** Its run file could not be written (disk full or read-only): to be tried again. */
  unwritten = false;
  /** How it ended, as soon as that is known. */
  exit: ExitInfo | null;
  /** The launcher that starts the next run by itself. */
  ordered: OrderedRun | null = null;
  /** Where its output ended, and that of the next run begins; null: not looked at. */
  logEnd: number | null = null;
  /** We end it, so its end is no news. */
  stopping = false;
  #ended = false;
  #resolveEnd: () => void = () => undefined;

  constructor(record: RunRecord) {
    this.record = record;
    this.exit = record.exit;
    this.ref = { pid: record.pid, startTicks: record.startTicks };
    this.end = new Promise((resolve) => {
      this.#resolveEnd = resolve;
    });
  }

  get ended(): boolean {
    return this.#ended;
  }

  markEnded(): void {
    this.#ended = true;
    this.#resolveEnd();
  }

  describe(): RunningInstance {
    const { instance, pid, port, startedAt, logOffset } = this.record;
    return { instance, pid, port, startedAt, logOffset };
  }
}

/** A launcher at its gate. */
export interface WaitingLauncher {
  readonly launcher: Launcher;
  /** What it was made from, and as whom: it serves only the same again. */
  readonly spec: LaunchSpec;
  readonly identity: Identity | null;
  readonly slot: string | null;
  /** Kills by the out-of-memory killer that its cgroup had counted before. */
  readonly oomKills: number | null;
}

/** A stop under way; whoever asks again shares it. */
export interface Stop {
  readonly done: Promise<void>;
  /** Lets the grace period end so much from now, if that is sooner. */
  readonly shorten: (graceMs: number) => void;
}

export interface Instance {
  readonly id: InstanceId;
  /** The present or last run. */
  run: Run | null;
  /** Handed out by `prepare`, or kept ready for the next start. */
  waiting: WaitingLauncher | null;
  /** The making of a launcher for the next start, under way. */
  spare: Promise<void> | null;
  stop: Stop | null;
}
