/**
 * The API as an HTTP server: every route of the list, with the same order for each request.
 *
 *   headers ─▶ who asks, from where ─▶ may they ─▶ body ─▶ shapes ─▶ done before? ─▶ handle
 *
 * 1. Nobody's body is read before they are let in.
 * 2. What leaves is JSON of ours or a file of ours, under a policy that lets pages load nothing
 *    else.
 */
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { DarumaError, errorInfo } from '../../model/errors.ts';
import { problemOf, sendProblem } from '../problem.ts';
import { accountRoutes } from './account-routes.ts';
import { actRoutes } from './act-routes.ts';
import { authRoutes, TryLater } from './auth-routes.ts';
import { availabilityRoutes } from './availability-routes.ts';
import type { Caller } from './caller.ts';
import { docsPage, docsStyle } from './docs-page.ts';
import { drillRoutes } from './drill-routes.ts';
import { errorRoutes } from './error-routes.ts';
import type { Gate } from './gate.ts';
import { healthRoutes } from './health-routes.ts';
import type { Idempotency } from './idempotency.ts';
import { jsonBody } from './json-body.ts';
import { logRoutes } from './log-routes.ts';
import { notificationRoutes } from './notification-routes.ts';
import { openApi } from './openapi.ts';
import type { Parts } from './parts.ts';
import { pointRoutes } from './point-routes.ts';
import { JsonText, type Route } from './route.ts';
import { stateRoutes } from './state-routes.ts';
import type { StaticFile } from './static-files.ts';
import { Turnstile } from './turnstile.ts';

const requestTimeoutMs = 10_000;
const idleMs = 60_000;
const headersMax = 64;
const pathCharsMax = 2_048;
const classes = ['', '1xx', '2xx', '3xx', '4xx', '5xx'];

export interface AppOptions {
  readonly idempotency: Idempotency;
  readonly files: ReadonlyMap<string, StaticFile>;
  readonly tls: SecureContextOptions | null;
}

interface Asked extends FastifyRequest {
  caller?: Caller | null;
}

/** Every route of the API. */
export function allRoutes(parts: Parts, requests: ReadonlyMap<string, number>): readonly Route[] {
  return [
    ...healthRoutes(parts, requests),
    ...authRoutes(parts),
    ...stateRoutes(parts),
    ...availabilityRoutes(parts),
    ...errorRoutes(parts),
    ...logRoutes(parts),
    ...actRoutes(parts),
    ...drillRoutes(parts),
    ...notificationRoutes(parts),
    ...pointRoutes(parts),
    ...accountRoutes(parts),
  ];
}

export function buildApp(parts: Parts, options: AppOptions): FastifyInstance {
  const requests = new Map<string, number>();
  const app = emptyApp(parts, options);
  const headers = headersOf(options.tls !== null);
  app.addHook('onRequest', (request, reply, next) => {
    reply.headers(request.url.startsWith('/api/v1/') ? headers.data : headers.page);
    const long = request.url.length > pathCharsMax;
    next(long ? new DarumaError('BAD_REQUEST', 'this address is too long') : undefined);
  });
  app.addHook('onResponse', (_, { statusCode }, next) => {
    const status = classes[Math.floor(statusCode / 100)] ?? 'other';
    requests.set(status, (requests.get(status) ?? 0) + 1);
    next();
  });
  const routes = allRoutes(parts, requests);
  const { idempotency } = options;
  const entrance = { gate: parts.gate, turnstile: new Turnstile(), idempotency };
  for (const route of routes) addRoute(app, route, entrance);
  addDescription(app, routes, parts.version);
  addFiles(app, options.files);
  return app;
}

function emptyApp({ log }: Parts, { tls }: AppOptions): FastifyInstance {
  if (tls !== null) createSecureContext(tls); // Throws when the files are no good.
  const common = {
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: idleMs,
    forceCloseConnections: true,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: 300 },
    http: { headersTimeout: requestTimeoutMs, connectionsCheckingInterval: 1_000 },
  } as const;
  const app = (tls === null
    ? fastify(common)
    : fastify({
        ...common,
        https: { ...tls, minVersion: 'TLSv1.2' },
      })) as unknown as FastifyInstance;
  app.server.maxHeadersCount = headersMax;
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_, text, done) => {
    try {
      done(null, jsonBody(String(text)));
    } catch (error) {
      done(error as Error);
    }
  });
  app.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error);
    if (problem.code === 'INTERNAL') {
      log(`${request.method} ${JSON.stringify(request.url)}: ${errorInfo(error).message}`);
    }
    if (error instanceof TryLater) reply.header('retry-after', Math.ceil(error.waitMs / 1_000));
    else if (problem.status === 429) reply.header('retry-after', 1);
    // What broke inside is for our log, not for strangers.
    const shown = problem.code === 'INTERNAL' ? new Error('something broke inside') : error;
    return sendProblem(reply, shown);
  });
  return app;
}

type Headers = Readonly<Record<string, string>>;

/** https://owasp.org/www-project-secure-headers: what an API and one page of its own need. Answers
 * that are no page get the few that say so: each header costs as much as finding the answer. */
function headersOf(secure: boolean): { readonly page: Headers; readonly data: Headers } {
  const all = {
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'same-origin',
    'cache-control': 'no-store',
    ...(secure ? { 'strict-transport-security': 'max-age=31536000' } : {}),
  };
  const data = {
    ...all,
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  };
  const page = {
    ...all,
    'content-security-policy':
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
      "font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; " +
      "form-action 'self'; frame-ancestors 'none'",
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'permissions-policy': 'camera=(), microphone=(), geolocation=()',
  };
  return { page, data };
}

