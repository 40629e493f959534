/** What people and programs ask of the stack. Each takes an idempotency key. */
import { z } from 'zod';
import { errorInfo } from '../../model/errors.ts';
import type { PersonRequest } from '../../model/event.ts';
import type { Caller } from './caller.ts';
import { maintenanceRoutes } from './maintenance-routes.ts';
import type { Parts } from './parts.ts';
import { type Route, route } from './route.ts';
import * as shapes from './shapes.ts';

const limitMsMax = 3_600_000;
const knowledgeBytesMax = 8 * 1024 * 1024;
/** The answer of a `down` would come when nobody is left to give it. */
const downHeadMs = 100;

type Ask = (caller: Caller, request: PersonRequest) => Promise<{ readonly message: string }>;

export function actRoutes(parts: Parts): readonly Route[] {
  const ask: Ask = async ({ by }, request) => {
    try {
      return { message: await parts.link.request(by, request) };
    } finally {
      parts.live.touch();
    }
  };
  return [
    ...stackActs(parts, ask),
    ...targetActs(ask),
    switchover(parts, ask),
    ...maintenanceRoutes(ask),
    ...incidentActs(ask),
    ...knowledgeRoutes(parts),
  ];
}

const acting = {
  method: 'POST',
  access: 'operator',
  acts: true,
  tag: 'Acting',
  answer: shapes.message,
} as const;

function stackActs({ link, log }: Parts, ask: Ask): readonly Route[] {
  return [
    route({
      ...acting,
      path: '/api/v1/stack/up',
      summary: 'Everything in the stack file is wanted up.',
      handle: ({ caller }) => ask(caller, { kind: 'up' }),
    }),
    route({
      ...acting,
      path: '/api/v1/stack/reset',
      summary: 'Clears «needs a person», used-up budgets and back-off everywhere.',
      handle: ({ caller }) => ask(caller, { kind: 'reset', target: null }),
    }),
    route({
      ...acting,
      path: '/api/v1/stack/down',
      access: 'admin',
      summary: 'Stops everything, in reverse order, and ends Daruma, this API too.',
      status: 202,
      handle: ({ caller }) => {
        setTimeout(() => {
          link.request(caller.by, { kind: 'down' }).catch((error: unknown) => {
            log(`down: ${errorInfo(error).message}`);
          });
        }, downHeadMs);
        return { message: 'everything is being stopped' };
      },
    }),
  ];
}

const verbs = {
  start: 'is wanted up, and started',
  stop: 'is wanted down, and stopped',
  restart: 'is restarted, one instance after the other where there are several',
  reset: 'is tried afresh: «needs a person», budget and back-off are cleared',
} as const;

function targetActs(ask: Ask): readonly Route[] {
  const kinds = ['start', 'stop', 'restart', 'reset'] as const;
  return kinds.flatMap((kind) => {
    const request = (target: string): PersonRequest =>
      kind === 'reset' ? { kind, target } : { kind, target, wait: false };
    return [
      route({
        ...acting,
        path: `/api/v1/services/:service/${kind}`,
        summary: `The service ${verbs[kind]}. Answered at once: the rest is told as it happens.`,
        params: shapes.serviceParams,
        handle: ({ params, caller }) => ask(caller, request(params.service)),
      }),
      route({
        ...acting,
        path: `/api/v1/services/:service/instances/:number/${kind}`,
        summary: `The instance ${verbs[kind]}. Answered at once: the rest is told as it happens.`,
        params: shapes.instanceParams,
        handle: ({ params, caller }) => ask(caller, request(params.instance)),
      }),
    ];
  });
}

function switchover({ link }: Parts, ask: Ask): Route {
  return route({
    ...acting,
    path: '/api/v1/services/:service/switchover',
    summary: 'Makes another instance primary without breaking a transaction. Answered when done.',
    params: shapes.serviceParams,
    body: z.strictObject({
      to: shapes.instanceName.optional().describe('Absent: the standby that is furthest.'),
      limitMs: z
        .number()
        .int()
        .min(0)
        .max(limitMsMax)
        .optional()
        .describe('How long transactions may take to end. Absent: as the stack file says.'),
    }),
    handle: async ({ params: { service }, body, caller }) => {
      const { spec } = await link.configuration();
      const known = spec.services.find(({ name }) => name === service);
      const limitMs = body.limitMs ?? known?.failover?.switchoverLimitMs ?? 0;
      return ask(caller, { kind: 'switchover', service, to: body.to ?? null, limitMs });
    },
  });
}

function incidentActs(ask: Ask): readonly Route[] {
  const kinds = ['approve', 'reject'] as const;
  return kinds.map((kind) =>
    route({
      ...acting,
      path: `/api/v1/incidents/:incident/${kind}`,
      summary: `${kind === 'approve' ? 'Approves' : 'Rejects'} the action that it waits for.`,
      params: shapes.incidentParams,
      handle: ({ params, caller }) => ask(caller, { kind, incident: params.incident }),
    }),
  );
}

function knowledgeRoutes({ link, live }: Parts): readonly Route[] {
  const tag = 'Knowledge';
  const read = { method: 'GET', access: 'viewer', tag } as const;
  return [
    route({
      ...read,
      path: '/api/v1/knowledge',
      summary: 'What was learned: faults, what mends them, what passes them on, detectors.',
      answer: z.looseObject({ services: z.array(z.unknown()), detectors: z.array(z.unknown()) }),
      handle: () => link.learned(),
    }),
    route({
      ...read,
      path: '/api/v1/knowledge/export',
      summary: 'The same as counts, for an import elsewhere.',
      answer: z.looseObject({ version: z.literal(1) }),
      handle: () => link.knowledge(),
    }),
    route({
      ...acting,
      path: '/api/v1/knowledge/import',
      access: 'admin',
      tag,
      summary: 'Replaces what was learned by an export.',
      body: z.looseObject({ version: z.literal(1) }),
      bodyBytesMax: knowledgeBytesMax,
      handle: async ({ body, caller }) => {
        const message = await link.importKnowledge(caller.by, body);
        live.touch();
        return { message };
      },
    }),
    route({
      ...acting,
      path: '/api/v1/knowledge/reset',
      access: 'admin',
      tag,
      summary: 'Forgets what was learned.',
      handle: async ({ caller }) => ({ message: await link.resetKnowledge(caller.by) }),
    }),
  ];
}
