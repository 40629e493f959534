/** Stack time from the machine's clocks: see `src/model/event.ts`. */
import type { Clock, Random } from '../ports/clock.ts';

const longestTimerMs = 2 ** 31 - 1;

export interface SystemClock extends Clock {
  /** Never goes below this again: the time of the last record, should the wall clock be behind. */
  notBefore(time: number): void;
}

export function systemClock(): SystemClock {
  let offset = Date.now() - performance.now();
  return {
    now: () => performance.now() + offset,
    notBefore: (time) => {
      offset = Math.max(offset, time - performance.now());
    },
    after: (delayMs, callback) => {
      const timer = setTimeout(callback, Math.min(delayMs, longestTimerMs));
      return () => clearTimeout(timer);
    },
  };
}

export const systemRandom: Random = { next: () => Math.random() };
