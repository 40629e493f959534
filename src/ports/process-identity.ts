/** Which process it is, told apart from a later one that was given the same pid. */
import { readFileSync } from 'node:fs';

export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks between boot and its start: field 22 of `/proc/PID/stat`. */
  readonly start: number;
  /** The boot in which it ran; absent in files of older versions: this one is assumed. */
  readonly boot?: string;
}

/** Null: no such process, or it has ended and only waits to be collected. */
export function identify(pid: number): ProcessIdentity | null {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return null; // ENOENT and ESRCH both say that it is gone.
  }
  // The name, in parentheses, may itself hold blanks and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ended = fields[0] === 'Z' || fields[0] === 'X';
  return ended ? null : { pid, start: Number(fields[19]), boot: bootId() };
}

export function isAlive({ pid, start, boot = bootId() }: ProcessIdentity): boolean {
  return boot === bootId() && identify(pid)?.start === start;
}

export function ownIdentity(): ProcessIdentity {
  const own = identify(process.pid);
  if (own === null) throw new Error('/proc is not mounted, or not that of this process');
  return own;
}

let boot: string | null = null;

/** Enough of the kernel's random id of this boot to tell it from others. */
export function bootId(): string {
  boot ??= readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').slice(0, 8);
  return boot;
}
