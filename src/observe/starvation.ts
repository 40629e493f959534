/**
 * Whether what did not answer in time could not: its processes were ready to run and waited for a
 * processor (`/proc/PID/schedstat`). What hangs waits for something else.
 */
import { readProc } from './procfs.ts';

/** From this share of a span on, all waits of its processes together. */
const shareMin = 0.5;
const nsPerMs = 1e6;
/** What it waited in a longer time tells nothing of now. */
const spanMsMax = 60_000;

export class Starvation {
  readonly #pid: number;
  #waitedMs: ReadonlyMap<number, number> = new Map();
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(pid: number) {
    this.#pid = pid;
  }

  /** Since the last look; the first one tells nothing. */
  look(now: number): boolean {
    const before = this.#waitedMs;
    const spanMs = now - this.#lookedAt;
    this.#waitedMs = waits([this.#pid, ...children(this.#pid), process.pid]);
    this.#lookedAt = now;
    let waitedMs = 0;
    // One that was not there before has begun since.
    for (const [pid, ms] of this.#waitedMs) waitedMs += ms - (before.get(pid) ?? 0);
    return spanMs <= spanMsMax && waitedMs >= shareMin * spanMs;
  }
}

/** Ours too: an answer that we had no processor to take is none of its faults. */
function waits(pids: readonly number[]): Map<number, number> {
  const found = new Map<number, number>();
  for (const pid of pids) {
    const [, waitedNs] = readProc(`/proc/${pid}/schedstat`)?.split(' ') ?? [];
    if (waitedNs !== undefined) found.set(pid, Number(waitedNs) / nsPerMs);
  }
  return found;
}

function children(pid: number): number[] {
  const text = readProc(`/proc/${pid}/task/${pid}/children`) ?? '';
  return text.split(' ').filter(Boolean).map(Number);
}
