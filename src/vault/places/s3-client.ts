/**
 * Requests to an S3-compatible server: signed (AWS signature 4, by `aws4fetch`), sent again when
 * the connection breaks or the server says that it is busy, and its errors as ours.
 */
import { hash } from 'node:crypto';
import type { IncomingMessage, RequestOptions } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { AwsV4Signer } from 'aws4fetch';
import { DarumaError, type ErrorCode } from '../../model/errors.ts';

export interface S3Access {
  /** Such as `https://s3.example.org`. */
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  readonly accessKey: string;
  readonly secretKey: string;
}

export interface S3Patience {
  /** How often a request is sent at most. */
  readonly attempts: number;
  /** Before the second; each further one waits twice as long, ten seconds at most. */
  readonly firstDelayMs: number;
  /** A connection on which nothing moves for so long is given up. */
  readonly idleMs: number;
}

export interface S3Request {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** Null: the bucket itself. */
  readonly key: string | null;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

export interface S3Answer {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

const delayMsMax = 10_000;
/** An error's description, or a list of a thousand keys. */
const answerBytesMax = 16 << 20;

export class S3Client {
  readonly #name: string;
  readonly #access: S3Access;
  readonly #patience: S3Patience;
  #givenUp = false;
  readonly #http = process.getBuiltinModule('node:http');
  readonly #https = process.getBuiltinModule('node:https');

  /** `name`: as people are told of the place. */
  constructor(name: string, access: S3Access, patience: S3Patience) {
    this.#name = name;
    this.#access = access;
    this.#patience = patience;
  }

  /** Rejects with NOT_FOUND, PLACE_UNREACHABLE, PLACE_REFUSED, PLACE_FULL. */
  send(request: S3Request): Promise<S3Answer> {
    return this.#again(async () => {
      const answer = await this.#once(request);
      const body = await bodyOf(answer);
      this.#requireSuccess(request, answer.statusCode ?? 0, body);
      return { headers: answer.headers, body };
    });
  }

  /** As `send`, for an answer that may be large: the caller reads it. */
  open(request: S3Request): Promise<IncomingMessage> {
    return this.#again(async () => {
      const answer = await this.#once(request);
      const status = answer.statusCode ?? 0;
      if (status >= 300) this.#requireSuccess(request, status, await bodyOf(answer));
      return answer;
    });
  }

  /** Repeats what failed in a way that may pass. Once a server was given up, what is asked of it
   * is tried once, until something succeeds: cleaning up must not take as long again. */
  async #again<T>(work: () => Promise<T>): Promise<T> {
    const { attempts, firstDelayMs } = this.#patience;
    for (let attempt = 1; ; attempt++) {
      try {
        const result = await work();
        this.#givenUp = false;
        return result;
      } catch (error) {
        if (error instanceof DarumaError && error.code !== 'PLACE_UNREACHABLE') throw error;
        this.#givenUp ||= attempt >= attempts;
        if (this.#givenUp) throw this.#unreachable(error);
        await pause(Math.min(delayMsMax, firstDelayMs * 2 ** (attempt - 1)));
      }
    }
  }

  #unreachable(cause: unknown): DarumaError {
    if (cause instanceof DarumaError) return cause;
    const text = `${this.#name} can't be reached at ${this.#access.endpoint}`;
    return new DarumaError('PLACE_UNREACHABLE', text, { cause });
  }

  async #once(request: S3Request): Promise<IncomingMessage> {
    const { url, headers } = await this.#signed(request);
    const { request: start } = url.protocol === 'https:' ? this.#https : this.#http;
    const options: RequestOptions = { method: request.method, headers };
    const body = request.body ?? Buffer.alloc(0);
    return new Promise((resolve, reject) => {
      const sent = start(url, options, resolve);
      sent.setTimeout(this.#patience.idleMs, () => {
        sent.destroy(new Error(`nothing moved for ${this.#patience.idleMs} ms`));
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }

  async #signed(request: S3Request): Promise<{ url: URL; headers: Record<string, string> }> {
    const { endpoint, bucket, region, accessKey, secretKey } = this.#access;
    // Without a slash behind the bucket: some servers sign it as if it weren't there.
    const key = request.key === null ? [] : request.key.split('/');
    const path = [bucket, ...key].map(encodeURIComponent).join('/');
    const url = new URL(`${endpoint.replace(/\/$/, '')}/${path}`);
    for (const [name, value] of Object.entries(request.query ?? {})) {
      url.searchParams.set(name, value);
    }
    const signer = new AwsV4Signer({
      method: request.method,
      url: url.href,
      headers: { ...request.headers, 'x-amz-content-sha256': hash('sha256', request.body ?? '') },
      accessKeyId: accessKey,
      secretAccessKey: secretKey,
      service: 's3',
      region,
    });
    const signed = await signer.sign();
    const length = { 'content-length': String(request.body?.length ?? 0) };
    return { url: signed.url, headers: { ...Object.fromEntries(signed.headers), ...length } };
  }

  #requireSuccess(request: S3Request, status: number, body: Buffer): void {
    const text = body.toString('utf8', 0, 4096);
    // The end of a multipart upload may fail after its answer has begun.
    const failed = status >= 300 || (status === 200 && /^\s*(<\?xml[^>]*>)?\s*<Error>/.test(text));
    if (!failed) return;
    const code = /<Code>([^<]*)<\/Code>/.exec(text)?.[1] ?? `HTTP ${status}`;
    const told = /<Message>([^<]*)<\/Message>/.exec(text)?.[1];
    const what = `${request.method} ${request.key ?? ''}`.trim();
    const message = `${this.#name}: ${what}: ${code}${told === undefined ? '' : ` (${told})`}`;
    throw new DarumaError(errorCode(status, code), message);
  }
}

const fullCodes = new Set(['QuotaExceeded', 'XMinioStorageFull', 'InsufficientCapacity']);

function errorCode(status: number, code: string): ErrorCode {
  if (status === 507 || fullCodes.has(code)) return 'PLACE_FULL';
  if (status === 501) return 'PLACE_REFUSED';
  if (status >= 500 || status === 429 || status === 408 || status === 200) {
    return 'PLACE_UNREACHABLE';
  }
  if (code === 'NoSuchBucket') return 'PLACE_REFUSED';
  // A request whose body was lost on the way.
  if (code === 'RequestTimeout' || code === 'IncompleteBody') return 'PLACE_UNREACHABLE';
  return status === 404 ? 'NOT_FOUND' : 'PLACE_REFUSED';
}

async function bodyOf(answer: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of answer) {
    parts.push(part as Buffer);
    bytes += (part as Buffer).length;
    if (bytes > answerBytesMax) throw new Error('the answer is too large');
  }
  return Buffer.concat(parts);
}
