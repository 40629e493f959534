/** Notices that our own process was paused or starved: a timer that came much too late. */
import type { Clock } from '../ports/clock.ts';

const periodMs = 250;
/** Later than this, and time-outs in the span prove nothing. */
const sleepMs = 400;

/** `next`: at which time to look again. */
export function watchWakefulness(
  clock: Clock,
  onSlept: (ms: number) => void,
  next: (now: number) => number = (now) => now + periodMs,
): () => void {
  let cancel = (): void => undefined;
  const arm = (): void => {
    const now = clock.now();
    const due = next(now);
    cancel = clock.after(due - now, () => {
      const lateMs = clock.now() - due;
      if (lateMs > sleepMs) onSlept(lateMs);
      arm();
    });
  };
  arm();
  return () => cancel();
}
