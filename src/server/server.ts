/**
 * The API on a Unix socket that only its owner may open. Whoever can open it may do everything, so
 * it needs no login.
 */
import { chmod, rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import fastify, { type FastifyInstance } from 'fastify';
import { DarumaError, errorInfo } from '../model/errors.ts';
import { socketPath } from '../ports/socket-path.ts';
import { problemOf, sendProblem } from './problem.ts';
import { addRoutes, type RouteOptions } from './routes.ts';

const bodyBytesMax = 64 * 1024;
const closeTimeoutMs = 1_000;

export interface ServerOptions extends RouteOptions {
  /** Absolute path; what is left there of an earlier run is removed. */
  readonly socket: string;
}

/** The API without a socket, for tests. */
export function buildServer(options: RouteOptions): FastifyInstance {
  const server = fastify({ bodyLimit: bodyBytesMax, forceCloseConnections: 'idle' });
  server.setErrorHandler((error, { method, url }, reply) => {
    if (problemOf(error).code === 'INTERNAL') {
      options.log(`${method} ${url}: ${errorInfo(error).message}`);
    }
    return sendProblem(reply, error);
  });
  server.setNotFoundHandler(({ method, url }, reply) =>
    sendProblem(reply, new DarumaError('NOT_FOUND', `there is no ${method} ${url}`)),
  );
  addRoutes(server, options);
  return server;
}

/** Resolves when requests are accepted. `close` lets open requests end, for a moment. */
export async function startServer(options: ServerOptions): Promise<{ close(): Promise<void> }> {
  const server = buildServer(options);
  const path = socketPath(dirname(options.socket), basename(options.socket));
  await rm(options.socket, { force: true });
  await server.listen({ path });
  await chmod(options.socket, 0o600);
  return { close: () => closeSoon(server) };
}

async function closeSoon(server: FastifyInstance): Promise<void> {
  const timer = setTimeout(() => server.server.closeAllConnections(), closeTimeoutMs);
  await server.close();
  clearTimeout(timer);
}
