/** The API, version 1: a thin face of the controller. Nothing is decided here. */
import type { ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { DarumaError, errorInfo } from '../model/errors.ts';
import type { ControllerApi } from '../ports/controller-api.ts';
import type { ReportContext } from './error-report.ts';
import { addErrorRoutes } from './error-routes.ts';
import { streamRecords } from './follow-stream.ts';
import { addKnowledgeRoutes } from './knowledge-routes.ts';
import { addNotificationRoutes } from './notification-routes.ts';
import { addPointRoutes } from './point-routes.ts';
import * as schemas from './schemas.ts';

export interface RouteOptions extends ReportContext {
  readonly log: (text: string) => void;
}

export function addRoutes(server: FastifyInstance, options: RouteOptions): void {
  addStateRoutes(server, options.api);
  addHistoryRoute(server, options.api);
  addFollowRoute(server, options);
  addRequestRoutes(server, options.api);
  addErrorRoutes(server, options);
  addKnowledgeRoutes(server, options.api);
  addNotificationRoutes(server, options);
  addPointRoutes(server, options.api);
}

function addStateRoutes(server: FastifyInstance, api: ControllerApi): void {
  server.get('/healthz', async () => ({ status: 'ok' }));
  server.get('/v1/version', async () => ({ version: api.version, pid: api.pid }));
  server.get('/v1/stack', async () => api.view());
  server.get('/v1/configuration', async () => api.configuration());
  server.get('/v1/incidents', async (request) =>
    api.incidents(schemas.page.parse(request.query).limit),
  );
  server.get<{ Params: { id: string } }>('/v1/incidents/:id', async ({ params }) => {
    const incident = api.incident(schemas.incidentId.parse(params.id));
    if (incident === null) throw new DarumaError('NOT_FOUND', `there is no incident ${params.id}`);
    return incident;
  });
  server.get<{ Params: { id: string } }>('/v1/incidents/:id/logs', async ({ params }) =>
    api.incidentLogs(schemas.incidentId.parse(params.id)),
  );
  server.get('/v1/records', async (request) => {
    const { after, limit } = schemas.recordPage.parse(request.query);
    return api.records(after, limit);
  });
  server.get('/v1/signals', async (request) => {
    const { service, signals } = schemas.signalQuery.parse(request.query);
    return api.signals(service, signals);
  });
}

function addHistoryRoute(server: FastifyInstance, api: ControllerApi): void {
  server.get('/v1/signals/history', async (request) => {
    const { of, from, to, signals } = schemas.signalHistory.parse(request.query);
    const range = { of, from, to: to ?? Date.now() };
    return api.history(signals === undefined ? range : { ...range, signals });
  });
}

function addFollowRoute(server: FastifyInstance, { api, log }: RouteOptions): void {
  const open = new Set<ServerResponse>();
  server.get('/v1/follow', async (request, reply) => {
    const { after } = schemas.followFrom.parse(request.query);
    reply.hijack();
    open.add(reply.raw);
    reply.raw.on('close', () => open.delete(reply.raw));
    streamRecords(api, reply.raw, after).catch((error: unknown) => {
      log(`follow: ${errorInfo(error).message}`);
      reply.raw.destroy();
    });
  });
  server.addHook('preClose', async () => {
    for (const response of open) response.end();
  });
}

function addRequestRoutes(server: FastifyInstance, api: ControllerApi): void {
  server.post('/v1/requests', async ({ body }) => {
    const { by, request } = schemas.personRequest.parse(body);
    return { message: await api.request(by, request) };
  });
  server.post('/v1/drill', async ({ body }) => {
    return { pid: await api.inject(schemas.drillFault.parse(body)) };
  });
  server.post('/v1/detach', async (_request, reply) => {
    await api.detach();
    return reply.code(204).send();
  });
}
