/**
 * Measures the whole process tree of one instance. Cheap by design: each second one read per
 * process (`/proc/PID/stat` holds time, memory and threads); what costs more is read more rarely,
 * or only when an expression asks for it. What is one process that did not run since has no other
 * members, files or transfers than it had. A process that came and went between two samples is not
 * seen.
 */
import { readdirSync, statSync } from 'node:fs';
import type { SignalName } from '../model/sample.ts';
import type { Clock } from '../ports/clock.ts';
import type { WatchedInstance } from '../ports/observer.ts';
import {
  livingStat,
  type ProcessStat,
  pageBytes,
  readProc,
  StatFile,
  ticksPerSecond,
} from './procfs.ts';

export interface TreeNeeds {
  /** Proportional set size: slow to read, so only on demand. */
  readonly pss: boolean;
  /** Descriptors and input/output each second instead of every few. */
  readonly files: boolean;
}

/** A list of members that took long to make is made more rarely. */
const membersCostFactor = 100;
const membersQuickMs = 3_000;
const membersSlowMs = 10_000;
/** Where nobody asks and nothing changes. */
const membersSlowestMs = 40_000;
const filesMs = 10_000;

export class ProcessTree {
  readonly #clock: Clock;
  readonly #watched: WatchedInstance;
  readonly #needs: TreeNeeds;
  readonly #main: StatFile | null;
  readonly #watchful: boolean;
  #membersMs: number;
  #members: readonly number[];
  #membersDueAt: number;
  #filesDueAt = 0;
  #files: readonly FilesUse[] = [];
  /** See StatFile; as of before its members and its files were last looked at. */
  #membersRuns: number | null = null;
  #filesRuns: number | null = null;
  #ticks = new Counters();
  #read = new Counters();
  #written = new Counters();

  constructor(clock: Clock, watched: WatchedInstance, needs: TreeNeeds, watchful: boolean) {
    this.#clock = clock;
    this.#watched = watched;
    this.#needs = needs;
    this.#watchful = watchful;
    this.#membersMs = watchful ? membersQuickMs : membersSlowMs;
    this.#main = watched.pid === null ? null : new StatFile(watched.pid);
    this.#members = watched.pid === null ? [] : [watched.pid];
    this.#membersDueAt = clock.now();
  }

  get members(): readonly number[] {
    return this.#members;
  }

  close(): void {
    this.#main?.close();
  }

  /** Reads everything that is due and gives each value; returns the main process's state letter, or
   * null when it is gone or there is none. */
  sample(now: number, give: (signal: SignalName, value: number) => void): string | null {
    if (now >= this.#membersDueAt && !this.#stands(this.#membersRuns)) this.#refreshMembers(now);
    let mainState: string | null = null;
    let processes = 0;
    let threads = 0;
    let pages = 0;
    for (const pid of this.#members) {
      const stat = this.#stat(pid);
      if (stat === null) continue;
      if (pid === this.#watched.pid) mainState = stat.state;
      processes += 1;
      threads += stat.threads;
      pages += stat.residentPages;
      this.#ticks.add(pid, stat.cpuTicks);
    }
    const ticks = this.#ticks.rate(now);
    if (processes > 0) {
      if (ticks !== null) give('cpu', ticks / ticksPerSecond());
      give('memory.rss', pages * pageBytes());
      give('threads', threads);
      give('processes', processes);
      this.#sampleRest(now, give);
    }
    return mainState;
  }

  /** Its main process is all there is, and did not run since. */
  #stands(runs: number | null): boolean {
    const isAlone = this.#members.length === 1 && this.#members[0] === this.#watched.pid;
    return isAlone && runs !== null && runs === this.#main?.runs;
  }

  #stat(pid: number): ProcessStat | null {
    return pid === this.#watched.pid && this.#main !== null ? this.#main.read() : livingStat(pid);
  }

