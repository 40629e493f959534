/** What the API accepts. */
import { z } from 'zod';
import type { PersonRequest } from '../model/event.ts';
import type { IncidentId, InstanceId } from '../model/ids.ts';
import type { DrillFault } from '../ports/controller-api.ts';
import { maintenanceMs } from './maintenance-limits.ts';
import { restoreRequests } from './point-routes.ts';

const largestPage = 1_000;
const longestMessage = 4_000;
const longestStack = 20_000;
const longestLimitMs = 3_600_000;

export const name = z.string().min(1).max(200);

export const instance = z.custom<InstanceId>(
  (value) => typeof value === 'string' && /^[^:/]{1,200}\/\d{1,6}$/.test(value),
  'expected an instance such as api/1',
);

export const incidentId = z.custom<IncidentId>(
  (value) => typeof value === 'string' && /^i\d{1,15}$/.test(value),
  'expected an incident such as i1',
);

export const page = z.object({
  limit: z.coerce.number().int().min(1).max(largestPage).default(100),
});

export const recordPage = page.extend({ after: z.coerce.number().int().min(0).default(0) });

/** Without `after`: from now on. */
export const followFrom = z.object({ after: z.coerce.number().int().min(0).optional() });

const time = z.coerce.number().min(0).max(1e15);

const signals = z
  .string()
  .max(2_000)
  .transform((text) => text.split(','))
  .optional();

export const signalHistory = z.object({ of: name, from: time, to: time.optional(), signals });

export const signalQuery = z.object({ service: name.optional(), signals });

const request = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('up'), restartChanged: z.boolean().default(false) }),
  z.object({ kind: z.literal('down') }),
  z.object({
    kind: z.enum(['start', 'stop', 'restart']),
    target: name,
    wait: z.boolean().default(true),
  }),
  z.object({ kind: z.literal('reset'), target: name.nullable() }),
  z.object({ kind: z.enum(['approve', 'reject']), incident: incidentId }),
  z.object({ kind: z.literal('note'), text: z.string().min(1).max(500) }),
  z.object({
    kind: z.literal('switchover'),
    service: name,
    to: instance.nullable(),
    limitMs: z.number().int().min(0).max(longestLimitMs),
  }),
  z.object({
    kind: z.literal('maintenance'),
    service: name,
    forMs: maintenanceMs.nullable(),
    untilHealthy: z.boolean(),
  }),
  z.object({ kind: z.literal('maintenance-end'), service: name }),
  ...restoreRequests,
]) satisfies z.ZodType<PersonRequest>;

export const personRequest = z.object({ by: name, request });

export const drillFault = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('signal'),
    instance,
    signal: z.string().regex(/^SIG[A-Z0-9]{2,10}$/),
  }),
  z.object({
    kind: z.literal('leak'),
    instance,
    bytesPerSecond: z
      .number()
      .int()
      .min(1)
      .max(2 ** 30),
  }),
]) satisfies z.ZodType<DrillFault>;

/** An application reports an error of its own; a longer message or stack is cut. */
export const applicationError = z.object({
  code: z.string().regex(/^[\w.:/-]{1,100}$/, 'expected 1 to 100 letters, digits, . : / _ -'),
  message: z.string().transform((text) => text.slice(0, longestMessage)),
  stack: z
    .string()
    .transform((text) => text.slice(0, longestStack))
    .optional(),
  release: z
    .string()
    .regex(/^[^\p{C}]{1,100}$/u, 'expected 1 to 100 characters, no control characters')
    .optional(),
  service: name.optional(),
  instance: instance.optional(),
});
