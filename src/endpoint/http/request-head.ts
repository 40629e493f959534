/** What a request asks for, and its head as an instance gets it. */
import { Fields } from './fields.ts';
import { forwardedLines, type Peer } from './forwarded.ts';
import { chunked, type Framing, framingOf } from './framing.ts';
import type { HeadParser, Refused } from './head-parser.ts';

export interface RequestHead {
  readonly method: string;
  /** 1 for HTTP/1.1, 0 for HTTP/1.0. */
  readonly minor: number;
  readonly framing: Framing;
  /** The client wants the connection to stay open afterwards. */
  readonly keepAlive: boolean;
  /** It asks to go on with WebSocket. */
  readonly upgrade: boolean;
  /** To be sent to an instance, complete. */
  readonly text: string;
}

/** Any host that a URL can have, with a port or not; an empty one is allowed (RFC 9112, 3.2). */
const hostPattern = /^(?:[\w.~!$&'()*+;=%-]*|\[[\da-fA-Fv:.]+\])(?::\d{0,5})?$/;
const absolutePattern = /^https?:\/\/([^/?]+)(.*)$/i;

export function readRequestHead(parser: HeadParser, peer: Peer): RequestHead | Refused {
  const { text, methodStart, methodEnd, targetEnd } = parser;
  const method = text.slice(methodStart, methodEnd);
  const minor = text.charCodeAt(targetEnd + 8) - 48;
  const fields = new Fields(parser);
  const framing = framingOf(fields, minor);
  if (framing !== null && typeof framing === 'object') return framing;
  const hosts = fields.all('host');
  if (hosts.length > 1 || (hosts.length === 0 && minor === 1)) return bad('there must be one Host');
  const host = hosts[0] ?? '';
  if (!hostPattern.test(host)) return bad('Host is invalid');
  const target = originForm(method, text.slice(methodEnd + 1, targetEnd), host);
  if (typeof target !== 'string') return target;
  const { connection } = fields;
  const upgrade = minor === 1 && connection.has('upgrade') && asksForWebSocket(fields);
  const keepAlive = minor === 1 ? !connection.has('close') : connection.has('keep-alive');
  const forwarded = forwardedLines(fields, peer, host);
  const ownLines =
    (hosts.length === 0 ? 'Host: \r\n' : '') +
    (framing === chunked ? 'Transfer-Encoding: chunked\r\n' : '') +
    (upgrade ? 'Connection: Upgrade\r\nUpgrade: websocket\r\n' : '');
  return {
    method,
    minor,
    framing: framing ?? 0,
    keepAlive,
    upgrade,
    text: `${method} ${target} HTTP/1.1\r\n${fields.lines()}${forwarded}${ownLines}\r\n`,
  };
}

function bad(reason: string): Refused {
  return { status: 400, reason };
}

/** `GET http://host/path` means the same as `GET /path` with that Host, and is sent on as that. */
function originForm(method: string, target: string, host: string): string | Refused {
  if (target.charCodeAt(0) === 47) return target;
  if (method === 'CONNECT') return { status: 501, reason: 'CONNECT is not offered' };
  if (target === '*') return method === 'OPTIONS' ? target : bad('the target is invalid');
  const [, authority, rest = ''] = absolutePattern.exec(target) ?? [];
  if (authority === undefined) return bad('the target is invalid');
  if (authority.toLowerCase() !== host.toLowerCase()) return bad('target and Host differ');
  if (rest === '' && method === 'OPTIONS') return '*';
  return rest.startsWith('/') ? rest : `/${rest}`;
}

function asksForWebSocket(fields: Fields): boolean {
  const [protocol, ...more] = fields.all('upgrade');
  return more.length === 0 && protocol?.toLowerCase() === 'websocket';
}
