/** What processes cost, as the kernel counts it. A process that has ended costs nothing. */
import { readFileSync } from 'node:fs';

const msPerTick = 10;

/** Processor time so far, with that of children that have ended, in milliseconds. */
export function cpuMs(pids: readonly number[]): number {
  return sum(pids, (pid) => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = fields.slice(11, 15).reduce((total, field) => total + Number(field), 0);
    return ticks * msPerTick;
  });
}

export interface Memory {
  /** Proportional set size: shared pages count by their share. */
  readonly pssBytes: number;
  readonly rssBytes: number;
}

export function memory(pids: readonly number[]): Memory {
  const of = (label: string) =>
    sum(pids, (pid) => {
      const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
      return Number(new RegExp(`^${label}: +(\\d+) kB$`, 'm').exec(text)?.[1]) * 1_024;
    });
  return { pssBytes: of('Pss'), rssBytes: of('Rss') };
}

function sum(pids: readonly number[], measure: (pid: number) => number): number {
  return pids.reduce((total, pid) => total + orNothing(() => measure(pid)), 0);
}

function orNothing(measure: () => number): number {
  try {
    return measure();
  } catch (error) {
    const gone = ['ENOENT', 'ESRCH'];
    if (error instanceof Error && 'code' in error && gone.includes(String(error.code))) return 0;
    throw error;
  }
}
