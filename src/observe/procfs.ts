/**
 * Reads /proc cheaply: synchronously, into one buffer, one small file at a time. These files are
 * made by the kernel in memory and never wait for a disk; the callers take turns with the loop.
 */
import { closeSync, openSync, readSync } from 'node:fs';

export interface ProcessStat {
  /** `R`, `S`, `D`, `T` (stopped), `Z` (ended, not collected), … */
  readonly state: string;
  /** User and system time since its start, in clock ticks. */
  readonly cpuTicks: number;
  readonly threads: number;
  readonly residentPages: number;
}

const buffer = Buffer.allocUnsafe(64 * 1024);

/** The text of a file of /proc (at most 64 KiB); null: it can't be read, or is gone. */
export function readProc(path: string): string | null {
  let file: number | null = null;
  try {
    file = openSync(path, 'r');
    return buffer.toString('latin1', 0, readSync(file, buffer, 0, buffer.length, 0));
  } catch {
    // Processes come and go, and not all of their files are ours to read: the value is not known.
    return null;
  } finally {
    if (file !== null) closeSync(file);
  }
}

/** Null: gone, or ended and not yet collected. */
export function livingStat(pid: number): ProcessStat | null {
  const file = new StatFile(pid);
  const stat = file.read();
  file.close();
  return stat;
}

/** So many times in a row one stands for the next: the kernel takes memory from what sleeps. */
const standsMax = 9;

/**
 * `/proc/PID/stat` of one process, kept open: once read, what has its number later never is. What
 * has one thread and did not run since is as it was: to ask whether it ran takes a third of the
 * time.
 */
export class StatFile {
  readonly #pid: number;
  /** Null: not open yet, or closed. */
  #file: number | null = null;
  #runsFile: number | null = null;
  #countsRuns = true;
  #gone = false;
  #latest: ProcessStat | null = null;
  #runs: number | null = null;
  #stood = 0;

  constructor(pid: number) {
    this.#pid = pid;
  }

  /** Another number whenever it ran, as of just before the latest reading. Null: not known, as of
   * one with several threads. */
  get runs(): number | null {
    return this.#runs;
  }

  /** Null: the process is gone, or has ended and waits to be collected, or can't be looked at. */
  read(): ProcessStat | null {
    if (this.#gone) return null;
    try {
      const runs = this.#latest?.threads === 1 ? this.#readRuns() : null;
      const stands = runs !== null && runs === this.#runs && this.#stood < standsMax;
      this.#runs = runs;
      this.#stood = stands ? this.#stood + 1 : 0;
      if (!stands) this.#latest = this.#readStat();
      return this.#latest;
    } catch {
      // ENOENT and ESRCH both say that it is gone; anything else is tried again.
      this.#gone = this.#file !== null;
      this.#runs = null;
      this.close();
      return null;
    }
  }

  #readStat(): ProcessStat | null {
    this.#file ??= openSync(`/proc/${this.#pid}/stat`, 'r');
    const stat = parseStat(buffer, readSync(this.#file, buffer, 0, buffer.length, 0));
    return stat === null || stat.state === 'Z' || stat.state === 'X' ? null : stat;
  }

  /** Grows with each moment in which its first thread ran. Null: nobody counts. */
  #readRuns(): number | null {
    if (!this.#countsRuns) return null;
    this.#runsFile ??= openIfThere(`/proc/${this.#pid}/schedstat`);
    if (this.#runsFile === null || readSync(this.#runsFile, buffer, 0, 64, 0) === 0) return null;
    const times = numberAt(buffer, after(buffer, 0, 2));
    this.#countsRuns = times > 0;
    return this.#countsRuns ? numberAt(buffer, 0) + times : null;
  }

  close(): void {
    if (this.#file !== null) closeSync(this.#file);
    if (this.#runsFile !== null) closeSync(this.#runsFile);
    this.#file = null;
    this.#runsFile = null;
  }
}

function openIfThere(path: string): number | null {
  try {
    return openSync(path, 'r');
  } catch {
    // A kernel without it, or a process that is gone, which its stat tells.
    return null;
  }
}

const blank = 0x20;
const bracket = 0x29;
const zero = 0x30;

/**
 * `pid (name) state ppid …`: the name may hold anything, also blanks and brackets (proc(5)). Reads
 * the bytes themselves: hundreds of processes are looked at each second.
 */
export function parseStat(bytes: Uint8Array, length: number): ProcessStat | null {
  const end = bytes.lastIndexOf(bracket, length - 1);
  if (end === -1) return null;
  const utime = after(bytes, end + 2, 11);
  const stime = after(bytes, utime, 1);
  const threads = after(bytes, stime, 5);
  const residentPages = after(bytes, threads, 4);
  return {
    state: String.fromCharCode(bytes[end + 2] ?? 0),
    cpuTicks: numberAt(bytes, utime) + numberAt(bytes, stime),
    threads: numberAt(bytes, threads),
    residentPages: numberAt(bytes, residentPages),
  };
}

/** The place after so many blanks. */
function after(bytes: Uint8Array, from: number, blanks: number): number {
  let at = from;
  for (let left = blanks; left > 0 && at < bytes.length; at += 1) {
    if (bytes[at] === blank) left -= 1;
  }
  return at;
}

function numberAt(bytes: Uint8Array, from: number): number {
  let number = 0;
  for (let at = from; ; at += 1) {
    const digit = (bytes[at] ?? blank) - zero;
    if (digit < 0 || digit > 9) return number;
    number = number * 10 + digit;
  }
}

const auxiliary = new Map<number, number>();

/** A value that the kernel gave this process at its start (getauxval(3)). */
function auxiliaryValue(type: number, fallback: number): number {
  if (auxiliary.size === 0) {
    const bytes = Buffer.from(readProc('/proc/self/auxv') ?? '', 'latin1');
    for (let at = 0; at + 16 <= bytes.length; at += 16) {
      auxiliary.set(Number(bytes.readBigUInt64LE(at)), Number(bytes.readBigUInt64LE(at + 8)));
    }
    auxiliary.set(-1, 0);
  }
  return auxiliary.get(type) ?? fallback;
}

const typePageSize = 6;
const typeClockTicks = 17;

export function pageBytes(): number {
  return auxiliaryValue(typePageSize, 4_096);
}

export function ticksPerSecond(): number {
  return auxiliaryValue(typeClockTicks, 100);
}
