/**
 * One HTTP request with a time-out over all of it. Redirects are not followed: a webhook's URL and
 * headers are secrets and are for its own host alone.
 */
import { errorInfo } from '../model/errors.ts';
import type { Clock } from '../ports/clock.ts';
import { secretsOf, withoutSecrets } from './secret-url.ts';

const answerLengthMax = 16_384;

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  /** May hold a user name and a password. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  readonly timeoutMs: number;
  /** Ends it early. */
  readonly signal: AbortSignal;
  /** Of the body, which the answer may repeat. */
  readonly secrets?: readonly string[];
}

export type HttpAnswer =
  | {
      readonly kind: 'answered';
      readonly status: number;
      /** The `Retry-After` header, or null. */
      readonly retryAfter: string | null;
      /** At most its first 16 KiB, without secrets. */
      readonly text: string;
    }
  | {
      readonly kind: 'failed';
      /** Without secrets. */
      readonly reason: string;
      /** False: the request itself is wrong, such as a header that can't be one. */
      readonly retryable: boolean;
    };

export async function request(clock: Clock, asked: HttpRequest): Promise<HttpAnswer> {
  const late = new AbortController();
  const secrets = [...secretsOf(asked.url, asked.headers), ...(asked.secrets ?? [])];
  const cancel = clock.after(asked.timeoutMs, () => late.abort());
  try {
    const response = await fetch(withoutCredentials(asked.url), {
      method: asked.method,
      headers: { 'user-agent': 'daruma', ...authorization(asked.url), ...asked.headers },
      body: asked.body,
      redirect: 'manual',
      signal: AbortSignal.any([late.signal, asked.signal]),
    });
    const text = withoutSecrets(await beginningOf(response), secrets);
    const retryAfter = response.headers.get('retry-after');
    return { kind: 'answered', status: response.status, retryAfter, text };
  } catch (error) {
    if (late.signal.aborted) {
      const reason = `no answer within ${asked.timeoutMs} ms`;
      return { kind: 'failed', reason, retryable: true };
    }
    const reason = withoutSecrets(errorInfo(error).message, secrets);
    // `fetch` gives a cause for what went wrong on the way, and none for what it won't send.
    const retryable = error instanceof Error && error.cause !== undefined;
    return { kind: 'failed', reason, retryable };
  } finally {
    cancel();
  }
}

async function beginningOf(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  // Leaving the loop early cancels the rest.
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length >= answerLengthMax) break;
  }
  return text.slice(0, answerLengthMax);
}

/** `fetch` refuses URLs with a user name in them. */
function withoutCredentials(url: string): URL {
  const parsed = new URL(url);
  parsed.username = '';
  parsed.password = '';
  return parsed;
}

function authorization(url: string): Readonly<Record<string, string>> {
  const { username, password } = new URL(url);
  if (username === '' && password === '') return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
}
