/** `http` checks: one request on a connection of its own, its body read only when it matters. */
import { type IncomingMessage, request } from 'node:http';
import type { ProbeSpec } from '../model/stack-spec.ts';
import type { WatchedInstance } from '../ports/observer.ts';
import { connectionFailure, failure, type Question } from './check.ts';

type HttpProbe = Extract<ProbeSpec, { readonly kind: 'http' }>;

const bodyBytesMax = 64 * 1024;

/** A path means our own instance; anything else is a whole URL. */
export function probeUrl(probe: HttpProbe, watched: WatchedInstance): URL | null {
  const text = watched.expand(probe.url);
  if (text.startsWith('/') && watched.port === null) return null;
  const whole = text.startsWith('/') ? `http://127.0.0.1:${watched.port}${text}` : text;
  return URL.parse(whole);
}

export function httpQuestion(probe: HttpProbe, watched: WatchedInstance): Question {
  return (settle) => {
    const url = probeUrl(probe, watched);
    if (url?.protocol !== 'http:') {
      settle(failure(`${probe.url} is no http URL that can be asked`));
      return () => undefined;
    }
    const headers: Record<string, string> = { Connection: 'close' };
    for (const [name, value] of Object.entries(probe.headers))
      headers[name] = watched.expand(value);
    const asked = request(url, { agent: false, method: probe.method, headers });
    asked.on('response', (response) => judge(probe, response, settle));
    asked.on('error', (error) => settle(connectionFailure(error)));
    asked.end();
    return () => asked.destroy();
  };
}

function judge(
  { status: ranges, body: pattern }: HttpProbe,
  response: IncomingMessage,
  settle: Parameters<Question>[0],
): void {
  const status = response.statusCode ?? 0;
  if (!ranges.some(([from, to]) => status >= from && status <= to)) {
    settle(failure(`answered ${status}`));
  } else if (pattern === null) {
    settle({ ok: true });
  } else {
    readBody(response, settle, (body) => {
      if (new RegExp(pattern).test(body)) settle({ ok: true });
      else settle(failure(`answered ${status}, but its body does not match /${pattern}/`));
    });
  }
}

function readBody(
  response: IncomingMessage,
  settle: Parameters<Question>[0],
  done: (body: string) => void,
): void {
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
