/** Coming in, staying in, going out. */
import { randomBytes } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { DarumaError } from '../../model/errors.ts';
import { clearTokens, cookieOf, setDevice, setTokens } from './cookies.ts';
import type { Parts } from './parts.ts';
import { password } from './passwords.ts';
import type { Person } from './people.ts';
import { personName, role } from './roles.ts';
import { type Route, route } from './route.ts';
import { loggedIn } from './shapes.ts';
import type { Attempt } from './throttle.ts';

const tag = 'Login';
const secret = z.string().min(1).max(200);
const account = { name: personName, password };
/** One that is being tried may be as short as it likes. */
const login = z.strictObject({ name: z.string().min(1).max(64), password: z.string().max(256) });

export function authRoutes(parts: Parts): readonly Route[] {
  return [...statusRoutes(parts), ...entryRoutes(parts), ...stayRoutes(parts)];
}

function statusRoutes({ people, settings, version, gate }: Parts): readonly Route[] {
  const answer = z.object({
    person: z.object({ name: z.string(), role }).nullable(),
    setup: z.boolean().describe('There is no admin yet: `daruma console` prints the link.'),
    register: z.boolean().describe('Whoever gets here may make an account.'),
    version: z.string().nullable().describe('For those who are logged in.'),
  });
  return [
    route({
      method: 'GET',
      path: '/api/v1/auth',
      access: 'public',
      summary: 'Who is logged in, and what a stranger may do.',
      tag,
      answer,
      handle: async ({ request }) => {
        const caller = await gate.caller(request);
        const person =
          caller === null || caller.role === null
            ? null
            : { name: caller.person.name, role: caller.role };
        return {
          person,
          setup: !people.hasAdmin(),
          register: settings.register,
          version: person === null ? null : version,
        };
      },
    }),
  ];
}

function entryRoutes(parts: Parts): readonly Route[] {
  const { people, setup, invitations, settings } = parts;
  const entry = { method: 'POST', access: 'public', tag, answer: loggedIn } as const;
  return [
    route({
      ...entry,
      path: '/api/v1/auth/setup',
      summary: 'Makes the first admin, with the secret that `daruma console` prints.',
      body: z.strictObject({ ...account, secret }),
      status: 201,
      handle: async ({ body, request, reply }) => {
        if (people.hasAdmin() || !setup.is(body.secret)) {
          throw new DarumaError('FORBIDDEN', 'this link was used, or is not the right one');
        }
        const person = await people.add(body.name, 'admin', body.password, body.name);
        setup.remove();
        return enter(parts, person, request, reply);
      },
    }),
    route({
      ...entry,
      path: '/api/v1/auth/login',
      summary: 'Logs in; the tokens come as cookies that scripts can’t read.',
      body: login,
      handle: async ({ body, request, reply }) => {
        const person = await checkPassword(parts, body, request);
        return enter(parts, person, request, reply);
      },
    }),
    route({
      ...entry,
      path: '/api/v1/auth/register',
      summary: 'Makes an account as a viewer, where `console.register` allows it.',
      body: z.strictObject(account),
      status: 201,
      handle: async ({ body, request, reply }) => {
        if (!settings.register) throw new DarumaError('FORBIDDEN', 'an invitation is needed here');
        const person = await people.add(body.name, 'viewer', body.password, body.name);
        return enter(parts, person, request, reply);
      },
    }),
    route({
      ...entry,
      path: '/api/v1/auth/accept',
      summary: 'Makes an account with an invitation.',
      body: z.strictObject({ ...account, invitation: secret }),
      status: 201,
      handle: async ({ body, request, reply }) => {
        const person = await invitations.accept(body.invitation, body.name, body.password);
        return enter(parts, person, request, reply);
      },
    }),
  ];
}

