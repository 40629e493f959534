/** Sends one message to a webhook and judges the answer as the service means it. */
import type { WebhookTarget } from '../model/notify-spec.ts';
import { excerpt, judgeStatus } from './answer.ts';
import { type Letter, type WebhookFormat, webhookBody } from './body.ts';
import { type Failure, failure } from './failure.ts';
import { type HttpAnswer, request } from './http.ts';
import type { Limits, Sending } from './sending.ts';
import { messageId, signatureHeaders, signingKey } from './signature.ts';

/** Codes for «too many messages», of Feishu, DingTalk and WeCom. */
const tooFast: readonly unknown[] = [9499, 11232, 130101, 45009];

/** Null: it was accepted. */
export async function sendWebhook(
  sending: Sending,
  target: WebhookTarget & { readonly name: string },
  letter: Letter,
  limits: Limits,
): Promise<Failure | null> {
  const body = webhookBody(target.format, letter);
  const url = await urlOf(sending, target);
  if (URL.parse(url) === null) return failure('the URL of the webhook is none', false);
  const signature = await signed(sending, target, letter, body);
  if (signature === null) {
    return failure('the signing secret is not whsec_ and base64 of 24 to 64 bytes', false);
  }
  const answer = await request(sending.clock, {
    method: 'POST',
    url,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      ...target.headers,
      ...signature,
    },
    body,
    ...limits,
  });
  return judge(target.format, answer);
}

async function urlOf({ secret }: Sending, { url }: WebhookTarget): Promise<string> {
  return typeof url === 'string' ? url : (await secret(url, 'the URL of the webhook')).trim();
}

/** Null: the secret can't be one. */
async function signed(
  { secret, host }: Sending,
  target: WebhookTarget & { readonly name: string },
  letter: Letter,
  body: string,
): Promise<Readonly<Record<string, string>> | null> {
  if (target.secret === undefined) return {};
  const key = signingKey(await secret(target.secret, 'the signing secret'));
  if (key === null) return null;
  const id = messageId([host, target.name], letter);
  return signatureHeaders(key, id, Math.floor(Date.now() / 1000), body);
}

/** Null: it was accepted. */
export function judge(format: WebhookFormat, answer: HttpAnswer): Failure | null {
  const failed = judgeStatus(answer);
  if (failed !== null || answer.kind === 'failed') return failed;
  return format === 'json' || format === 'slack' ? null : judgeCode(answer.text);
}

/** Feishu, DingTalk and WeCom answer 200 also to what they refuse; then the body holds a code. */
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
