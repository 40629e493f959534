/** What the status of an HTTP answer means for a message. Pure. */
import { type Failure, failure } from './failure.ts';
import type { HttpAnswer } from './http.ts';

/** Null: it was accepted, as far as the status tells. */
export function judgeStatus(answer: HttpAnswer): Failure | null {
  if (answer.kind === 'failed') return failure(answer.reason, answer.retryable);
  const { status, retryAfter, text } = answer;
  if (status >= 300 && status < 400) {
    return failure(`answered ${status}; redirects are not followed`, false);
  }
  if (status >= 200 && status < 300) return null;
  const retryable = status >= 500 || status === 429 || status === 408;
  return failure(`answered ${status}${excerpt(text)}`, retryable, seconds(retryAfter) * 1000);
}

/** `: ` and the beginning of a text, on one line. */
export function excerpt(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line === '' ? '' : `: ${line.length > 200 ? `${line.slice(0, 199)}…` : line}`;
}

function seconds(retryAfter: string | null): number {
  const value = Number(retryAfter ?? 0);
  return Number.isFinite(value) && value > 0 ? value : 0;
}
