/** What there is and what happened. */
import { z } from 'zod';
import { DarumaError } from '../../model/errors.ts';
import type { ServiceName } from '../../model/ids.ts';
import type { StoredRecord } from '../../model/record.ts';
import type { StackSpec } from '../../model/stack-spec.ts';
import { topics } from './event-stream.ts';
import type { LiveStack } from './live.ts';
import { type Page, pageAfter } from './paging.ts';
import type { Parts } from './parts.ts';
import { forEyes } from './record-json.ts';
import { JsonText, type Route, route } from './route.ts';
import * as shapes from './shapes.ts';

/** As many as the controller gives at once. */
const listMax = 1_000;
const tag = 'Stack';

export function stateRoutes(parts: Parts): readonly Route[] {
  const { live } = parts;
  const signals = [traffic(live), signalHistory(parts)];
  return [...stackRoutes(parts), ...signals, ...historyRoutes(parts), follow(parts)];
}

function stackRoutes({ live, link }: Parts): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/stack',
      access: 'viewer',
      summary: 'The whole stack as it is now.',
      tag,
      answer: shapes.stack,
      handle: async () => (await live.shown()).view,
    }),
    route({
      method: 'GET',
      path: '/api/v1/services',
      access: 'viewer',
      summary: 'The services with their instances, in the order of the stack file.',
      tag,
      query: z.strictObject({ limit: shapes.pageLimit, cursor: shapes.cursor }),
      answer: shapes.pageOf(shapes.service),
      handle: async ({ query: { limit, cursor } }) => {
        const { view, page } = await live.shown();
        if (limit === undefined && cursor === undefined) return new JsonText(page);
        return pageAfter(view.services, { limit: limit ?? listMax, cursor }, ({ name }) => name);
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/services/:service',
      access: 'viewer',
      summary: 'One service with its instances.',
      tag,
      params: shapes.serviceParams,
      answer: shapes.service,
      handle: async ({ params }) => {
        const json = (await live.shown()).services.get(params.service);
        if (json === undefined) throw noService(params.service);
        return new JsonText(json);
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/configuration',
      access: 'admin',
      summary: 'What the stack runs by, without the values that may be secret.',
      tag,
      answer: z.object({ readAt: z.number(), spec: z.looseObject({ name: z.string() }) }),
      handle: async () => {
        const { spec, readAt } = await link.configuration();
        return { readAt, spec: withoutSecrets(spec) };
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/signals',
      access: 'viewer',
      summary: 'The latest value of each signal.',
      tag,
      query: z.strictObject({ service: shapes.serviceName.optional() }),
      answer: z.object({ items: z.array(shapes.sample) }),
      handle: async ({ query: { service } }) => {
        const all = await link.signals();
        if (service === undefined) return { items: all };
        await requireComponent(live, service);
        const isIts = (component: string) =>
          component === service || component.startsWith(`${service}/`);
        return { items: all.filter(({ component }) => isIts(component)) };
      },
    }),
  ];
}

function traffic(live: LiveStack): Route {
  return route({
    method: 'GET',
    path: '/api/v1/traffic',
    access: 'viewer',
    summary: 'What goes through the endpoints of each service now.',
    tag,
    answer: z.object({ items: z.array(shapes.traffic) }),
    handle: async () => ({ items: await live.traffic() }),
  });
}

const signalNames = z
  .string()
  .max(2_000)
  .regex(/^[\w.]+(,[\w.]+)*$/, 'expected names of signals, with commas between')
  .transform((text) => text.split(','));
const moment = z.coerce.number().min(0).max(1e15);

function signalHistory({ link, live }: Parts): Route {
  return route({
    method: 'GET',
    path: '/api/v1/signals/history',
    access: 'viewer',
    summary: 'How signals went: the last hour by the second, the last week by the minute.',
    tag,
    query: z.strictObject({
      of: z.union([shapes.instanceName, shapes.serviceName]).describe('A service or an instance.'),
      signals: signalNames.optional().describe('Absent: all.'),
      from: moment,
      to: moment.optional().describe('Absent: now.'),
    }),
    answer: z.object({ items: z.array(shapes.series) }),
    handle: async ({ query: { of, signals, from, to = Date.now() } }) => {
      await requireComponent(live, of);
      const range = { of, from, to };
      return { items: await link.history(signals === undefined ? range : { ...range, signals }) };
    },
  });
}

const incidentLog = z.object({
  instance: z.string(),
  at: z.number(),
  offset: z.number().describe('In bytes from the log’s beginning.'),
});

function historyRoutes({ link, live }: Parts): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/incidents',
      access: 'viewer',
      summary: 'Incidents, newest first.',
      tag,
      query: shapes.page.extend({ state: z.enum(['open', 'resolved']).optional() }),
      answer: shapes.pageOf(shapes.incident),
      handle: async ({ query }) => {
        const all = await live.incidents();
        const is = (state: string) => (state === 'resolved' ? 'resolved' : 'open');
        const wanted = all.filter(({ state }) => is(state) === (query.state ?? is(state)));
        return pageAfter(wanted, query, ({ id }) => id);
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/incidents/:incident',
      access: 'viewer',
      summary: 'One incident with its symptoms, causes and actions.',
      tag,
      params: shapes.incidentParams,
      answer: shapes.incident,
      handle: ({ params }) => link.incident(params.incident),
    }),
    route({
      method: 'GET',
      path: '/api/v1/incidents/:incident/logs',
      access: 'viewer',
      summary: 'Where logs ended when it began: `after` of the logs takes such an offset.',
      tag,
      params: shapes.incidentParams,
      answer: z.object({ items: z.array(incidentLog) }),
      handle: async ({ params }) => ({ items: await link.incidentLogs(params.incident) }),
    }),
    route({
      method: 'GET',
      path: '/api/v1/records',
      access: 'viewer',
      summary: 'The event log: what happened and what was decided.',
      tag,
      query: shapes.page.extend({
        order: z.enum(['newest', 'oldest']).default('newest'),
        cursor: z
          .string()
          .regex(/^\d{1,15}$/, 'expected a sequence number')
          .optional()
          .describe('The sequence number after which it goes on.'),
      }),
      answer: shapes.pageOf(shapes.record),
      handle: async ({ query: { order, cursor, limit } }) => {
        const from = cursor === undefined ? null : Number(cursor);
        if (order === 'oldest') return pageOfRecords(await link.records(from ?? 0, limit), limit);
        const before = from ?? (await live.shown()).view.seq + 1;
        const newest = (await live.recordsBefore(before, limit)).toReversed();
        const last = newest.at(-1)?.seq ?? 1;
        return { items: newest.map(forEyes), next: last > 1 ? String(last) : null };
      },
    }),
  ];
}

