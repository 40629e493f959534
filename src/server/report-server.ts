/**
 * Where applications report their errors. Any user of this machine may connect, so it takes nothing
 * but reports, and only from who knows the secret of an instance; the instance is told by that.
 */
import { chmod, mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { DarumaError, errorInfo } from '../model/errors.ts';
import { reportOf } from './error-report.ts';
import { type ReportAccess, sharedDirectory } from './report-access.ts';
import type { RouteOptions } from './routes.ts';
import { applicationError } from './schemas.ts';
import { emptyServer, listen, type Server } from './server.ts';

export interface ReportServerOptions extends RouteOptions {
  readonly access: ReportAccess;
}

/** Beyond these, who connects is cut off: nobody may use up our file descriptors. */
const connectionsMax = 200;
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
  server.server.maxConnections = connectionsMax;
  return server;
}

/** Where it can't listen, applications go without; that is logged. */
export async function startReportServer(options: ReportServerOptions): Promise<Server> {
  const { access, log } = options;
  try {
    if (isOurs(access)) await openDirectory(dirname(access.socket));
    return await listen(buildReportServer(options), access.socket, 0o666);
  } catch (error) {
    log(`applications can't report errors: ${errorInfo(error).message}`);
    return { close: async () => undefined };
  }
}

/** The stack is down, and nobody is left to report. */
export function removeReportSocket(access: ReportAccess): Promise<void> {
  const path = isOurs(access) ? dirname(access.socket) : access.socket;
  return rm(path, { recursive: true, force: true });
}

/** Its directory is for it alone, outside of the state directory. */
function isOurs({ socket }: ReportAccess): boolean {
  return socket.startsWith(`${sharedDirectory}/`);
}

/** To go through, not to look around in. */
async function openDirectory(directory: string): Promise<void> {
  for (const path of [sharedDirectory, directory]) {
    await mkdir(path, { recursive: true });
    await chmod(path, 0o711);
  }
}
