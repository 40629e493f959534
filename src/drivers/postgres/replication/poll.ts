/** Asks again until there is an answer. */
import { setTimeout as delay } from 'node:timers/promises';
import { DarumaError } from '../../../model/errors.ts';

/** What is left of a time that several steps share; at least 1 ms. */
export function deadline(timeoutMs: number): { readonly leftMs: () => number } {
  const until = performance.now() + timeoutMs;
  return { leftMs: () => Math.max(1, Math.ceil(until - performance.now())) };
}

/** Rejects with TIMED_OUT, saying what was waited for. `probe` is given the time that is left, and
 * answers null for «not yet». */
export async function poll<T>(
  what: string,
  { timeoutMs, everyMs }: { readonly timeoutMs: number; readonly everyMs: number },
  probe: (leftMs: number) => Promise<T | null>,
): Promise<T> {
  const until = performance.now() + timeoutMs;
  for (;;) {
    const leftMs = Math.ceil(until - performance.now());
    if (leftMs <= 0) throw tooLate(what, timeoutMs);
    const answer = await probe(leftMs).catch((error: unknown) => {
      if (performance.now() < until) throw error;
      throw tooLate(what, timeoutMs, { cause: error });
    });
    if (answer !== null) return answer;
    await delay(everyMs);
  }
}

function tooLate(what: string, timeoutMs: number, options?: ErrorOptions): DarumaError {
  return new DarumaError('TIMED_OUT', `${what}: not within ${timeoutMs} ms`, options);
}
