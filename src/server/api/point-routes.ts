/** Recovery points, and what they bring back. */
import { z } from 'zod';
import type { RestorePlan } from '../../model/recovery-point.ts';
import type { Parts } from './parts.ts';
import { type Route, route } from './route.ts';
import * as shapes from './shapes.ts';

const tag = 'Recovery points';
const base = '/api/v1/services/:service';
const point = z.string().regex(/^[\w.-]{1,100}$/, 'expected the id of a point');
const moment = z.number().min(0).max(8.64e15).describe('Milliseconds since 1970.');

const target = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('latest') }),
  z.strictObject({ kind: z.literal('point'), point }),
  z.strictObject({ kind: z.literal('time'), at: moment, before: z.boolean() }),
  z.strictObject({
    kind: z.literal('lsn'),
    lsn: z.string().regex(/^[0-9A-Fa-f]{1,8}\/[0-9A-Fa-f]{1,8}$/, 'expected such as 0/3000028'),
    before: z.boolean().default(false),
  }),
]);

const plan = z.strictObject({
  service: shapes.serviceName,
  point,
  target,
  to: moment,
  lossMs: z.number().min(0),
  dataBytes: z.number().min(0),
  expectedMs: z.number().min(0).nullable(),
}) satisfies z.ZodType<RestorePlan>;

const paths = z
  .array(z.string().startsWith('/', 'expected an absolute path').max(4_096))
  .max(1_000)
  .default([]);

export function pointRoutes(parts: Parts): readonly Route[] {
  return [...readRoutes(parts), ...keepRoutes(parts), ...restoreRoutes(parts)];
}

function readRoutes({ link }: Parts): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: `${base}/points`,
      access: 'viewer',
      summary: 'What there is to go back to, and the places where it is kept.',
      tag,
      params: shapes.serviceParams,
      answer: z.looseObject({ points: z.array(z.looseObject({ id: z.string() })) }),
      handle: ({ params }) => link.points(params.service),
    }),
    route({
      method: 'GET',
      path: '/api/v1/points/jobs',
      access: 'viewer',
      summary: 'Work on recovery points that goes on now.',
      tag,
      answer: z.object({ items: z.array(z.looseObject({ service: z.string() })) }),
      handle: async () => ({ items: await link.pointJobs() }),
    }),
  ];
}

const acting = {
  method: 'POST',
  access: 'operator',
  acts: true,
  tag,
  params: shapes.serviceParams,
  answer: z.looseObject({}),
} as const;
const one = z.strictObject({ point: point.nullable().default(null) });

function keepRoutes({ link, people }: Parts): readonly Route[] {
  return [
    route({
      ...acting,
      path: `${base}/points`,
      summary: 'Makes a recovery point now. Answered when it is there.',
      body: z.strictObject({
        name: z
          .string()
          .regex(/^[^\p{C}]{1,100}$/u, 'expected 1 to 100 characters, no control characters')
          .nullable()
          .default(null),
      }),
      handle: ({ params, body, caller }) => {
        people.note(caller.by, `asked for a recovery point of ${params.service}`);
        return link.makePoint(params.service, body.name);
      },
    }),
    route({
      ...acting,
      path: `${base}/points/drill`,
      summary: 'Restores a point beside the service, and proves it. Answered when done.',
      body: one,
      handle: ({ params, body, caller }) => {
        people.note(caller.by, `asked for a restore drill of ${params.service}`);
        return link.drillPoint(params.service, body.point, null);
      },
    }),
    route({
      ...acting,
      path: `${base}/points/verify`,
      summary: 'Reads a point, or all, and checks that nothing is damaged. Answered when done.',
      body: one,
      answer: z.object({ problems: z.array(z.unknown()) }),
      handle: async ({ params, body }) => ({
        problems: await link.verifyPoints(params.service, body.point, null),
      }),
    }),
    route({
      ...acting,
      path: `${base}/points/prune`,
      access: 'admin',
      summary: 'Removes points beyond what is to be kept; `dryRun` only tells which.',
      body: z.strictObject({
        dryRun: z.boolean().default(false),
        consent: z.boolean().default(false),
      }),
      handle: ({ params, body, caller }) => {
        if (!body.dryRun) people.note(caller.by, `pruned recovery points of ${params.service}`);
        return link.prunePoints(params.service, body);
      },
    }),
  ];
}

function restoreRoutes({ link, live }: Parts): readonly Route[] {
  const ask = async (by: string, request: Parameters<typeof link.request>[1]) => {
    try {
      return { message: await link.request(by, request) };
    } finally {
      live.touch();
    }
  };
  const settling = { 'restore-confirm': 'Removes', 'restore-undo': 'Puts back' } as const;
  return [
    route({
      ...acting,
      path: `${base}/restore/plan`,
      summary:
        'What a restore would bring back, lose and take: to be shown before it is asked for.',
      acts: false,
      body: z.strictObject({ target }),
      answer: plan,
      handle: ({ params, body }) => link.planRestore(params.service, body.target),
    }),
    route({
      ...acting,
      path: `${base}/restore`,
      access: 'admin',
      summary: 'Restores by a plan that was shown: sending it is the consent. Answered when done.',
      body: z.strictObject({ plan, only: paths.describe('Only these; none: everything.') }),
      answer: shapes.message,
      handle: ({ params: { service }, body, caller }) => {
        const { plan: shown, only } = body;
        const request = { kind: 'restore', service, to: shown.target, plan: shown } as const;
        return ask(caller.by, { ...request, only, identity: null });
      },
    }),
    ...(['restore-confirm', 'restore-undo'] as const).map((kind) =>
      route({
        ...acting,
        path: `${base}/restore/${kind.slice('restore-'.length)}`,
        access: 'admin',
        summary: `${settling[kind]} what the last restore put aside.`,
        answer: shapes.message,
        handle: ({ params, caller }) => ask(caller.by, { kind, service: params.service }),
      }),
    ),
  ];
}
