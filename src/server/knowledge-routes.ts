/** What was learned, over the API; and drills, which teach. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Knowledge } from '../model/knowledge.ts';
import { type FaultKind, faultKinds, type SymptomKind, symptomKinds } from '../model/symptom.ts';
import type { ControllerApi } from '../ports/controller-api.ts';
import { instance, name } from './schemas.ts';

const bodyBytesMax = 8 * 1024 * 1024;
const entriesMax = 5_000;
const most = 1e9;

const count = z.number().int().min(0).max(most);
const tally = z.strictObject({ yes: count, no: count });

function perFault<T extends z.ZodType>(value: T) {
  return z.partialRecord(z.enum(faultKinds as readonly [FaultKind, ...FaultKind[]]), value);
}

function named<T extends z.ZodType>(value: T) {
  return z
    .record(name, value)
    .refine((all) => Object.keys(all).length <= entriesMax, `at most ${entriesMax} entries`);
}

const common = {
  observedMs: z.number().min(0).max(1e15),
  faults: perFault(count),
  outcomes: named(perFault(tally)),
};

const spread = z.strictObject({
  count,
  mean: z.number().min(0).max(40),
  m2: z.number().min(0).max(1e12),
});

const detections = z
  .strictObject({
    hits: count,
    misses: count,
    kinds: z.partialRecord(z.enum(symptomKinds as readonly [SymptomKind, ...SymptomKind[]]), count),
  })
  .refine(
    ({ hits, kinds }) => Object.values(kinds).every((one) => one <= hits),
    'no kind may have more cases than there are hits',
  );

const service = z.strictObject({
  ...common,
  durations: named(spread),
  passedOn: named(tally),
  detectors: named(z.strictObject({ byFault: perFault(detections), falseAlarms: count })),
});

const knowledge = z.strictObject({
  version: z.literal(1),
  stack: z.strictObject(common),
  services: named(service),
});

const importBody = z.strictObject({ by: name, knowledge });
const byBody = z.strictObject({ by: name });
const drillBody = z.strictObject({ by: name, instance, fault: z.enum(faultKinds) });
const drillEndBody = z.strictObject({ by: name, instance });

export function addKnowledgeRoutes(server: FastifyInstance, api: ControllerApi): void {
  server.get('/v1/knowledge', async () => api.knowledge());
  server.get('/v1/learned', async () => api.learned());
  server.post('/v1/knowledge', { bodyLimit: bodyBytesMax }, async ({ body }) => {
    const given = importBody.parse(body);
    const request = { kind: 'import-knowledge' as const, knowledge: given.knowledge as Knowledge };
    return { message: await api.request(given.by, request) };
  });
  server.post('/v1/knowledge/reset', async ({ body }) => {
    const { by } = byBody.parse(body);
    return { message: await api.request(by, { kind: 'reset-knowledge' }) };
  });
  server.post('/v1/drill/begin', async ({ body }) => {
    const { by, instance, fault } = drillBody.parse(body);
    return { message: await api.request(by, { kind: 'drill-begin', instance, fault }) };
  });
  server.post('/v1/drill/end', async ({ body }) => {
    const { by, instance } = drillEndBody.parse(body);
    return { message: await api.request(by, { kind: 'drill-end', instance }) };
  });
}
