/** The API's routes. What they need is handed in, so that tests can ask them without a network. */
import Fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import type { Accounts, Registration } from './accounts.ts';
import type { Attempts } from './attempts.ts';
import type { Database } from './database.ts';
import { Failure } from './failures.ts';
import type { OwnErrors } from './own-errors.ts';
import { type Tokens, tokenSeconds } from './tokens.ts';

export interface Parts {
  readonly database: Database;
  readonly accounts: Accounts;
  readonly tokens: Tokens;
  readonly attempts: Attempts;
  readonly ownErrors: OwnErrors;
  /** Which instance of the API this is. */
  readonly instance: string;
  readonly logger: boolean | { readonly level: string };
}

const name = { type: 'string', pattern: '^[a-z0-9][a-z0-9._-]{1,31}$' };
const password = { type: 'string', minLength: 10, maxLength: 200 };
const registration = {
  type: 'object',
  required: ['requestId', 'name', 'displayName', 'password'],
  additionalProperties: false,
  properties: {
    requestId: { type: 'string', format: 'uuid' },
    name,
    displayName: { type: 'string', minLength: 1, maxLength: 80, pattern: '^[^\\u0000]*$' },
    password,
  },
};
const credentials = {
  type: 'object',
  required: ['name', 'password'],
  additionalProperties: false,
  properties: { name, password },
};

const headers = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

export function buildApp(parts: Parts): FastifyInstance {
  const app = Fastify({
    logger: parts.logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: 4096,
    requestTimeout: 10_000,
    keepAliveTimeout: 5_000,
    // The address of the client comes from our own proxy, and from nobody else.
    trustProxy: 'loopback',
    // While it stops, requests on open connections are answered as ever.
    return503OnClosing: false,
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false } },
  });
  app.removeContentTypeParser('text/plain');
  app.addHook('onSend', async (_request, reply) => void reply.headers(headers));
  app.setErrorHandler<FastifyError>((error, _request, reply) =>
    answerError(parts.ownErrors, error, reply),
  );
  app.setNotFoundHandler(() => {
    throw new Failure(404, 'NOT_FOUND', 'there is no such page');
  });
  addRoutes(app, parts);
  return app;
}

function addRoutes(app: FastifyInstance, parts: Parts): void {
  const { accounts, attempts, database, ownErrors, tokens } = parts;

  app.post<{ Body: Registration }>(
    '/api/register',
    { schema: { body: registration } },
    async ({ body }, reply) => reply.code(201).send(await accounts.register(body)),
  );

  app.post<{ Body: { name: string; password: string } }>(
    '/api/login',
    { schema: { body: credentials } },
    async ({ body, ip }) => {
      attempts.check(body.name, ip);
      const profile = await accounts.logIn(body.name, body.password);
      if (profile === null) {
        attempts.failed(body.name, ip);
        throw new Failure(401, 'WRONG_CREDENTIALS', 'wrong name or password');
      }
      attempts.succeeded(body.name, ip);
      return { token: await tokens.issue(profile.id), expiresIn: tokenSeconds };
    },
  );

  app.get('/api/profile', async (request) => accounts.profile(await accountOf(tokens, request)));

  app.get('/api/error', async (request) => {
    await accountOf(tokens, request);
    return { error: await ownErrors.latest() };
  });

  app.get('/api/served-by', async () => ({ api: parts.instance, database: await database.who() }));

  app.get('/healthz', async () => {
    await database.health();
    return { status: 'ok' };
  });
}

async function accountOf(tokens: Tokens, { headers }: FastifyRequest): Promise<string> {
  const token = /^Bearer ([\w.-]+)$/.exec(headers.authorization ?? '')?.[1];
  if (token === undefined) throw new Failure(401, 'TOKEN_MISSING', 'log in first');
  return tokens.verify(token);
}

/** Clients learn what they can do about it; what went wrong inside is for the log. */
function answerError(ownErrors: OwnErrors, error: FastifyError | Failure, reply: FastifyReply) {
  const failure = error instanceof Failure ? error : null;
  const status = error instanceof Failure ? error.status : (error.statusCode ?? 500);
  const known = status < 500 || failure !== null;
  const code = known ? error.code : 'INTERNAL';
  if (!known) reply.log.error(error);
  if (status >= 500 && !failure?.expected) ownErrors.record(code, describe(error, known));
  if (failure?.retryAfter !== undefined) reply.header('retry-after', failure.retryAfter);
  const message = known ? error.message : 'something went wrong';
  return reply.code(status).send({ error: { code, message } });
}

function describe(error: Error, known: boolean): string {
  const text = known ? error.message : error.name;
  const { cause } = error;
  return cause instanceof Error && 'code' in cause ? `${text} (${cause.code})` : text;
}
