/** The output of instances: a part of it, or live. */
import { z } from 'zod';
import { DarumaError } from '../../model/errors.ts';
import type { InstanceId } from '../../model/ids.ts';
import { shownLine } from './log-streams.ts';
import type { Parts } from './parts.ts';
import { type Route, route } from './route.ts';
import * as shapes from './shapes.ts';
import type { LogLine, LogSource } from './stack-link.ts';

const linesMax = 2_000;
/** A search looks no further back. */
const searchedMax = 100_000;
const tag = 'Logs';

export function logRoutes({ logs, logStreams, gate, live }: Parts): readonly Route[] {
  const known = async (instance: InstanceId): Promise<InstanceId> => {
    const { services } = (await live.shown()).view;
    const all = services.flatMap(({ instances }) => instances);
    if (all.some(({ id }) => id === instance)) return instance;
    throw new DarumaError('NOT_FOUND', `there is no instance ${instance}`);
  };
  return [
    route({
      method: 'GET',
      path: '/api/v1/services/:service/instances/:number/logs',
      access: 'viewer',
      summary: 'Lines of its output: the last ones, those after an offset, or those with a text.',
      tag,
      params: shapes.instanceParams,
      query: z.strictObject({
        lines: z.coerce.number().int().min(1).max(linesMax).default(200),
        after: z.coerce.number().int().min(0).optional().describe('Begin at this offset.'),
        search: z.string().min(1).max(200).optional().describe('Case does not matter.'),
      }),
      answer: z.object({ items: z.array(shapes.logLine) }),
      handle: async ({ params, query }) => {
        const instance = await known(params.instance);
        return { items: await linesOf(logs, instance, query) };
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/services/:service/instances/:number/logs/stream',
      access: 'viewer',
      summary: 'Its output as it comes (text/event-stream): events `line` with the offset as id.',
      tag,
      params: shapes.instanceParams,
      query: z.strictObject({ lines: z.coerce.number().int().min(0).max(linesMax).default(200) }),
      handle: async ({ params, query, request, reply, caller }) => {
        const instance = await known(params.instance);
        const given = request.headers['last-event-id'];
        const last = typeof given === 'string' && /^\d{1,15}$/.test(given) ? Number(given) : null;
        const from = last === null ? { tail: query.lines } : { sinceOffset: last };
        logStreams.open(
          { response: reply.raw, instance, from, mayStay: () => gate.mayStay(caller) },
          () => reply.hijack(),
        );
      },
    }),
  ];
}

interface LogQuery {
  readonly lines: number;
  readonly after?: number | undefined;
  readonly search?: string | undefined;
}

async function linesOf(
  logs: LogSource,
  instance: InstanceId,
  { lines, after, search }: LogQuery,
): Promise<readonly LogLine[]> {
  const wanted = search?.toLowerCase();
  const tail = wanted === undefined ? lines : searchedMax;
  const found: LogLine[] = [];
  const signal = AbortSignal.timeout(5_000);
  const from = after === undefined ? { tail } : { sinceOffset: after };
  for await (const line of logs.read(instance, { ...from, signal })) {
    if (wanted !== undefined && !line.text.toLowerCase().includes(wanted)) continue;
    found.push(shownLine(line));
    if (found.length <= lines) continue;
    if (after !== undefined) {
      found.pop();
      break;
    }
    found.shift();
  }
  return found;
}
