/** People, their sessions and tokens, and invitations. */
import { z } from 'zod';
import { DarumaError } from '../../model/errors.ts';
import type { Caller } from './caller.ts';
import { pageAfter } from './paging.ts';
import type { Parts } from './parts.ts';
import { type Person, personShown } from './people.ts';
import { isAtLeast, role, scope } from './roles.ts';
import { type Route, route } from './route.ts';
import * as shapes from './shapes.ts';

const dayMax = 366;
const hoursMax = 24 * 31;
const label = z
  .string()
  .min(1)
  .max(100)
  .regex(/^[^\p{C}]*$/u, 'expected no control characters');

export function accountRoutes(parts: Parts): readonly Route[] {
  return [
    ...sessionRoutes(parts),
    ...tokenRoutes(parts),
    ...peopleRoutes(parts),
    ...invitationRoutes(parts),
  ];
}

function sessionRoutes({ sessions, people, gate }: Parts): readonly Route[] {
  const common = { access: 'viewer', personal: true, tag: 'Sessions' } as const;
  return [
    route({
      ...common,
      method: 'GET',
      path: '/api/v1/sessions',
      summary: 'One’s own sessions, the one used last first.',
      answer: z.object({ items: z.array(shapes.session) }),
      handle: ({ caller }) => {
        const items = sessions
          .list(caller.person)
          .map((session) => ({ ...session, current: session.id === caller.session }));
        return { items };
      },
    }),
    route({
      ...common,
      method: 'DELETE',
      path: '/api/v1/sessions/:id',
      summary: 'Ends one of one’s own sessions.',
      params: shapes.idParams,
      handle: ({ params, caller }) => {
        if (!sessions.revoke(caller.person, params.id)) {
          throw new DarumaError('NOT_FOUND', `there is no session ${params.id}`);
        }
        people.note(caller.by, 'ended a session');
        gate.forget();
      },
    }),
  ];
}

function tokenRoutes({ tokens, gate }: Parts): readonly Route[] {
  const common = { access: 'viewer', personal: true, tag: 'Tokens' } as const;
  const ownOr = (person: Person): Person | null => (person.role === 'admin' ? null : person);
  return [
    route({
      ...common,
      method: 'GET',
      path: '/api/v1/tokens',
      summary: 'API tokens: one’s own; an admin sees all.',
      query: shapes.page,
      answer: shapes.pageOf(shapes.token),
      handle: ({ query, caller }) =>
        pageAfter(tokens.list(ownOr(caller.person)), query, ({ id }) => id),
    }),
    route({
      ...common,
      method: 'POST',
      path: '/api/v1/tokens',
      summary: 'Makes an API token; this answer is the only one that shows it.',
      body: z.strictObject({
        label,
        scope,
        days: z.number().int().min(1).max(dayMax).describe('Until it expires.'),
      }),
      answer: shapes.token.extend({ text: z.string() }),
      status: 201,
      handle: ({ body, caller }) => {
        const needs = { metrics: 'viewer', read: 'viewer', operate: 'operator', admin: 'admin' };
        const least = needs[body.scope] as 'viewer' | 'operator' | 'admin';
        if (!isAtLeast(caller.person.role, least)) {
          throw new DarumaError('FORBIDDEN', `a token for ${body.scope} takes the role ${least}`);
        }
        return tokens.make(caller.person, body);
      },
    }),
    route({
      ...common,
      method: 'DELETE',
      path: '/api/v1/tokens/:id',
      summary: 'Revokes an API token of one’s own; an admin, any.',
      params: shapes.idParams,
      handle: ({ params, caller }) => {
        tokens.revoke(params.id, ownOr(caller.person), caller.by);
        gate.forget();
      },
    }),
  ];
}

function peopleRoutes({ people, gate }: Parts): readonly Route[] {
  const common = { access: 'admin', personal: true, tag: 'People' } as const;
  return [
    route({
      ...common,
      method: 'GET',
      path: '/api/v1/people',
      summary: 'All accounts.',
      query: shapes.page,
      answer: shapes.pageOf(shapes.person),
      handle: ({ query }) => pageAfter(people.list().map(personShown), query, ({ name }) => name),
    }),
    route({
      ...common,
      method: 'PATCH',
      path: '/api/v1/people/:name',
      summary: 'Changes a role, or closes and opens an account; not one’s own.',
      params: shapes.nameParams,
      body: z.strictObject({ role: role.optional(), disabled: z.boolean().optional() }),
      answer: shapes.person,
      handle: ({ params, body, caller }) => {
        const { role: to, disabled } = body;
        const { role: now } = caller.person;
        if (disabled === true || (to !== undefined && to !== now)) notOneself(caller, params.name);
        const changed = people.change(params.name, body, caller.by);
        gate.forget();
        return personShown(changed);
      },
    }),
    route({
      ...common,
      method: 'DELETE',
      path: '/api/v1/people/:name',
      summary: 'Removes an account with its sessions and tokens; not one’s own.',
      params: shapes.nameParams,
      handle: ({ params, caller }) => {
        notOneself(caller, params.name);
        people.remove(params.name, caller.by);
        gate.forget();
      },
    }),
  ];
}

/** Nobody locks himself out unawares: it takes another admin. Names differ by more than case. */
function notOneself({ person }: Caller, name: string): void {
  if (person.name.toLowerCase() !== name.toLowerCase()) return;
  throw new DarumaError('REFUSED', 'this is your own account: another admin has to do that');
}

function invitationRoutes({ invitations }: Parts): readonly Route[] {
  const common = { access: 'admin', personal: true, tag: 'Invitations' } as const;
  return [
    route({
      ...common,
      method: 'GET',
      path: '/api/v1/invitations',
      summary: 'Invitations that were not accepted yet.',
      query: shapes.page,
      answer: shapes.pageOf(shapes.invitation),
      handle: ({ query }) => pageAfter(invitations.list(), query, ({ id }) => id),
    }),
    route({
      ...common,
      method: 'POST',
      path: '/api/v1/invitations',
      summary: 'Makes an invitation; this answer is the only one that shows its secret.',
      body: z.strictObject({ role, hours: z.number().int().min(1).max(hoursMax).default(72) }),
      answer: shapes.invitation.extend({
        text: z.string().describe('For `/accept#TEXT`, where the console is.'),
      }),
      status: 201,
      handle: ({ body, caller }) => invitations.make(body.role, body.hours, caller.by),
    }),
    route({
      ...common,
      method: 'DELETE',
      path: '/api/v1/invitations/:id',
      summary: 'Takes an invitation back.',
      params: shapes.idParams,
      handle: ({ params, caller }) => invitations.revoke(params.id, caller.by),
    }),
  ];
}