function stayRoutes(parts: Parts): readonly Route[] {
  const { sessions, people, cookies, gate, throttle } = parts;
  return [
    route({
      method: 'POST',
      path: '/api/v1/auth/refresh',
      access: 'public',
      summary: 'Takes the refresh cookie and gives new ones; an old one ends its session.',
      tag,
      answer: z.object({ expires: z.number() }),
      handle: async ({ request, reply }) => {
        const token = cookieOf(request.headers, cookies.refresh);
        if (token === null) throw new DarumaError('UNAUTHORIZED', 'there is no refresh cookie');
        try {
          const tokens = await sessions.refresh(token);
          setTokens(reply, cookies, tokens);
          return { expires: tokens.expires };
        } catch (error) {
          const over = error instanceof DarumaError && error.code === 'UNAUTHORIZED';
          if (over) clearTokens(reply, cookies);
          gate.forget();
          throw error;
        }
      },
    }),
    route({
      method: 'POST',
      path: '/api/v1/auth/logout',
      access: 'viewer',
      personal: true,
      summary: 'Ends this session.',
      tag,
      handle: ({ caller, reply }) => {
        if (caller.session !== null) sessions.revoke(caller.person, caller.session);
        people.note(caller.by, 'logged out');
        gate.forget();
        clearTokens(reply, cookies);
      },
    }),
    route({
      method: 'POST',
      path: '/api/v1/auth/password',
      access: 'viewer',
      personal: true,
      summary: 'Changes the password, and ends all other sessions.',
      tag,
      body: z.strictObject({ current: z.string().max(256), next: password }),
      handle: async ({ body, caller, request }) => {
        const { person, session } = caller;
        const given = { name: person.name, password: body.current };
        await checkPassword(parts, given, request);
        await people.setPassword(person, body.next, caller.by);
        sessions.revokeOthers(person, session ?? '');
        throttle.forgetPlaces(person.id);
        gate.forget();
      },
    }),
  ];
}

/** Throws UNAUTHORIZED, TOO_MANY_REQUESTS. Which of name and password was wrong isn't told. */
async function checkPassword(
  { people, throttle, cookies, log }: Parts,
  given: z.output<typeof login>,
  request: FastifyRequest,
): Promise<Person> {
  const attempt: Attempt = {
    name: given.name,
    user: people.find(given.name)?.id ?? null,
    address: request.ip,
    device: cookieOf(request.headers, cookies.device),
  };
  const waitMs = throttle.waitMs(attempt);
  if (waitMs > 0) throw new TryLater(waitMs);
  // It counts until it is known to be right: many at once get no more tries than one by one.
  throttle.failed(attempt);
  const person = await people.check(given.name, given.password);
  if (person === null) {
    log(`login refused from ${request.ip}`);
    throw new DarumaError('UNAUTHORIZED', 'the name or the password is wrong');
  }
  throttle.takeBack(attempt);
  return person;
}

/** Told with `retry-after`. */
export class TryLater extends DarumaError {
  readonly waitMs: number;
  constructor(waitMs: number) {
    super('TOO_MANY_REQUESTS', `too many failures: wait ${Math.ceil(waitMs / 1_000)} s`);
    this.waitMs = waitMs;
  }
}

async function enter(
  { sessions, people, cookies, throttle, gate, outbox }: Parts,
  person: Person,
  request: FastifyRequest,
  reply: FastifyReply,
) {
  const address = request.ip;
  const agent = String(request.headers['user-agent'] ?? '').replaceAll(/[^\x20-\x7e]/g, '?');
  const tokens = await sessions.open(person, { address, agent: agent.slice(0, 200) });
  const given = cookieOf(request.headers, cookies.device) ?? '';
  const device = /^[0-9a-f]{32}$/.test(given) ? given : randomBytes(16).toString('hex');
  throttle.succeeded({ name: person.name, user: person.id, address, device });
  people.note(person.name, `logged in from ${address}`);
  gate.forget();
  setTokens(reply, cookies, tokens);
  setDevice(reply, cookies, device);
  void outbox.send();
  return { person: { name: person.name, role: person.role }, expires: tokens.expires };
}
