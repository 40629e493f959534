/** Finds, and ends, all processes of one instance: see tree.ts for what belongs to it. */
import { DarumaError } from '../model/errors.ts';
import type { InstanceId } from '../model/ids.ts';
import type { Clock } from '../ports/clock.ts';
import type { Cgroups } from './cgroup.ts';
import type { ProcessRef } from './proc.ts';
import { isAlive, readStat, signalProcess } from './proc.ts';
import type { ProcessTables } from './tree.ts';
import { treeOf } from './tree.ts';

/** How long a killed process may take to be gone (one in uninterruptible sleep takes its time). */
const killTimeoutMs = 10_000;
/** `members` may be this old where every process of the system has to be looked at. */
const membersAgeMs = 500;
/** So may the look for what is left of an earlier controller's instances, shared by all of them. */
const firstLookAgeMs = 2000;

export interface TreeTarget {
  readonly instance: InstanceId;
  readonly mark: string;
  readonly fifos: readonly string[];
  /** The main process while it runs. */
  readonly main: ProcessRef | null;
  /** Names of its cgroups. */
  readonly slots: readonly string[];
  /** All that it ever started was started there: nothing else has to be looked at. */
  readonly confined: boolean;
  /** A launcher that waits for its turn, and the slot that it waits in. */
  readonly waiting: { readonly pid: number; readonly slot: string | null } | null;
}

export class InstanceTrees {
  readonly #cgroups: Cgroups | null;
  readonly #tables: ProcessTables;
  readonly #clock: Clock;

  constructor(cgroups: Cgroups | null, tables: ProcessTables, clock: Clock) {
    this.#cgroups = cgroups;
    this.#tables = tables;
    this.#clock = clock;
  }

  #busySlots(target: TreeTarget): readonly string[] {
    const cgroups = this.#cgroups;
    if (cgroups === null) return [];
    const slots = target.slots.filter((slot) => slot !== target.waiting?.slot);
    return slots.filter((slot) => !cgroups.isEmpty(slot));
  }

  #inCgroup(target: TreeTarget): readonly ProcessRef[] {
    const pids = this.#busySlots(target).flatMap((slot) => this.#cgroups?.pids(slot) ?? []);
    return pids.flatMap((pid) => {
      const stat = readStat(pid);
      return stat === null || stat.ended ? [] : [{ pid, startTicks: stat.startTicks }];
    });
  }

  /** By the cgroup where there is one; looks at every process of the system where there is none. */
  async members(target: TreeTarget): Promise<readonly number[]> {
    const refs = target.confined ? this.#inCgroup(target) : await this.#recentBySigns(target);
    const pids = refs.map(({ pid }) => pid);
    const first = target.main?.pid;
    return first === undefined || !pids.includes(first)
      ? pids
      : [first, ...pids.filter((pid) => pid !== first)];
  }

  /** Of a process that somebody else started, whose FIFO and cgroup are none of ours. */
  async foreign(mark: string, pid: number): Promise<readonly number[]> {
    const main = readStat(pid);
    if (main === null || main.ended) return [];
    const table = await this.#tables.recent(membersAgeMs);
    return treeOf(table, { mark, fifos: [], main, except: new Set() }).map((ref) => ref.pid);
  }

  async #recentBySigns(target: TreeTarget): Promise<readonly ProcessRef[]> {
    const { main } = target;
    const recent = this.#bySigns(target, await this.#tables.recent(membersAgeMs));
    // It may have been started since.
    const hasMain = main === null || recent.some(({ pid }) => pid === main.pid);
    return hasMain ? recent : this.#bySigns(target, await this.#tables.fresh());
  }

  #bySigns(target: TreeTarget, table: Parameters<typeof treeOf>[0]): readonly ProcessRef[] {
    const except = new Set(target.waiting === null ? [] : [target.waiting.pid]);
    return treeOf(table, { ...target, except });
  }

  /** By every sign there is, as of now. */
  async all(target: TreeTarget): Promise<readonly ProcessRef[]> {
    const bySigns = this.#bySigns(target, await this.#tables.fresh());
    const inCgroup = this.#inCgroup(target);
    const known = new Set(bySigns.map(({ pid }) => pid));
    return [...bySigns, ...inCgroup.filter(({ pid }) => !known.has(pid))];
  }

  /** Whether nothing of it is left; quick where there is a cgroup. `ranBefore`: we know of a run;
   * otherwise anything that is left is older than we are, and needn't be looked for again. */
  async isEmpty(target: TreeTarget, ranBefore: boolean): Promise<boolean> {
    if (target.confined) return this.#busySlots(target).length === 0;
    const tables = this.#tables;
    const table = await (ranBefore ? tables.fresh() : tables.recent(firstLookAgeMs));
    return this.#bySigns(target, table).length === 0;
  }

  /**
   * Kills until two looks in a row find nothing. `seen`: processes that belonged to it and may no
   * longer show any sign. Rejects with STOP_FAILED, naming what could not be killed.
   */
  async end(target: TreeTarget, seen: readonly ProcessRef[]): Promise<void> {
    const deadline = this.#clock.now() + killTimeoutMs;
    let pauseMs = 1;
    for (let clean = 0; clean < 2; ) {
      const found = await this.all(target);
      const left = [...found, ...seen.filter((ref) => isAlive(ref))];
      clean = left.length === 0 ? clean + 1 : 0;
      if (left.length === 0) continue;
      if (this.#clock.now() > deadline) throw stopFailed(target.instance, left);
      for (const slot of this.#busySlots(target)) this.#cgroups?.kill(slot);
      for (const ref of left) signalProcess(ref, 'SIGKILL');
      await new Promise<void>((resolve) => this.#clock.after(pauseMs, resolve));
      pauseMs = Math.min(50, pauseMs * 2);
    }
  }
}

function stopFailed(instance: InstanceId, left: readonly ProcessRef[]): DarumaError {
  const pids = [...new Set(left.map(({ pid }) => pid))].join(', ');
  const seconds = killTimeoutMs / 1000;
  const text = `${instance}: still running ${seconds} s after SIGKILL: process ${pids}`;
  return new DarumaError('STOP_FAILED', text);
}
