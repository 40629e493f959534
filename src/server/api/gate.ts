/**
 * Who asks, and whether they may.
 *
 * 1. A program shows a token in `authorization`; a browser has cookies, and what it sends of its
 *    own accord proves nothing: what changes anything must come from our own pages (origin).
 * 2. What was found is remembered for a second, so that a token costs one look-up per second and
 *    not one per request; whatever the API itself changes of accounts is seen at once.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyRequest } from 'fastify';
import { DarumaError } from '../../model/errors.ts';
import type { ApiTokens } from './api-tokens.ts';
import type { Caller } from './caller.ts';
import { type CookieNames, cookieOf } from './cookies.ts';
import type { People } from './people.ts';
import { isAtLeast, roleOfToken } from './roles.ts';
import type { Route } from './route.ts';
import type { Sessions } from './sessions.ts';

const keptMs = 1_000;
const keptMax = 2_000;

interface Kept {
  readonly caller: Caller | null;
  readonly until: number;
}

export interface GateParts {
  readonly people: People;
  readonly sessions: Sessions;
  readonly tokens: ApiTokens;
  readonly cookies: CookieNames;
}

export class Gate {
  readonly #parts: GateParts;
  readonly #kept = new Map<string, Kept>();
  #changes = 0;

  constructor(parts: GateParts) {
    this.#parts = parts;
  }

  /** Accounts have changed. */
  forget(): void {
    this.#changes += 1;
    this.#kept.clear();
  }

  /** Null: nobody that we know; at once when it was asked just before. Throws, or rejects with,
   * FORBIDDEN when another site's page sends it. */
  caller(request: FastifyRequest): Caller | null | Promise<Caller | null> {
    const { headers, method } = request;
    const isUnsafe = method !== 'GET' && method !== 'HEAD';
    const isOurs = isUnsafe ? comesFromUs(headers) : true;
    if (isOurs === false) throw foreign();
    const bearer = /^Bearer ([^\s,]{1,2000})$/i.exec(headers.authorization ?? '')?.[1];
    if (headers.authorization !== undefined)
      return bearer === undefined ? null : this.#know(bearer);
    const cookie = cookieOf(headers, this.#parts.cookies.access);
    if (cookie === null) return null;
    const checked = (caller: Caller | null): Caller | null => {
      if (caller !== null && isOurs !== true) throw foreign();
      return caller;
    };
    const known = this.#know(cookie);
    return known instanceof Promise ? known.then(checked) : checked(known);
  }

  /** Throws UNAUTHORIZED, FORBIDDEN. */
  admit({ access, personal }: Route, caller: Caller | null): void {
    if (access === 'public') return;
    if (caller === null)
      throw new DarumaError('UNAUTHORIZED', 'this is for people who are logged in');
    if (personal && caller.session === null) {
      throw new DarumaError('FORBIDDEN', 'this is for people, not for API tokens');
    }
    if (access === 'metrics') return;
    if (caller.role === null || !isAtLeast(caller.role, access)) {
      throw new DarumaError('FORBIDDEN', `this takes the role ${access}`);
    }
  }

  /** Still the same as when it came in. */
  mayStay({ person, session }: Caller): boolean {
    const now = this.#parts.people.byId(person.id);
    if (now === null || now.disabled) return false;
    if (session === null) return true;
    return this.#parts.sessions.list(now).some(({ id }) => id === session);
  }

  #know(token: string): Caller | null | Promise<Caller | null> {
    const kept = this.#kept.get(token);
    if (kept !== undefined && kept.until > performance.now()) return kept.caller;
    return this.#remember(token);
  }

  async #remember(token: string): Promise<Caller | null> {
    const changes = this.#changes;
    const caller = await this.#look(token);
    // What was looked up while accounts changed may be of before.
    if (changes !== this.#changes) return caller;
    if (this.#kept.size >= keptMax) this.#kept.clear();
    this.#kept.set(token, { caller, until: performance.now() + keptMs });
    return caller;
  }

  async #look(token: string): Promise<Caller | null> {
    const { people, sessions, tokens } = this.#parts;
    const program = tokens.verify(token);
    if (program !== null) {
      const person = people.byId(program.user);
      if (person === null || person.disabled) return null;
      const role = roleOfToken(person.role, program.scope);
      return { person, role, session: null, by: `${person.name} (token ${program.id})` };
    }
    const found = await sessions.verify(token);
    const person = found === null ? null : people.byId(found.user);
    if (found === null || person === null || person.disabled) return null;
    return { person, role: person.role, session: found.session, by: person.name };
  }
}

/** True: a page of ours sent it; false: another's; null: there is no telling. */
function comesFromUs({ origin, host, ...headers }: IncomingHttpHeaders): boolean | null {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return false;
  if (origin === undefined) return site === undefined ? null : true;
  return /^https?:\/\//.test(origin) && origin.replace(/^https?:\/\//, '') === host;
}

function foreign(): DarumaError {
  return new DarumaError('FORBIDDEN', 'this request does not come from a page of this console');
}
