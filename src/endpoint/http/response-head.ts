/** What an instance answered, and its head as the client gets it. */
import { Fields } from './fields.ts';
import { chunked, type Framing, framingOf, untilEnd } from './framing.ts';
import type { HeadParser } from './head-parser.ts';
import type { RequestHead } from './request-head.ts';

export interface ResponseHead {
  readonly status: number;
  readonly framing: Framing;
  /** The instance keeps its connection open afterwards. */
  readonly keepAlive: boolean;
  /** How long it does so, as it says; null: it doesn't say. */
  readonly keepAliveMs: number | null;
  /** Status line and fields; what it says of the connection is still to be added. */
  readonly lines: string;
}

/** Null: it makes no sense, or there is more than one way to read it. */
export function readResponseHead(parser: HeadParser, request: RequestHead): ResponseHead | null {
  const { text, fieldsStart } = parser;
  const minor = text.charCodeAt(7) - 48;
  const status = Number(text.slice(9, 12));
  const fields = new Fields(parser);
  const said = framingOf(fields, minor);
  if (said !== null && typeof said === 'object') return null;
  if (status === 101 && !request.upgrade) return null;
  const framing = hasBody(status, request.method) ? (said ?? untilEnd) : 0;
  const { connection } = fields;
  const wantsClose = minor === 1 ? connection.has('close') : !connection.has('keep-alive');
  return {
    status,
    framing,
    keepAlive: !wantsClose && framing !== untilEnd && status !== 101,
    keepAliveMs: keepAliveMs(fields),
    lines: `HTTP/1.1 ${text.slice(9, fieldsStart)}${fields.lines()}`,
  };
}

/** `Transfer-Encoding` is ours to say, and only where there is a body and 1.1. */
export function framingLine({ framing }: ResponseHead, { minor }: RequestHead): string {
  return framing === chunked && minor === 1 ? 'Transfer-Encoding: chunked\r\n' : '';
}

function hasBody(status: number, method: string): boolean {
  return method !== 'HEAD' && status >= 200 && status !== 204 && status !== 304;
}

/** Of `Keep-Alive: timeout=5`. */
function keepAliveMs(fields: Fields): number | null {
  const [value] = fields.all('keep-alive');
  const seconds = value === undefined ? undefined : /timeout=(\d{1,6})/.exec(value)?.[1];
  return seconds === undefined ? null : Number(seconds) * 1_000;
}
