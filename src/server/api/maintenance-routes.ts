/** Services that are watched and not acted on for a while. */
import { z } from 'zod';
import type { PersonRequest } from '../../model/event.ts';
import { maintenanceMs } from '../maintenance-limits.ts';
import type { Caller } from './caller.ts';
import { type Route, route } from './route.ts';
import * as shapes from './shapes.ts';

const body = z
  .strictObject({
    forMs: maintenanceMs.optional().describe('How long. Absent: until healthy, a day at most.'),
    untilHealthy: z
      .boolean()
      .default(false)
      .describe('Ends as well once the service was not healthy, and has been so for 10 s again.'),
  })
  .refine(({ forMs, untilHealthy }) => forMs !== undefined || untilHealthy, {
    message: 'expected `forMs`, `untilHealthy`, or both',
  });

type Ask = (caller: Caller, request: PersonRequest) => Promise<{ readonly message: string }>;

export function maintenanceRoutes(ask: Ask): readonly Route[] {
  const acting = {
    method: 'POST',
    access: 'operator',
    acts: true,
    tag: 'Acting',
    params: shapes.serviceParams,
    answer: shapes.message,
  } as const;
  return [
    route({
      ...acting,
      path: '/api/v1/services/:service/maintenance',
      summary: 'The service is watched and not acted on: for a time, or until it is healthy.',
      body,
      handle: ({ params: { service }, body: { forMs = null, untilHealthy }, caller }) =>
        ask(caller, { kind: 'maintenance', service, forMs, untilHealthy }),
    }),
    route({
      ...acting,
      path: '/api/v1/services/:service/maintenance/end',
      summary: 'Ends the maintenance of the service: what is wrong is dealt with at once.',
      handle: ({ params: { service }, caller }) =>
        ask(caller, { kind: 'maintenance-end', service }),
    }),
  ];
}
