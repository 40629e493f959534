/** Asks again until there is an answer. */
import { setTimeout as delay } from 'node:timers/promises';
import { DarumaError } from '../../../model/errors.ts';

/** Rejects with TIMED_OUT, saying what was waited for. `probe` is given the time that is left, and
 * answers null for «not yet». */
export async function poll<T>(
  what: string,
  { timeoutMs, everyMs }: { readonly timeoutMs: number; readonly everyMs: number },
  probe: (leftMs: number) => Promise<T | null>,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const leftMs = Math.ceil(deadline - performance.now());
    if (leftMs <= 0) throw new DarumaError('TIMED_OUT', `${what}: not within ${timeoutMs} ms`);
    const answer = await probe(leftMs);
    if (answer !== null) return answer;
    await delay(everyMs);
  }
}
