/** Sends one message to a webhook and judges the answer as the service means it. */
import type { NotifyTarget } from '../model/stack-spec.ts';
import type { Clock } from '../ports/clock.ts';
import { type Letter, type WebhookFormat, webhookBody } from './body.ts';
import { type Failure, failure } from './failure.ts';
import { type HttpAnswer, request } from './http.ts';

export type WebhookTarget = Extract<NotifyTarget, { kind: 'webhook' }>;

/** Codes for «too many messages», of Feishu and DingTalk. */
const tooFast: readonly unknown[] = [9499, 11232, 130101];

/** Null: it was accepted. */
export async function sendWebhook(
  clock: Clock,
  target: WebhookTarget,
  letter: Letter,
  limits: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<Failure | null> {
  const answer = await request(clock, {
    method: 'POST',
    url: target.url,
    headers: { 'content-type': 'application/json; charset=utf-8', ...target.headers },
    body: webhookBody(target.format, letter),
    ...limits,
  });
  return judge(target.format, answer);
}

/** Null: it was accepted. */
export function judge(format: WebhookFormat, answer: HttpAnswer): Failure | null {
  if (answer.kind === 'failed') return failure(answer.reason, answer.retryable);
  const { status, retryAfter, text } = answer;
  if (status >= 300 && status < 400) {
    return failure(`answered ${status}; redirects are not followed`, false);
  }
  if (status < 200 || status >= 300) {
    const retryable = status >= 500 || status === 429 || status === 408;
    return failure(`answered ${status}${excerpt(text)}`, retryable, seconds(retryAfter) * 1000);
  }
  return format === 'feishu' || format === 'dingtalk' ? judgeCode(text) : null;
}

/** Feishu and DingTalk answer 200 also to what they refuse; then the body holds a code. */
function judgeCode(text: string): Failure | null {
  const body = parseObject(text);
  const code = body?.['code'] ?? body?.['StatusCode'] ?? body?.['errcode'];
  if (code === undefined || code === 0) return null;
  return failure(`refused it${excerpt(text)}`, tooFast.includes(code));
}

function parseObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : null;
  } catch {
    // An answer that isn't JSON holds no code; the status has said that it was accepted.
    return null;
  }
}

function excerpt(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line === '' ? '' : `: ${line.length > 200 ? `${line.slice(0, 199)}…` : line}`;
}

function seconds(retryAfter: string | null): number {
  const value = Number(retryAfter ?? 0);
  return Number.isFinite(value) && value > 0 ? value : 0;
}
