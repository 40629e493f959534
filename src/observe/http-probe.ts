/**
 * `http` checks: one request on a connection of its own.
 *
 * Most checks want to know the status only. For these a bare socket does, at half the cost of
 * `node:http`: with hundreds of instances that is what watching costs. Where the body matters,
 * `node:http` reads it.
 */
import type { IncomingMessage } from 'node:http';
import { errorInfo } from '../model/errors.ts';
import type { ProbeSpec } from '../model/stack-spec.ts';
import { request, validateHeaderName, validateHeaderValue } from '../ports/http.ts';
import type { WatchedInstance } from '../ports/observer.ts';
import { connectionFailure, failure, type Question } from './check.ts';
import { converse } from './connection.ts';
import { runWithin } from './limited.ts';

type HttpProbe = Extract<ProbeSpec, { readonly kind: 'http' }>;
type Settle = Parameters<Question>[0];

interface HttpRequest {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  /** For a bare socket: where to connect, and what to send. */
  readonly host: string;
  readonly port: number;
  readonly head: string;
}

const bodyBytesMax = 64 * 1024;
const headCharsMax = 16 * 1024;
const bodyMatchMs = 100;

export function httpQuestion(probe: HttpProbe, watched: WatchedInstance): Question {
  let asked: HttpRequest | null = null;
  return (settle) => {
    try {
      asked ??= requestOf(probe, watched);
      return probe.body === null
        ? askStatus(asked, probe, settle)
        : askBody(asked, probe, probe.body, settle);
    } catch (error) {
      settle(failure(errorInfo(error).message));
      return () => undefined;
    }
  };
}

/** A path means our own instance; anything else is a whole URL. */
function requestOf(probe: HttpProbe, watched: WatchedInstance): HttpRequest {
  const text = watched.expand(probe.url);
  if (text.startsWith('/') && watched.port === null) throw new Error('it has no port to ask at');
  const url = URL.parse(text.startsWith('/') ? `http://127.0.0.1:${watched.port}${text}` : text);
  if (url?.protocol !== 'http:') throw new Error(`${text} is not an http URL`);
  const headers: Record<string, string> = { Host: url.host, Connection: 'close' };
  for (const [name, template] of Object.entries(probe.headers)) {
    const value = watched.expand(template);
    validateHeaderName(name);
    validateHeaderValue(name, value);
    headers[name] = value;
  }
  const { method } = probe;
  return {
    ...{ url, method, headers },
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || 80),
    head: requestHead(url, method, headers),
  };
}

function askStatus(asked: HttpRequest, probe: HttpProbe, settle: Settle): () => void {
  let head = '';
  return converse(asked.host, asked.port, {
    onConnect: (socket) => socket.write(asked.head, 'latin1'),
    onText: (text) => {
      head += text;
      const status = statusOf(head);
      if (status !== null) settle(judge(status, probe));
      else if (head.length > headCharsMax) settle(judge(0, probe));
    },
    onError: (error) => settle(connectionFailure(error)),
    onEnd: () => settle(failure('closed the connection without an answer')),
  });
}

function requestHead(url: URL, method: string, headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${url.pathname}${url.search} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

const statusLine = /HTTP\/1\.[01] (\d{3})(?: [^\n]*)?\r?\n/y;

/** The status of the first answer that is not merely informational (1xx); null: not known yet; 0:
 * this is not HTTP. */
export function statusOf(head: string): number | null {
  let at = 0;
  while (head.indexOf('\n', at) !== -1) {
    statusLine.lastIndex = at;
    const status = Number(statusLine.exec(head)?.[1] ?? 0);
    if (status < 100 || status >= 200) return status;
    const end = head.indexOf('\r\n\r\n', at);
    if (end === -1) return null;
    at = end + 4;
  }
  return null;
}

function judge(status: number, probe: HttpProbe): Parameters<Settle>[0] {
  if (status === 0) return failure('answered something that is not HTTP');
  const wanted = probe.status.some(([from, to]) => status >= from && status <= to);
  return wanted ? { ok: true } : failure(`answered ${status}`);
}

function askBody(asked: HttpRequest, probe: HttpProbe, pattern: string, settle: Settle) {
  const { url, method, headers } = asked;
  const outgoing = request(url, { agent: false, method, headers });
  outgoing.on('error', (error) => settle(connectionFailure(error)));
  outgoing.on('response', (response) => {
    const verdict = judge(response.statusCode ?? 0, probe);
    if (!verdict.ok) settle(verdict);
    else readBody(response, settle, (body) => settle(judgeBody(body, pattern)));
  });
  outgoing.end();
  return () => {
    outgoing.destroy();
  };
}

function judgeBody(body: string, pattern: string): Parameters<Settle>[0] {
  let matches = false;
  const finished = runWithin(bodyMatchMs, () => {
    matches = new RegExp(pattern).test(body);
  });
  if (matches) return { ok: true };
  const what = finished ? 'does not match' : 'takes too long to match with';
  return failure(`answered, but its body ${what} /${pattern}/`);
}

function readBody(response: IncomingMessage, settle: Settle, done: (body: string) => void): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const finish = (): void => {
    done(Buffer.concat(chunks).subarray(0, bodyBytesMax).toString('utf8'));
  };
  response.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= bodyBytesMax) finish();
  });
  response.on('end', finish);
  response.on('error', (error) => settle(connectionFailure(error)));
}
