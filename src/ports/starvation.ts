/**
 * Whether what did not answer in time could not, for want of a processor: its threads were ready to
 * run and waited for one (`/proc/PID/schedstat`), or the host of this virtual machine kept its
 * processors for others (`steal`, proc_stat(5)). What hangs waits for something else.
 */
import { readFileSync } from 'node:fs';
import { type ProcessorTime, processorTime } from './processor-time.ts';

/** From this share of a span on, all waits of its processes together. */
const shareMin = 0.5;
const nsPerMs = 1e6;
/** What it waited in a longer time tells nothing of now. */
const spanMsMax = 60_000;

export class Starvation {
  readonly #pids: () => readonly number[];
  #waitedMs: ReadonlyMap<number, number> = new Map();
  #processors: ProcessorTime | null = null;
  #lookedAt = Number.NEGATIVE_INFINITY;

  /** Whose waits count: of their first threads. */
  constructor(pids: () => readonly number[]) {
    this.#pids = pids;
  }

  /** Since the last look; the first one tells nothing. */
  look(now: number): boolean {
    const before = { waitedMs: this.#waitedMs, processors: this.#processors };
    const spanMs = now - this.#lookedAt;
    this.#waitedMs = waits(this.#pids());
    this.#processors = processorTime(read('/proc/stat'));
    this.#lookedAt = now;
    if (spanMs > spanMsMax) return false;
    let waitedMs = 0;
    // One that was not there before has begun since.
    for (const [pid, ms] of this.#waitedMs) waitedMs += ms - (before.waitedMs.get(pid) ?? 0);
    return waitedMs >= shareMin * spanMs || withheld(before.processors, this.#processors, spanMs);
  }
}

/** Whether the machine got at most half of the processor time that it wanted, and would have had
 * use for half a processor more. */
export function withheld(
  before: ProcessorTime | null,
  now: ProcessorTime | null,
  spanMs: number,
): boolean {
  if (before === null || now === null) return false;
  const stolenMs = now.stolenMs - before.stolenMs;
  return stolenMs >= shareMin * spanMs && stolenMs >= now.usedMs - before.usedMs;
}

function waits(pids: readonly number[]): Map<number, number> {
  const found = new Map<number, number>();
  for (const pid of pids) {
    const [, waitedNs] = read(`/proc/${pid}/schedstat`)?.split(' ') ?? [];
    if (waitedNs !== undefined) found.set(pid, Number(waitedNs) / nsPerMs);
  }
  return found;
}

export function childrenOf(pid: number): number[] {
  const text = read(`/proc/${pid}/task/${pid}/children`) ?? '';
  return text.split(' ').filter(Boolean).map(Number);
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    // Processes come and go, and a kernel may not count this: nothing is known of it.
    return null;
  }
}
