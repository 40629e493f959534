/** Where a message ends (RFC 9112, section 6). Whatever leaves room for two readings is refused. */
import type { Fields } from './fields.ts';

/** How many bytes follow, or one of the two below. */
export type Framing = number;
export const chunked = -1;
/** Everything until the connection ends; answers only. */
export const untilEnd = -2;

export interface FramingError {
  readonly status: 400 | 501;
  readonly reason: string;
}

/** 2⁵³ has 16 digits. */
const lengthPattern = /^\d{1,15}$/;

/** Null: the fields say nothing about it. */
export function framingOf(fields: Fields, minor: number): Framing | null | FramingError {
  const lengths = fields.all('content-length');
  const codings = fields.all('transfer-encoding');
  if (codings.length > 0) {
    if (lengths.length > 0) return bad('both Content-Length and Transfer-Encoding');
    if (minor === 0) return bad('Transfer-Encoding in HTTP/1.0');
    if (codings.length > 1) return bad('several Transfer-Encoding');
    if (codings[0]?.toLowerCase() === 'chunked') return chunked;
    return { status: 501, reason: 'a Transfer-Encoding other than chunked' };
  }
  if (lengths.length > 1) return bad('several Content-Length');
  const [length] = lengths;
  if (length === undefined) return null;
  return lengthPattern.test(length) ? Number(length) : bad('Content-Length is no number');
}

function bad(reason: string): FramingError {
  return { status: 400, reason };
}
