/**
 * One check: a question with a time-out that frees everything it holds.
 *
 * A time-out proves something only when our own loop was awake: data that arrived meanwhile is
 * read first (`setImmediate` runs after sockets were polled), and a timer that fired much too late
 * means that we slept, so the check is void.
 */
import type { CheckResult } from '../detect/health.ts';
import type { Clock } from '../ports/clock.ts';

/** Starts a question; `settle` may be called once or more, the first counts. Returns how to free
 * everything it holds. */
export type Question = (settle: (result: CheckResult) => void) => () => void;

/** `void`: nothing can be said. */
export type CheckAnswer = CheckResult | 'void';

const sleptMs = 200;

export interface Asked {
  readonly question: Question;
  readonly timeoutMs: number;
  /** The time, which whoever asks has read already. */
  readonly now: number;
}

/** Asks; `done` is called exactly once unless the returned function cancels before. */
export function ask(
  clock: Clock,
  { question, timeoutMs, now }: Asked,
  done: (answer: CheckAnswer) => void,
): () => void {
  let settled = false;
  let free: (() => void) | null = null;
  const settle = (answer: CheckAnswer): void => {
    if (settled) return;
    settled = true;
    cancelTimer();
    free?.();
    done(answer);
  };
  const cancelTimer = afterAwake(clock, now, timeoutMs, (slept) => {
    settle(slept ? 'void' : timedOut(timeoutMs));
  });
  free = question(settle);
  if (settled) free();
  return () => {
    if (settled) return;
    settled = true;
    cancelTimer();
    free?.();
  };
}

/** A deadline of somebody else's answer, from `now` on. `slept`: it came so late that it proves
 * nothing. */
export function afterAwake(
  clock: Clock,
  now: number,
  delayMs: number,
  callback: (slept: boolean) => void,
): () => void {
  const dueAt = now + delayMs;
  let cancelled = false;
  const cancel = clock.after(delayMs, () => {
    const slept = clock.now() - dueAt > sleptMs;
    setImmediate(() => {
      if (!cancelled) callback(slept);
    });
  });
  return () => {
    cancelled = true;
    cancel();
  };
}

export function timedOut(timeoutMs: number): CheckResult {
  return { ok: false, failure: 'timeout', text: `timed out after ${timeoutMs} ms` };
}

export function failure(text: string): CheckResult {
  return { ok: false, failure: 'failed', text };
}

/** A connection error in a person's words. */
export function connectionFailure(error: unknown): CheckResult {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const message = error instanceof Error ? error.message : String(error);
  if (code === 'ECONNREFUSED') return refused(`connection refused${atPort(error)}`);
  if (code === 'ECONNRESET' || code === 'EPIPE') return failure('connection reset');
  if (code === 'ETIMEDOUT') return { ok: false, failure: 'timeout', text: 'connect timed out' };
  if (code === 'EHOSTUNREACH' || code === 'ENETUNREACH') return refused('host unreachable');
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return refused(`unknown host (${message})`);
  return failure(message === '' ? String(code) : message);
}

/** Where a program was expected: one that ignores its $PORT listens elsewhere. */
function atPort(error: unknown): string {
  const known = error instanceof Error && 'port' in error && typeof error.port === 'number';
  return known ? ` at port ${error.port}` : '';
}

function refused(text: string): CheckResult {
  return { ok: false, failure: 'refused', text };
}
