/** How much of the time services were there, and how fast what was wrong was seen and mended. */
import { z } from 'zod';
import { DarumaError } from '../../model/errors.ts';
import { AvailabilityLog } from '../availability-log.ts';
import type { Parts } from './parts.ts';
import { type Route, route } from './route.ts';
import * as shapes from './shapes.ts';

const time = z.number().describe('Milliseconds since 1970.');
const ms = z.number().nullable();

const figures = z.object({
  from: time.describe('The beginning of the window, or of what is known.'),
  availability: ms.describe('upMs / (upMs + downMs); null: neither.'),
  upMs: z.number(),
  downMs: z.number().describe('Wanted, had served, and no instance served.'),
  outages: z.number(),
  mttdMs: ms.describe('Mean time to detect: an incident’s onset until it was opened or reopened.'),
  mttrMs: ms.describe('Mean time to recover: onset until the symptoms were over, once verified.'),
  mtbfMs: ms.describe('upMs by the outages that a fault began, no drill, request or maintenance.'),
});

const answer = z.object({
  at: time,
  since: time.describe('The first record of the log that there still is.'),
  services: z.array(
    z.object({
      service: z.string(),
      state: z.enum(['up', 'down', 'uncounted']),
      since: time,
      windows: z.object({ day: figures, week: figures, month: figures }),
      outages: z
        .array(
          z.object({
            from: time,
            until: time.nullable().describe('Null: it goes on.'),
            cause: z.enum(['fault', 'drill', 'maintenance', 'request']),
            incident: z.string().nullable(),
          }),
        )
        .describe('Of 30 days, newest first, 200 at most.'),
      uncounted: z
        .array(z.object({ from: time, until: time }))
        .describe('Not wanted, or not up yet since it was.'),
    }),
  ),
});

export function availabilityRoutes({ link }: Parts): readonly Route[] {
  const log = new AvailabilityLog(link);
  return [
    route({
      method: 'GET',
      path: '/api/v1/availability',
      access: 'viewer',
      summary: 'Availability of services over 24 hours, 7 and 30 days, by the event log.',
      tag: 'Stack',
      query: z.strictObject({ service: shapes.serviceName.optional() }),
      answer,
      handle: async ({ query: { service } }) => {
        const report = await log.report();
        if (service === undefined) return report;
        const services = report.services.filter((one) => one.service === service);
        if (services.length > 0) return { ...report, services };
        throw new DarumaError('NOT_FOUND', `there is no service ${service}`);
      },
    }),
  ];
}
