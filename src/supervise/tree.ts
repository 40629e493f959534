/**
 * Which processes belong to an instance, however they were started.
 *
 * A process belongs to it when it is in the instance's cgroup; or carries its mark in the
 * environment it was started with; or holds one of its FIFOs (programs such as PostgreSQL overwrite
 * their environment with a title); or descends from such a process; or is in the session of the
 * main process while that lives. Where there is a cgroup, it alone already holds them all; the
 * other signs are asked too before a tree counts as ended.
 */
import type { Clock } from '../ports/clock.ts';
import type { ProcessRef, ProcessStat } from './proc.ts';
import { fileKey, openFileKey, processIds, readStat, readVariable } from './proc.ts';

/** Environment variable of every process of an instance: `STACK:INSTANCE`. */
export const markName = 'DARUMA_INSTANCE';
/** The file descriptor of the FIFO in every process of an instance. */
export const fifoFd = 4;

export interface TreeSigns {
  readonly mark: string;
  readonly fifos: readonly string[];
  readonly main: ProcessRef | null;
  /** Not of the tree although they carry its signs: launchers that wait. */
  readonly except: ReadonlySet<number>;
}

interface MarkedProcess extends ProcessStat {
  readonly mark: string | null;
  readonly fifoKey: string | null;
}

/** All processes of the system at one time. */
export type ProcessTable = readonly MarkedProcess[];

const processesPerTurn = 100;

/** Reads all of `/proc`, 10 to 20 µs per process, without holding up the event loop. */
async function readProcessTable(): Promise<ProcessTable> {
  const table: MarkedProcess[] = [];
  for (const [index, pid] of processIds().entries()) {
    const stat = readStat(pid);
    if (stat !== null && !stat.ended) {
      const mark = readVariable(pid, markName);
      table.push({ ...stat, mark, fifoKey: openFileKey(pid, fifoFd) });
    }
    if (index % processesPerTurn === processesPerTurn - 1) await new Promise(setImmediate);
  }
  return table;
}

/** Reads tables for many who ask at the same time. */
export class ProcessTables {
  readonly #clock: Clock;
  #running: Promise<ProcessTable> | null = null;
  #queued: Promise<ProcessTable> | null = null;
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A table whose reading begins after this call. */
  fresh(): Promise<ProcessTable> {
    this.#queued ??= this.#readNext();
    return this.#queued;
  }

  /** A table at most so old. */
  recent(ageMsMax: number): Promise<ProcessTable> {
    const recent = this.#clock.now() - this.#readAt <= ageMsMax ? this.#running : null;
    return recent ?? this.fresh();
  }

  async #readNext(): Promise<ProcessTable> {
    await this.#running;
    this.#queued = null;
    this.#readAt = this.#clock.now();
    this.#running = readProcessTable();
    return this.#running;
  }
}

/** The processes of the table that belong to the instance, main process first. */
export function treeOf(table: ProcessTable, signs: TreeSigns): readonly ProcessRef[] {
  const { main } = signs;
  const fifoKeys = signs.fifos.map(fileKey).filter((key) => key !== null);
  const mainLives = table.some((each) => isSame(each, main));
  const found = new Map<number, ProcessRef>();
  const belongs = (each: MarkedProcess) =>
    isSame(each, main) ||
    each.mark === signs.mark ||
    (each.fifoKey !== null && fifoKeys.includes(each.fifoKey)) ||
    (mainLives && each.session === main?.pid) ||
    found.has(each.ppid);
  let before: number;
  do {
    before = found.size;
    for (const each of table) {
      if (found.has(each.pid) || signs.except.has(each.pid) || each.pid === process.pid) continue;
      if (belongs(each)) found.set(each.pid, { pid: each.pid, startTicks: each.startTicks });
    }
  } while (found.size > before);
  return [...found.values()].sort((a, b) => Number(isSame(b, main)) - Number(isSame(a, main)));
}

function isSame(each: ProcessRef, ref: ProcessRef | null): boolean {
  return ref !== null && each.pid === ref.pid && each.startTicks === ref.startTicks;
}
