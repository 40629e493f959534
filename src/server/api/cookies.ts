/**
 * The console's cookies: out of reach of scripts, never sent by other sites' pages. Their names
 * have the port in them, since browsers give cookies of one port of an address to all.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyReply } from 'fastify';
import type { IssuedTokens } from './sessions.ts';

export interface CookieNames {
  readonly access: string;
  readonly refresh: string;
  readonly device: string;
  /** Over TLS only. */
  readonly secure: boolean;
}

const authPath = '/api/v1/auth';
const monthS = 30 * 24 * 3_600;
const longestHeader = 16_384;

export function cookieNames(port: number, secure: boolean): CookieNames {
  const prefix = secure ? '__Secure-' : '';
  return {
    access: `${prefix}daruma-access-${port}`,
    refresh: `${prefix}daruma-refresh-${port}`,
    device: `${prefix}daruma-device-${port}`,
    secure,
  };
}

/** The first of this name; null: there is none. */
export function cookieOf({ cookie = '' }: IncomingHttpHeaders, name: string): string | null {
  if (cookie.length > longestHeader) return null;
  for (let at = cookie.indexOf(name); at !== -1; at = cookie.indexOf(name, at + 1)) {
    const begins = at === 0 || cookie[at - 1] === ' ' || cookie[at - 1] === ';';
    const value = at + name.length + 1;
    if (!begins || cookie[value - 1] !== '=') continue;
    const end = cookie.indexOf(';', value);
    return cookie.slice(value, end === -1 ? cookie.length : end).trim();
  }
  return null;
}

export function setTokens(reply: FastifyReply, names: CookieNames, tokens: IssuedTokens): void {
  const { access, refresh } = tokens;
  const accessS = Math.max(0, Math.round((tokens.expires - Date.now()) / 1_000));
  setCookie(reply, names, { name: names.access, value: access, path: '/', ageS: accessS });
  setCookie(reply, names, { name: names.refresh, value: refresh, path: authPath, ageS: monthS });
}

export function setDevice(reply: FastifyReply, names: CookieNames, device: string): void {
  setCookie(reply, names, { name: names.device, value: device, path: authPath, ageS: 12 * monthS });
}

export function clearTokens(reply: FastifyReply, names: CookieNames): void {
  setCookie(reply, names, { name: names.access, value: '', path: '/', ageS: 0 });
  setCookie(reply, names, { name: names.refresh, value: '', path: authPath, ageS: 0 });
}

interface Cookie {
  readonly name: string;
  /** Hexadecimal digits, dots, letters: nothing that would have to be escaped. */
  readonly value: string;
  readonly path: string;
  readonly ageS: number;
}

function setCookie(reply: FastifyReply, { secure }: CookieNames, cookie: Cookie): void {
  const { name, value, path, ageS } = cookie;
  const flags = `HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`;
  reply.header('set-cookie', `${name}=${value}; Path=${path}; Max-Age=${ageS}; ${flags}`);
}