  #sampleRest(now: number, give: (signal: SignalName, value: number) => void): void {
    give('uptime', (now - this.#watched.startedAt) / 1_000);
    if (this.#needs.pss) {
      const pss = sum(this.#members, proportionalBytes);
      if (pss !== null) give('memory.pss', pss);
    }
    if (!this.#needs.files && now < this.#filesDueAt) return;
    this.#filesDueAt = now + filesMs;
    if (!this.#stands(this.#filesRuns)) {
      this.#filesRuns = this.#main?.runs ?? null;
      this.#files = this.#members.map(filesUse);
    }
    const descriptors = sum(this.#files, (one) => one.descriptors);
    if (descriptors !== null) give('descriptors', descriptors);
    for (const { pid, readBytes, writtenBytes } of this.#files) {
      if (readBytes !== null) this.#read.add(pid, readBytes);
      if (writtenBytes !== null) this.#written.add(pid, writtenBytes);
    }
    const read = this.#read.rate(now);
    const written = this.#written.rate(now);
    if (read !== null) give('io.read', read);
    if (written !== null) give('io.write', written);
  }

  #refreshMembers(now: number): void {
    this.#membersDueAt = Number.POSITIVE_INFINITY;
    this.#membersRuns = this.#main?.runs ?? null;
    const done = (members: readonly number[]): void => {
      const tookMs = this.#clock.now() - now;
      if (!this.#watchful) this.#membersMs = nextSlowMs(this.#membersMs, this.#members, members);
      this.#membersDueAt = now + Math.max(this.#membersMs, tookMs * membersCostFactor);
      this.#members = members;
    };
    // Members that can't be told now are asked for again; till then the known ones are measured.
    this.#watched.members().then(done, () => done(this.#members));
  }
}

function nextSlowMs(ms: number, before: readonly number[], after: readonly number[]): number {
  const same = before.length === after.length && before.every((pid, at) => pid === after[at]);
  return same ? Math.min(membersSlowestMs, ms * 2) : membersSlowMs;
}

/** Counters of several processes that only grow, together as a rate per second. */
class Counters {
  #before = new Map<number, number>();
  #now = new Map<number, number>();
  #at: number | null = null;
  #grown = 0;

  add(pid: number, value: number): void {
    this.#grown += Math.max(0, value - (this.#before.get(pid) ?? value));
    this.#now.set(pid, value);
  }

  /** Since the last call; null: this is the first, or nothing was added. */
  rate(at: number): number | null {
    const sinceMs = this.#at === null || this.#before.size === 0 ? 0 : at - this.#at;
    const rate = sinceMs > 0 ? (this.#grown * 1_000) / sinceMs : null;
    this.#at = at;
    this.#grown = 0;
    [this.#before, this.#now] = [this.#now, this.#before];
    this.#now.clear();
    return rate;
  }
}

/** Of those that can be read; null: none can. */
function sum<T>(all: readonly T[], measure: (one: T) => number | null): number | null {
  let total: number | null = null;
  for (const each of all) {
    const one = measure(each);
    if (one !== null) total = (total ?? 0) + one;
  }
  return total;
}

/** Null: it can't be read. */
interface FilesUse {
  readonly pid: number;
  readonly descriptors: number | null;
  readonly readBytes: number | null;
  readonly writtenBytes: number | null;
}

function filesUse(pid: number): FilesUse {
  const io = readProc(`/proc/${pid}/io`);
  return {
    pid,
    descriptors: openDescriptors(pid),
    readBytes: io === null ? null : number(io, 'read_bytes: '),
    writtenBytes: io === null ? null : number(io, '\nwrite_bytes: '),
  };
}

function proportionalBytes(pid: number): number | null {
  const text = readProc(`/proc/${pid}/smaps_rollup`);
  return text === null ? null : number(text, '\nPss:') * 1_024;
}

/** Since Linux 6.2 the directory's size is the count; before, it is 0 and has to be listed. */
function openDescriptors(pid: number): number | null {
  try {
    const path = `/proc/${pid}/fd`;
    return statSync(path).size || readdirSync(path).length;
  } catch {
    // Gone, or a process of somebody else: its descriptors are not known.
    return null;
  }
}

/** The number that follows a label. */
function number(text: string, label: string): number {
  const at = text.indexOf(label);
  return at === -1 ? 0 : Number.parseInt(text.slice(at + label.length), 10);
}
