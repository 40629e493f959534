/** Asks the API, and says how it went. Nothing is repeated here: each failure counts. */
import { Agent, request } from 'node:http';

export type Answer =
  | { readonly ok: true; readonly status: number; readonly body: unknown }
  | { readonly ok: false; readonly failure: string };

export interface ClientOptions {
  readonly url: URL;
  readonly timeoutMs: number;
  readonly keepAlive: boolean;
}

export interface Question {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly token?: string;
  readonly body?: object;
}

export class Client {
  readonly #options: ClientOptions;
  readonly #agent: Agent | false;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#agent = options.keepAlive ? new Agent({ keepAlive: true, maxSockets: 200 }) : false;
  }

  /** Any answer below 500 is one; else the kind of failure, with the code that the API gives:
   * `http 503 BUSY`, `ECONNRESET`, `timeout`. */
  ask({ method, path, token, body }: Question): Promise<Answer> {
    const text = body === undefined ? '' : JSON.stringify(body);
    return new Promise((resolve) => {
      const asked = request(new URL(path, this.#options.url), {
        method,
        agent: this.#agent,
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
        },
      });
      const timer = setTimeout(() => {
        resolve({ ok: false, failure: 'timeout' });
        asked.destroy();
      }, this.#options.timeoutMs);
      asked.on('error', (error: NodeJS.ErrnoException) => {
        clearTimeout(timer);
        resolve({ ok: false, failure: error.code ?? error.message });
      });
      asked.on('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', () => resolve({ ok: false, failure: 'cut off' }));
        response.on('end', () => {
          clearTimeout(timer);
          resolve(read(response.statusCode ?? 0, Buffer.concat(chunks).toString()));
        });
      });
      asked.end(text);
    });
  }
}

function read(status: number, text: string): Answer {
  const body = parsed(text);
  if (status >= 500) {
    const code = (body as { readonly error?: { readonly code?: string } } | undefined)?.error?.code;
    return { ok: false, failure: `http ${status}${code === undefined ? '' : ` ${code}`}` };
  }
  return body === undefined ? { ok: false, failure: 'no JSON' } : { ok: true, status, body };
}

/** Undefined: no JSON, as of a proxy on the way. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