const topicList = z
  .string()
  .regex(/^[a-z]+(,[a-z]+)*$/)
  .transform((text) => text.split(','))
  .pipe(z.array(z.enum(topics)));

function follow({ streams, gate }: Parts): Route {
  return route({
    method: 'GET',
    path: '/api/v1/stream',
    access: 'viewer',
    summary: 'Live events (text/event-stream); `Last-Event-ID` or `after` goes on after a record.',
    tag,
    query: z.strictObject({
      topics: topicList.optional().describe(`Some of ${topics.join(', ')}, with commas between.`),
      after: z.coerce.number().int().min(0).optional(),
    }),
    handle: ({ query, request, reply, caller }) => {
      const given = request.headers['last-event-id'];
      const last = typeof given === 'string' && /^\d{1,15}$/.test(given) ? Number(given) : null;
      const chosen = new Set(query.topics ?? topics);
      reply.hijack();
      streams.open({
        response: reply.raw,
        topics: chosen,
        after: last ?? query.after ?? null,
        mayStay: () => gate.mayStay(caller),
      });
      return undefined;
    },
  });
}

/** A service or an instance. Throws NOT_FOUND. */
async function requireComponent(live: LiveStack, name: string): Promise<void> {
  const { services } = (await live.shown()).view;
  if (services.some((one) => one.name === name || one.instances.some(({ id }) => id === name)))
    return;
  throw new DarumaError('NOT_FOUND', `there is no ${name} in this stack`);
}

function noService(name: ServiceName): DarumaError {
  return new DarumaError('NOT_FOUND', `there is no service ${name}`);
}

function pageOfRecords(records: readonly StoredRecord[], limit: number): Page<StoredRecord> {
  const last = records.at(-1)?.seq;
  const more = records.length === limit && last !== undefined;
  return { items: records.map(forEyes), next: more ? String(last) : null };
}

/** Values of the environment, headers and addresses with a password in them are left out. */
function withoutSecrets(spec: StackSpec): unknown {
  const hidden = new Set(['environment', 'headers', 'password', 'url']);
  return JSON.parse(
    JSON.stringify(spec, (key, value) => {
      if (!hidden.has(key) || value === null) return value;
      return typeof value === 'object' ? Object.keys(value) : '(not shown)';
    }),
  );
}
