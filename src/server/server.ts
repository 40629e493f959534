/**
 * The API on a Unix socket that only its owner may open. Whoever can open it may do everything, so
 * it needs no login.
 */
import { chmod, rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { basename, dirname } from 'node:path';
import fastify, { type FastifyInstance } from 'fastify';
import { DarumaError, errorInfo } from '../model/errors.ts';
import { isReadOnlyError } from '../ports/read-only.ts';
import { socketPath } from '../ports/socket-path.ts';
import { problemOf, sendProblem } from './problem.ts';
import { addRoutes, type RouteOptions } from './routes.ts';

const bodyBytesMax = 64 * 1024;
const closeTimeoutMs = 1_000;
const requestTimeoutMs = 10_000;
const listenAgainMs = 1_000;

export interface ServerOptions extends RouteOptions {
  /** Absolute path; what is left there of an earlier run is removed. */
  readonly socket: string;
}

export interface Server {
  /** Lets open requests end, for a moment. */
  close(): Promise<void>;
}

export interface ControlServer extends Server {
  /** Serves who came another way. */
  accept(connection: Socket): void;
}

/** The API without a socket, for tests. */
export function buildServer(options: RouteOptions): FastifyInstance {
  const server = emptyServer(options.log);
  addRoutes(server, options);
  return server;
}

/** Resolves when requests are accepted; on a read-only file system those that come another way,
 * and those on the socket once that can be made. */
export async function startServer(options: ServerOptions): Promise<ControlServer> {
  const { socket, log } = options;
  const server = buildServer(options);
  await server.ready();
  const open = () => listenWhere(server, socket, 0o600);
  let retry: NodeJS.Timeout | null = null;
  const again = (error: unknown) => {
    if (!isReadOnlyError(error)) throw error;
    retry = setTimeout(() => {
      open()
        .catch(again)
        .catch((failure: unknown) => log(errorInfo(failure).message));
    }, listenAgainMs);
  };
  await open().catch(again);
  return {
    accept: (connection) => serveConnection(server, connection),
    close: () => {
      if (retry !== null) clearTimeout(retry);
      return closeSoon(server);
    },
  };
}

/** Tells errors as problems, and has no routes. */
export function emptyServer(log: (text: string) => void): FastifyInstance {
  const server = fastify({
    bodyLimit: bodyBytesMax,
    forceCloseConnections: 'idle',
    // Whoever comes while it closes is cut off, and asks the next controller.
    return503OnClosing: false,
    // A reader of the event log may stay for as long as it likes; a request may not take for ever.
    requestTimeout: requestTimeoutMs,
  });
  server.setErrorHandler((error, { method, url }, reply) => {
    if (problemOf(error).code === 'INTERNAL') {
      log(`${method} ${url}: ${errorInfo(error).message}`);
    }
    return sendProblem(reply, error);
  });
  server.setNotFoundHandler(({ method, url }, reply) =>
    sendProblem(reply, new DarumaError('NOT_FOUND', `there is no ${method} ${url}`)),
  );
  return server;
}

/** On the socket, in place of what an earlier run left there. */
async function listenWhere(server: FastifyInstance, socket: string, mode: number): Promise<void> {
  await rm(socket, { force: true });
  await server.listen({ path: socketPath(dirname(socket), basename(socket)) });
  await chmod(socket, mode);
}

/** Serves who came another way than by its socket, and is paused. */
export function serveConnection(server: FastifyInstance, connection: Socket): void {
  server.server.emit('connection', connection);
  connection.resume();
}

/** Lets open requests end, for a moment. */
export async function closeSoon(server: FastifyInstance): Promise<void> {
  const timer = setTimeout(() => server.server.closeAllConnections(), closeTimeoutMs);
  await server.close();
  clearTimeout(timer);
}
