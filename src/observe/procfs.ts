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

/** `pid (name) state ppid …`: the name may hold anything, also blanks and brackets (proc(5)). */
export function parseStat(text: string): ProcessStat | null {
  const end = text.lastIndexOf(')');
  if (end === -1) return null;
  const fields = text.slice(end + 2).split(' ');
  return {
    state: fields[0] ?? '',
    cpuTicks: Number(fields[11]) + Number(fields[12]),
    threads: Number(fields[17]),
    residentPages: Number(fields[21]),
  };
}

/** Null: gone, or ended and not yet collected. */
export function livingStat(pid: number): ProcessStat | null {
  const text = readProc(`/proc/${pid}/stat`);
  const stat = text === null ? null : parseStat(text);
  return stat === null || stat.state === 'Z' || stat.state === 'X' ? null : stat;
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
