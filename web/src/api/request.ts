/** Requests to the API. */
import { refresh } from './session.ts';

/** An answer that is no success, as the API told it (RFC 9457). */
class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

/** The HTTP status; null: there was no answer. */
export function statusOf(error: unknown): number | null {
  return error instanceof Refusal ? error.status : null;
}

export async function read<T>(path: string, signal?: AbortSignal): Promise<T> {
  return contentOf<T>(await send(path, signal === undefined ? {} : { signal }));
}

/** What acts carries a key, so that a repetition does nothing twice. */
export async function act<T>(method: string, path: string, body?: unknown): Promise<T> {
  const headers = { 'idempotency-key': newKey() };
  if (body === undefined) return contentOf<T>(await send(path, { method, headers }));
  return contentOf<T>(
    await send(path, {
      method,
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  );
}

/** Not `randomUUID`: browsers have that on HTTPS and loopback only. */
function newKey(): string {
  return crypto.getRandomValues(new BigUint64Array(2)).join('-');
}

/** Once more with a new access token when the old one has run out. */
async function send(path: string, init: RequestInit): Promise<Response> {
  const first = await fetch(path, init);
  if (first.status !== 401 || path.startsWith('/api/v1/auth/')) return first;
  return (await refresh()) ? fetch(path, init) : first;
}

async function contentOf<T>(answer: Response): Promise<T> {
  const text = await answer.text();
  if (answer.ok) return (text === '' ? null : JSON.parse(text)) as T;
  throw new Refusal(reasonIn(text, answer), answer.status);
}

function reasonIn(text: string, { status, statusText }: Response): string {
  try {
    const { detail, title } = JSON.parse(text) as { detail?: string; title?: string };
    return detail ?? title ?? `${status} ${statusText}`;
  } catch {
    return `${status} ${statusText}`;
  }
}
