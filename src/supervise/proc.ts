/**
 * Processes as `/proc` tells of them. A pid alone names nobody, for the system gives it out again:
 * everywhere here a process is a pid together with its start time.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { unless } from './system-error.ts';

/** Start times in `/proc/PID/stat` are in ticks of 1/100 s since boot (USER_HZ, fixed on Linux). */
export const ticksPerSecond = 100;

export interface ProcessRef {
  readonly pid: number;
  readonly startTicks: number;
}

export interface ProcessStat extends ProcessRef {
  readonly ppid: number;
  readonly session: number;
  /** It ended, and only waits to be collected by its parent. */
  readonly ended: boolean;
}

/** The file is gone, or the process went while it was read, or it belongs to somebody else. */
const unreadable = ['ENOENT', 'ESRCH', 'EACCES', 'EPERM'];

function readProc(pid: number, file: string): string | null {
  return unless(unreadable, () => readFileSync(`/proc/${pid}/${file}`, 'latin1'));
}

/** Null: no such process. */
export function readStat(pid: number): ProcessStat | null {
  const text = readProc(pid, 'stat');
  if (text === null || text === '') return null;
  // The name is in parentheses and may hold any character; fields are counted from its end.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const state = fields[0];
  // A main thread that ended while others run looks like a zombie, with more than one thread.
  const lastThread = Number(fields[17]) <= 1;
  return {
    pid,
    ppid: Number(fields[1]),
    session: Number(fields[3]),
    startTicks: Number(fields[19]),
    ended: state === 'X' || (state === 'Z' && lastThread),
  };
}

/** Whether exactly this process lives. */
export function isAlive(ref: ProcessRef): boolean {
  const stat = readStat(ref.pid);
  return stat !== null && stat.startTicks === ref.startTicks && !stat.ended;
}

/** Signals exactly this process. False: it doesn't run any more (or isn't ours to signal). */
export function signalProcess(ref: ProcessRef, signal: NodeJS.Signals): boolean {
  if (!isAlive(ref)) return false;
  return unless(['ESRCH', 'EPERM'], () => process.kill(ref.pid, signal)) ?? false;
}

/** Arguments with a NUL after each; null when the process is gone or a zombie. */
export function readCommandLine(pid: number): string | null {
  const text = readProc(pid, 'cmdline');
  return text === '' ? null : text;
}

/** The value of a variable in the environment that the process was started with. */
export function readVariable(pid: number, name: string): string | null {
  const text = readProc(pid, 'environ');
  if (text === null) return null;
  const start = text.startsWith(`${name}=`) ? 0 : text.indexOf(`\0${name}=`) + 1;
  if (start === 0 && !text.startsWith(`${name}=`)) return null;
  const end = text.indexOf('\0', start);
  return text.slice(start + name.length + 1, end === -1 ? undefined : end);
}

/** What an open file of a process is: `device:inode`; null when it isn't open. */
export function openFileKey(pid: number, fd: number): string | null {
  return fileKey(`/proc/${pid}/fd/${fd}`);
}

export function fileKey(path: string): string | null {
  const stat = unless([...unreadable, 'ENOTDIR'], () => statSync(path));
  return stat === null ? null : `${stat.dev}:${stat.ino}`;
}

export function processIds(): readonly number[] {
  return readdirSync('/proc').map(Number).filter(Number.isInteger);
}

/** Changes with each boot of the system. */
export function readBootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
}
