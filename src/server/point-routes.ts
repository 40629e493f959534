/** Recovery points: list, make, try, verify, prune, and what a restore would bring back. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { RestoreTarget } from '../model/recovery-point.ts';
import type { ControllerApi } from '../ports/controller-api.ts';

const service = z.string().min(1).max(200);
const point = z.string().regex(/^[\w.-]{1,100}$/, 'expected the id of a point');
const path = z.string().startsWith('/', 'expected an absolute path').max(4_096);
const moment = z.number().min(0).max(8.64e15);

const restoreTarget = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('latest') }),
  z.object({ kind: z.literal('point'), point }),
  z.object({ kind: z.literal('time'), at: moment, before: z.boolean() }),
  z.object({
    kind: z.literal('lsn'),
    lsn: z.string().regex(/^[0-9A-Fa-f]{1,8}\/[0-9A-Fa-f]{1,8}$/, 'expected such as 0/3000028'),
    before: z.boolean().default(false),
  }),
]) satisfies z.ZodType<RestoreTarget>;

const restorePlan = z.object({
  service,
  point,
  target: restoreTarget,
  to: moment,
  lossMs: z.number().min(0),
  dataBytes: z.number().min(0),
  expectedMs: z.number().min(0).nullable(),
});

export const restoreRequests = [
  z.object({
    kind: z.literal('restore'),
    service,
    to: restoreTarget,
    plan: restorePlan,
    only: z.array(path).max(1_000),
    identity: path.nullable(),
  }),
  z.object({ kind: z.enum(['restore-confirm', 'restore-undo']), service }),
] as const;

const about = z.object({ service });
const named = about.extend({ name: z.string().min(1).max(200).nullable().default(null) });
const one = about.extend({
  point: point.nullable().default(null),
  identity: path.nullable().default(null),
});
const pruned = about.extend({
  dryRun: z.boolean().default(false),
  consent: z.boolean().default(false),
});

export function addPointRoutes(server: FastifyInstance, { points }: ControllerApi): void {
  server.get('/v1/points', async ({ query }) => points.list(about.parse(query).service));
  server.get('/v1/points/jobs', async () => points.underWay());
  server.post('/v1/points', async ({ body }) => {
    const asked = named.parse(body);
    return points.make(asked.service, asked.name);
  });
  server.post('/v1/points/plan', async ({ body }) => {
    const asked = about.extend({ target: restoreTarget }).parse(body);
    return points.plan(asked.service, asked.target, Date.now());
  });
  server.post('/v1/points/drill', async ({ body }) => {
    const asked = one.parse(body);
    return points.drill(asked.service, asked.point, asked.identity);
  });
  server.post('/v1/points/verify', async ({ body }) => {
    const asked = one.parse(body);
    return points.verify(asked.service, asked.point, asked.identity);
  });
  server.post('/v1/points/prune', async ({ body }) => {
    const { service: of, ...how } = pruned.parse(body);
    return points.prune(of, how);
  });
}
