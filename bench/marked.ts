/**
 * Processes that a benchmark started, directly or not: they carry its mark in their environment. So
 * all can be ended, whatever became of the supervisor that started them, and no other process is.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

export const markName = 'DARUMA_BENCH_MARK';

export function marked(mark: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && carries(pid, mark));
}

function carries(pid: number, mark: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`${markName}=${mark}\0`);
  } catch {
    return false; // It has ended, or belongs to somebody else.
  }
}

/** Kills until two looks in a row find none. */
export async function endMarked(mark: string): Promise<void> {
  for (let quiet = 0; quiet < 2; ) {
    const pids = marked(mark);
    quiet = pids.length === 0 ? quiet + 1 : 0;
    for (const pid of pids) kill(pid);
    await pause(20);
  }
}

/** False: it was gone. */
export function kill(pid: number, signal: NodeJS.Signals = 'SIGKILL'): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
    throw error;
  }
}
