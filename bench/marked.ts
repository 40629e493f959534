/**
 * Processes that a benchmark started, directly or not: they carry its mark in their environment. So
 * all can be ended, whatever became of the supervisor that started them, and no other process is.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

/** Not `DARUMA_…`: instances don't get those variables. */
export const markName = 'BENCH_MARK';

/** `how`: whether marks that only begin like this count too. */
export function marked(mark: string, how: 'whole' | 'prefix' = 'whole'): number[] {
  const entry = `${markName}=${mark}${how === 'whole' ? '\0' : ''}`;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && carries(pid, entry));
}

function carries(pid: number, entry: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(entry);
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
