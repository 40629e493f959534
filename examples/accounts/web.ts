/**
 * The web page: a few files, and everything below /api/ handed on to the API, so that the browser
 * talks to one origin only. Each request to the API has its own connection: the endpoint then
 * chooses an instance that is ready for each.
 */
import { readFile } from 'node:fs/promises';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type ServerResponse,
} from 'node:http';
import { pipeline } from 'node:stream';
import { number, required } from './config.ts';

const port = number(process.env, 'PORT', 1, 65_535, 8000);
const api = new URL(required(process.env, 'API_URL'));
const apiMs = 10_000;

const security = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'cross-origin-opener-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

interface Page {
  readonly type: string;
  readonly body: Buffer;
}

async function page(name: string, type: string): Promise<Page> {
  return { type, body: await readFile(new URL(`web/${name}`, import.meta.url)) };
}

const pages: Readonly<Record<string, Page>> = {
  '/': await page('index.html', 'text/html; charset=utf-8'),
  '/app.js': await page('app.js', 'text/javascript; charset=utf-8'),
  '/style.css': await page('style.css', 'text/css; charset=utf-8'),
  '/icon.svg': await page('icon.svg', 'image/svg+xml'),
  '/healthz': { type: 'application/json', body: Buffer.from('{"status":"ok"}') },
};

/** Headers that hold for one connection only (RFC 9110, section 7.6.1), and those we set. */
const notPassedOn = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
  'host',
  'forwarded',
  'x-forwarded-for',
]);

function passedOn(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const entries = Object.entries(headers).filter(([name]) => !notPassedOn.has(name));
  return Object.fromEntries(entries);
}

function serve(incoming: IncomingMessage, response: ServerResponse): void {
  const path = incoming.url ?? '/';
  if (path.startsWith('/api/')) {
    handOn(incoming, response);
    return;
  }
  const found = Object.hasOwn(pages, path) ? pages[path] : undefined;
  const reads = incoming.method === 'GET' || incoming.method === 'HEAD';
  if (found === undefined || !reads) {
    response.writeHead(found === undefined ? 404 : 405, security).end();
    return;
  }
  const { type, body } = found;
  const headers = { ...security, 'cache-control': 'no-cache', 'content-type': type };
  response.writeHead(200, { ...headers, 'content-length': body.length });
  response.end(incoming.method === 'HEAD' ? undefined : body);
}

function handOn(incoming: IncomingMessage, response: ServerResponse): void {
  const upstream = request({
    hostname: api.hostname.replace(/^\[|\]$/g, ''),
    port: api.port,
    method: incoming.method,
    path: incoming.url,
    headers: {
      ...passedOn(incoming.headers),
      host: api.host,
      'x-forwarded-for': incoming.socket.remoteAddress ?? '',
    },
    agent: false,
    timeout: apiMs,
  });
  upstream.on('response', (answer) => {
    response.writeHead(answer.statusCode ?? 502, passedOn(answer.headers));
    // An answer that breaks off breaks off for the client, too: `pipeline` destroys both.
    pipeline(answer, response, () => undefined);
  });
  upstream.on('timeout', () => upstream.destroy(new Error('the API gave no answer in time')));
  upstream.on('error', (error) => refuse(response, error));
  response.on('close', () => upstream.destroy());
  pipeline(incoming, upstream, () => undefined);
}

function refuse(response: ServerResponse, error: Error): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  console.error(`the API can't be reached: ${error.message}`);
  const body = { error: { code: 'API_UNAVAILABLE', message: 'try again in a moment' } };
  response.writeHead(502, { ...security, 'content-type': 'application/json', 'retry-after': '1' });
  response.end(JSON.stringify(body));
}

const server = createServer({ requestTimeout: 15_000, headersTimeout: 10_000 }, serve);

function stop(): void {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
}

process.on('SIGTERM', stop);
process.on('SIGINT', stop);
server.listen(port, '127.0.0.1');
