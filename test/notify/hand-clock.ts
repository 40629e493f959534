/** Time that passes when the test says so. */
import type { Clock } from '../../src/ports/clock.ts';

export interface HandClock extends Clock {
  /** What is waited for, as times from now. */
  readonly pending: readonly number[];
  pass(ms: number): void;
}

export function handClock(start: number): HandClock {
  let now = start;
  const waiting = new Map<() => void, number>();
  return {
    now: () => now,
    after: (delayMs, callback) => {
      const due = now + delayMs;
      // Each its own, also when one callback waits twice.
      const wake = () => callback();
      waiting.set(wake, due);
      return () => waiting.delete(wake);
    },
    get pending() {
      return [...waiting.values()].map((due) => due - now);
    },
    pass: (ms) => {
      const until = now + ms;
      for (;;) {
        const [next] = [...waiting].filter(([, due]) => due <= until).sort((a, b) => a[1] - b[1]);
        if (next === undefined) break;
        const [wake, due] = next;
        waiting.delete(wake);
        now = Math.max(now, due);
        wake();
      }
      now = until;
    },
  };
}