interface Entrance {
  readonly gate: Gate;
  readonly turnstile: Turnstile;
  readonly idempotency: Idempotency;
}

/** At once for whom we know: there may be thousands of requests in a second. */
function letIn(
  { gate, turnstile }: Entrance,
  route: Route,
  request: Asked,
  next: (error?: Error) => void,
): void {
  const admit = (caller: Caller | null): void => {
    request.caller = caller;
    if (caller === null && !turnstile.pass(request.ip)) {
      throw new DarumaError('TOO_MANY_REQUESTS', 'too many requests from this address');
    }
    gate.admit(route, caller);
    next();
  };
  try {
    const caller = gate.caller(request);
    if (caller instanceof Promise) caller.then(admit).catch(next);
    else admit(caller);
  } catch (error) {
    next(error as Error);
  }
}

function addRoute(app: FastifyInstance, route: Route, entrance: Entrance): void {
  const { idempotency } = entrance;
  app.route({
    method: route.method,
    url: route.path,
    bodyLimit: route.bodyBytesMax,
    onRequest: (request: Asked, _reply, next) => letIn(entrance, route, request, next),
    handler: async (request: Asked, reply) => {
      const { caller = null } = request;
      const params = route.params.parse(request.params);
      const query = route.query.parse(request.query);
      const body = bodyOf(route, request.body);
      const work = () =>
        route.handle({
          params,
          query,
          body,
          get caller() {
            if (caller !== null) return caller;
            throw new DarumaError('UNAUTHORIZED', 'this is for people who are logged in');
          },
          request,
          reply,
        });
      const key = route.acts ? keyOf(request) : null;
      if (key === null || caller === null) return answer(route, reply, await work());
      const asked = JSON.stringify([request.method, request.url, request.body ?? null]);
      const who = `${caller.person.id}`;
      const kept = idempotency.begin(who, key, asked);
      if (kept !== null) {
        reply.header('idempotency-replayed', 'true');
        return reply.code(kept.status).type(kept.type).send(kept.body);
      }
      return once(idempotency, { who, key }, route, reply, work);
    },
  });
}

/** A route without a body takes an empty one too. */
function bodyOf({ body }: Route, given: unknown): unknown {
  if (body !== null) return body.parse(given ?? {});
  const empty = given === undefined || given === null || JSON.stringify(given) === '{}';
  if (!empty) throw new DarumaError('BAD_REQUEST', 'this takes no body');
  return undefined;
}

function keyOf({ headers }: FastifyRequest): string | null {
  const key = headers['idempotency-key'];
  if (key === undefined) return null;
  if (typeof key === 'string' && /^[\x21-\x7e]{1,200}$/.test(key)) return key;
  throw new DarumaError('BAD_REQUEST', 'an idempotency key is 1 to 200 visible characters');
}

async function once(
  idempotency: Idempotency,
  { who, key }: { readonly who: string; readonly key: string },
  route: Route,
  reply: FastifyReply,
  work: () => unknown,
): Promise<FastifyReply> {
  try {
    const body = JSON.stringify(await work());
    idempotency.end(who, key, { status: route.status, type: jsonType, body });
    return reply.code(route.status).type(jsonType).send(body);
  } catch (error) {
    const problem = problemOf(error);
    // What may work later may be asked again with the same key; other answers stay what they are.
    if (problem.retryable || problem.status >= 500) idempotency.forget(who, key);
    else {
      const body = JSON.stringify(problem);
      idempotency.end(who, key, { status: problem.status, type: problemType, body });
    }
    throw error;
  }
}

const jsonType = 'application/json; charset=utf-8';
const problemType = 'application/problem+json; charset=utf-8';

function answer(route: Route, reply: FastifyReply, value: unknown): unknown {
  if (reply.sent || value === reply) return reply;
  if (value === undefined) return reply.code(route.status).send();
  // `handle` may have chosen another status.
  if (reply.statusCode === 200) reply.code(route.status);
  reply.header('content-type', jsonType);
  return reply.send(value instanceof JsonText ? value.text : JSON.stringify(value));
}

function addDescription(app: FastifyInstance, routes: readonly Route[], version: string): void {
  const description = openApi(routes, version);
  const page = docsPage(routes, description);
  const json = JSON.stringify(description);
  app.get('/api/openapi.json', (_, reply) => reply.type(jsonType).send(json));
  app.get('/api/docs', (_, reply) => reply.type('text/html; charset=utf-8').send(page));
  app.get('/api/docs.css', (_, reply) => reply.type('text/css; charset=utf-8').send(docsStyle));
}

/** Addresses of the console's own pages all lead to the one page that it is. */
function addFiles(app: FastifyInstance, files: ReadonlyMap<string, StaticFile>): void {
  const index = files.get('/');
  app.setNotFoundHandler((request, reply) => {
    const { method, url } = request;
    const path = url.split('?')[0] ?? '';
    const file = files.get(path);
    if (method === 'GET' && file !== undefined) {
      const lasts = file.lasting ? 'public, max-age=31536000, immutable' : 'no-cache';
      return reply.header('cache-control', lasts).type(file.type).send(file.body);
    }
    const isPage = method === 'GET' && /^\/[\w/-]*$/.test(path) && !path.startsWith('/api/');
    if (isPage && index !== undefined) {
      return reply.header('cache-control', 'no-cache').type(index.type).send(index.body);
    }
    if (isPage && path === '/') return reply.redirect('/api/docs', 302);
    return sendProblem(reply, new DarumaError('NOT_FOUND', 'there is nothing at this address'));
  });
}
