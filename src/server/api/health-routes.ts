/** How others watch Daruma. */
import { z } from 'zod';
import { metricsText, metricsType } from './metrics.ts';
import type { Parts } from './parts.ts';
import { type Route, route } from './route.ts';

const tag = 'Health';
const incidentsLookedAt = 100;
/** Whoever scrapes gives up after ten seconds, as a rule. */
const patienceMs = 3_000;

export function healthRoutes(
  parts: Parts,
  requests: ReadonlyMap<string, number>,
): readonly Route[] {
  const { link, live, streams, version } = parts;
  return [
    route({
      method: 'GET',
      path: '/healthz',
      access: 'public',
      summary: 'The API process lives.',
      tag,
      answer: z.object({ status: z.literal('ok') }),
      handle: () => ({ status: 'ok' }),
    }),
    route({
      method: 'GET',
      path: '/readyz',
      access: 'public',
      summary: 'The controller decides (200), or doesn’t answer or still looks around (503).',
      tag,
      answer: z.object({ status: z.enum(['ready', 'not ready']) }),
      handle: async ({ reply }) => {
        const ready = await soon(
          link.version().then(async (running) => {
            if (running === null) return false;
            return (await live.shown()).view.state !== 'looking';
          }),
          false,
        );
        reply.code(ready ? 200 : 503);
        return { status: ready ? 'ready' : 'not ready' };
      },
    }),
    route({
      method: 'GET',
      path: '/metrics',
      access: 'metrics',
      summary: 'Figures in Prometheus’ text format.',
      tag,
      handle: async ({ reply }) => {
        const shown = await soon(live.shown(), null);
        const incidents = shown === null ? [] : await soon(link.incidents(incidentsLookedAt), []);
        const signals = shown === null ? [] : await soon(link.signals(), []);
        const text = metricsText({
          version,
          view: shown?.view ?? null,
          incidents,
          signals,
          api: {
            streams: streams.count,
            droppedStreams: streams.dropped,
            requests,
            memoryBytes: process.memoryUsage.rss(),
          },
        });
        return reply.code(200).type(metricsType).send(text);
      },
    }),
  ];
}

/** `otherwise` when it fails, or takes too long. */
async function soon<T>(work: Promise<T>, otherwise: T): Promise<T> {
  const late = Promise.withResolvers<T>();
  const timer = setTimeout(() => late.resolve(otherwise), patienceMs);
  try {
    return await Promise.race([work, late.promise]);
  } catch {
    return otherwise; // What it failed of is told by the routes that people read.
  } finally {
    clearTimeout(timer);
  }
}
