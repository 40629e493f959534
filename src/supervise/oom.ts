/** Kills by the kernel's out-of-memory killer, as its own log tells of them. */
import { closeSync, constants, openSync, readSync } from 'node:fs';
import type { ProcessRef } from './proc.ts';
import { ticksPerSecond } from './proc.ts';
import { systemCode, unless } from './system-error.ts';

/** One record of `/dev/kmsg`, or null at the end. */
function readRecord(fd: number, buffer: Buffer): string | null {
  for (;;) {
    try {
      return buffer.toString('utf8', 0, readSync(fd, buffer));
    } catch (error) {
      // EPIPE: the oldest records were overwritten meanwhile; the next read goes on after them.
      if (systemCode(error) === 'EPIPE') continue;
      if (systemCode(error) === 'EAGAIN') return null;
      throw error;
    }
  }
}

/** Whether the kernel's log says that exactly this process was killed for memory. Null: the log
 * can't be read. For systems whose cgroups don't count such kills. */
export function kernelKilled(process: ProcessRef): boolean | null {
  const flags = constants.O_RDONLY | constants.O_NONBLOCK;
  const fd = unless(['ENOENT', 'EACCES', 'EPERM'], () => openSync('/dev/kmsg', flags));
  if (fd === null) return null;
  try {
    const buffer = Buffer.alloc(8192);
    for (let record = readRecord(fd, buffer); record !== null; record = readRecord(fd, buffer)) {
      if (isKillOf(record, process)) return true;
    }
    return false;
  } finally {
    closeSync(fd);
  }
}

/** A record: `priority,sequence,microseconds since boot,flags;text`. */
export function isKillOf(record: string, process: ProcessRef): boolean {
  const match = /^\d+,\d+,(\d+),.*?;.*\bKilled process (\d+)\b/.exec(record);
  if (match === null || Number(match[2]) !== process.pid) return false;
  return Number(match[1]) / 1e6 >= process.startTicks / ticksPerSecond - 1;
}
