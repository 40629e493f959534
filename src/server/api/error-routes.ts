/** The registry of errors: search, one with its happenings, and what people do to them. */
import { z } from 'zod';
import type { ErrorMark, ErrorRecord } from '../../model/error-record.ts';
import { errorStates, isWanted } from '../../model/error-search.ts';
import { DarumaError } from '../../model/errors.ts';
import type { Caller } from './caller.ts';
import { ErrorList } from './error-list.ts';
import type { Page } from './paging.ts';
import type { Parts } from './parts.ts';
import { type Route, route } from './route.ts';
import * as shapes from './shapes.ts';

const tag = 'Errors';
const latestMoment = 8.64e15;

export function errorRoutes(parts: Parts): readonly Route[] {
  const list = new ErrorList(parts.link);
  return [...readRoutes(parts, list), ...markRoutes(parts, list)];
}

const asked = shapes.page.extend({
  search: z
    .string()
    .max(200)
    .optional()
    .describe('Words that occur in code, message, origin, source or release; case is ignored.'),
  state: z
    .enum([...errorStates, 'all'])
    .optional()
    .describe('Absent: all but the muted; with `incident`: all.'),
  of: z
    .union([shapes.instanceName, shapes.serviceName])
    .optional()
    .describe('A service or an instance.'),
  incident: shapes.incidentName
    .optional()
    .describe('Those that happened while it was open, or around its onset at a service involved.'),
  cursor: z
    .string()
    .regex(/^\d{1,16}-[\w.-]{1,100}$/, 'expected the cursor of a page')
    .optional()
    .describe('Goes on after this one. What happens meanwhile goes to the first page.'),
});

function readRoutes({ link }: Parts, list: ErrorList): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/errors',
      access: 'viewer',
      summary: 'Distinct errors, the one that happened last first.',
      tag,
      query: asked,
      answer: shapes.pageOf(shapes.errorRecord),
      handle: async ({ query: { incident: id, cursor, limit, ...filter } }) => {
        const incident = id === undefined ? undefined : await link.incident(id);
        const all = await list.recent();
        const wanted = all.filter((error) => isWanted(error, { ...filter, incident }));
        return pageBelow(wanted, limit, cursor);
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/errors/:error',
      access: 'viewer',
      summary: 'One error with a stack and its latest happenings.',
      tag,
      params: shapes.errorParams,
      answer: shapes.errorDetail,
      handle: ({ params }) => link.error(params.error),
    }),
  ];
}

/** They are sorted by when they were last seen, the newest first. */
function pageBelow(
  all: readonly ErrorRecord[],
  limit: number,
  cursor: string | undefined,
): Page<ErrorRecord> {
  const timeOf = ({ lastSeen }: ErrorRecord) => Math.floor(lastSeen);
  const sorted = all.toSorted((a, b) => timeOf(b) - timeOf(a) || (a.id < b.id ? -1 : 1));
  const [, at = '', id = ''] = /^(\d+)-(.*)$/.exec(cursor ?? '') ?? [];
  const isBelow = (error: ErrorRecord) =>
    timeOf(error) < Number(at) || (timeOf(error) === Number(at) && error.id > id);
  const rest = cursor === undefined ? sorted : sorted.filter(isBelow);
  const items = rest.slice(0, limit);
  const last = items.at(-1);
  const more = rest.length > limit && last !== undefined;
  return { items, next: more ? `${timeOf(last)}-${last.id}` : null };
}

const acting = {
  method: 'POST',
  access: 'operator',
  acts: true,
  tag,
  params: shapes.errorParams,
  answer: shapes.message,
} as const;

function markRoutes({ link }: Parts, list: ErrorList): readonly Route[] {
  const mark = async (id: string, what: ErrorMark, { by }: Caller, message: string) => {
    try {
      await link.markError(id, what, by);
      return { message: `${id} ${message}` };
    } finally {
      list.touch();
    }
  };
  return [
    route({
      ...acting,
      path: '/api/v1/errors/:error/acknowledge',
      summary: 'Notes down that somebody has seen to it, until it happens again.',
      handle: ({ params, caller }) =>
        mark(params.error, { kind: 'acknowledge' }, caller, 'is acknowledged'),
    }),
    route({
      ...acting,
      path: '/api/v1/errors/:error/mute',
      summary: 'It doesn’t show for a time, however often it happens.',
      body: z.strictObject({
        until: z
          .number()
          .min(0)
          .max(latestMoment)
          .nullable()
          .describe('Milliseconds since 1970; null: for ever, which needs `consent`.'),
        consent: z.boolean().default(false),
      }),
      handle: ({ params, body: { until, consent }, caller }) => {
        if (until === null && !consent) {
          throw new DarumaError('REFUSED', 'muting an error for ever needs `consent`');
        }
        const text = until === null ? 'is muted for ever' : 'is muted';
        return mark(params.error, { kind: 'mute', until }, caller, text);
      },
    }),
    route({
      ...acting,
      path: '/api/v1/errors/:error/unmute',
      summary: 'It shows again.',
      handle: ({ params, caller }) => mark(params.error, { kind: 'unmute' }, caller, 'shows again'),
    }),
  ];
}
