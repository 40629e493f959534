/** Requests to the API. */
import { refresh } from './session.ts';

/** An answer that is no success, as the API told it (RFC 9457). */
class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;
  /** Of the one table of errors; null: it was not told. */
  readonly code: string | null;

  constructor(message: string, status: number, code: string | null) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** The HTTP status; null: there was no answer. */
export function statusOf(error: unknown): number | null {
  return error instanceof Refusal ? error.status : null;
}

/** Null: it has none. */
export function codeOf(error: unknown): string | null {
  return error instanceof Refusal ? error.code : null;
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
  throw refusalIn(text, answer);
}

function refusalIn(text: string, { status, statusText }: Response): Refusal {
  const plain = `${status} ${statusText}`;
  try {
    const { detail, title, code } = JSON.parse(text) as Readonly<Record<string, string>>;
    return new Refusal(detail ?? title ?? plain, status, code ?? null);
  } catch {
    return new Refusal(plain, status, null);
  }
}
