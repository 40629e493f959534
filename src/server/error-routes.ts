/** Errors: those that are kept, those that are reported, and what people do to them. */
import type { FastifyInstance, FastifyReply } from 'fastify';
import { z } from 'zod';
import type { ErrorMark } from '../model/error-record.ts';
import { DarumaError } from '../model/errors.ts';
import { type ReportContext, reportOf } from './error-report.ts';

import { applicationError, name, page } from './schemas.ts';

const act = z.object({ by: name });
const mute = act.extend({ until: z.number().min(0).max(8.64e15).nullable() });

interface One {
  readonly Params: { readonly id: string };
}

export function addErrorRoutes(server: FastifyInstance, options: ReportContext): void {
  const { api } = options;
  server.get('/v1/errors', async (request) => api.errors(page.parse(request.query).limit));
  server.post('/v1/errors', async ({ body }, reply) => {
    api.reportError(reportOf(applicationError.parse(body), options));
    return reply.code(202).send();
  });
  server.get<One>('/v1/errors/:id', async ({ params }) => {
    const found = await api.error(params.id);
    if (found === null) throw noError(params.id);
    return found;
  });
  const mark = async (id: string, what: ErrorMark, by: string, reply: FastifyReply) => {
    if (await api.markError(id, what, by)) return reply.code(204).send();
    throw noError(id);
  };
  server.post<One>('/v1/errors/:id/ack', ({ params, body }, reply) =>
    mark(params.id, { kind: 'acknowledge' }, act.parse(body).by, reply),
  );
  server.post<One>('/v1/errors/:id/mute', ({ params, body }, reply) => {
    const { by, until } = mute.parse(body);
    return mark(params.id, { kind: 'mute', until }, by, reply);
  });
  server.post<One>('/v1/errors/:id/unmute', ({ params, body }, reply) =>
    mark(params.id, { kind: 'unmute' }, act.parse(body).by, reply),
  );
}

function noError(id: string): DarumaError {
  return new DarumaError('NOT_FOUND', `there is no error ${id}`);
}
