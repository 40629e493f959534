/**
 * Where applications report their errors. Any user of this machine may connect, so it takes nothing
 * but reports, and only from who knows the secret of an instance; the instance is told by that.
 */
import type { FastifyInstance } from 'fastify';
import { DarumaError } from '../model/errors.ts';
import { reportOf } from './error-report.ts';
import type { ReportAccess } from './report-access.ts';
import type { ReportDoor } from './report-door.ts';
import type { RouteOptions } from './routes.ts';
import { applicationError } from './schemas.ts';
import { closeSoon, emptyServer, type Server, serveConnection } from './server.ts';

export interface ReportServerOptions extends RouteOptions {
  readonly access: ReportAccess;
}

const report = applicationError.omit({ service: true, instance: true });

/** Without a socket, for tests. */
export function buildReportServer(options: ReportServerOptions): FastifyInstance {
  const { api, host, log, access } = options;
  const server = emptyServer(log);
  server.post('/v1/errors', async ({ headers, body }, reply) => {
    const token = /^Bearer (\S+)$/i.exec(headers.authorization ?? '')?.[1];
    const instance = token === undefined ? null : access.reporter(token);
    if (instance === null) {
      throw new DarumaError('UNAUTHORIZED', 'this is no token of an instance');
    }
    api.reportError(reportOf({ ...report.parse(body), instance }, { api, host }));
    return reply.code(202).send();
  });
  return server;
}

/** Serves who comes through the door. */
export async function startReportServer(
  options: ReportServerOptions,
  door: ReportDoor,
): Promise<Server> {
  const server = buildReportServer(options);
  await server.ready();
  door.serve((connection) => serveConnection(server, connection));
  return { close: () => closeSoon(server) };
}
