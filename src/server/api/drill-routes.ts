/** Faults on purpose, and what came of them. */
import { z } from 'zod';
import { drillFaults } from '../../model/drill.ts';
import { DarumaError } from '../../model/errors.ts';
import { serviceOf } from '../../model/ids.ts';
import { pageAfter } from './paging.ts';
import type { Parts } from './parts.ts';
import { type Route, route } from './route.ts';
import * as shapes from './shapes.ts';

const tag = 'Drills';
const drillParams = z.strictObject({ drill: z.coerce.number().int().min(1).max(1e12) });

export function drillRoutes({ drills, live, people }: Parts): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/drills',
      access: 'viewer',
      summary: 'Drills that were run here or by `daruma drill`, newest first.',
      tag,
      query: shapes.page,
      answer: shapes.pageOf(shapes.drill),
      handle: ({ query }) => pageAfter(drills.list(), query, ({ id }) => String(id)),
    }),
    route({
      method: 'GET',
      path: '/api/v1/drills/:drill',
      access: 'viewer',
      summary: 'One drill with its result.',
      tag,
      params: drillParams,
      answer: shapes.drill,
      handle: ({ params }) => {
        const found = drills.find(params.drill);
        if (found !== null) return found;
        throw new DarumaError('NOT_FOUND', `there is no drill ${params.drill}`);
      },
    }),
    route({
      method: 'POST',
      path: '/api/v1/drills',
      access: 'operator',
      acts: true,
      summary: 'Brings a fault about, as `daruma drill` does; one at a time.',
      tag,
      body: z.strictObject({
        fault: z.enum(drillFaults),
        target: z
          .union([shapes.instanceName, shapes.serviceName])
          .describe('With `controller-kill`: whose endpoint is watched.'),
        timeoutS: z.number().int().min(5).max(3_600).default(120),
      }),
      answer: shapes.drill,
      status: 202,
      handle: async ({ body, caller }) => {
        const { services } = (await live.shown()).view;
        const name = serviceOf(body.target);
        const known = services.find((service) => service.name === name);
        const instances = known?.instances ?? [];
        if (!instances.some(({ id }) => id === body.target || name === body.target)) {
          throw new DarumaError('NOT_FOUND', `there is no ${body.target} in this stack`);
        }
        people.note(caller.by, `began the drill ${body.fault} ${body.target}`);
        return drills.begin({ ...body, by: caller.by });
      },
    }),
  ];
}
