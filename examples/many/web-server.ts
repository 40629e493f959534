/** A small JSON server: routes as a table, errors as answers, an end without lost requests. */
import { createServer, type IncomingMessage, type Server } from 'node:http';

export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;
  constructor(status: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

export interface Asked {
  /** What the groups of the route's pattern matched. */
  readonly parameters: readonly string[];
  readonly body: unknown;
}

export interface Route {
  readonly method: 'GET' | 'POST';
  readonly pattern: RegExp;
  readonly answer: (asked: Asked) => unknown;
}

const bodyBytesMax = 64 * 1024;

export function serve(port: number, routes: readonly Route[], onEnd: () => Promise<void>): Server {
  const server = createServer({ requestTimeout: 10_000 }, async (request, response) => {
    const { status, body } = await answer(routes, request);
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  });
  const stop = () => {
    server.close(() => void onEnd().then(() => process.exit(0)));
    server.closeIdleConnections();
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  return server.listen(port, '127.0.0.1');
}

async function answer(routes: readonly Route[], request: IncomingMessage) {
  try {
    for (const route of routes) {
      const match = route.pattern.exec(request.url ?? '/');
      if (match === null || route.method !== request.method) continue;
      const body = route.method === 'GET' ? null : await readBody(request);
      return { status: 200, body: await route.answer({ parameters: match.slice(1), body }) };
    }
    throw new Refusal(404, 'there is no such page');
  } catch (error) {
    if (error instanceof Refusal) return { status: error.status, body: { error: error.message } };
    console.error(error);
    return { status: 500, body: { error: 'something went wrong' } };
  }
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk;
    if (text.length > bodyBytesMax) throw new Refusal(413, 'the body is too large');
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Refusal(400, 'the body is no JSON', { cause });
  }
}

export function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`${name} is not set`);
  return value;
}
