/**
 * Small files of a vault, the summaries above all: JSON whose last field is the SHA-256 of all that
 * stands before that field, so that each of its bytes is vouched for.
 */
import { hash } from 'node:crypto';
import { DarumaError } from '../model/errors.ts';
import type { PointSummary } from '../model/recovery-point.ts';

/** Of what this version reads. */
const format = 1;

export function encodeVouched(content: object): Buffer {
  const head = JSON.stringify(content, null, 2).slice(0, -2);
  return Buffer.from(`${head},\n  "digest": "${hash('sha256', head)}"\n}\n`);
}

/** Throws POINT_DAMAGED and POINT_TOO_NEW; `of` says which file it is. */
export function decodeSummary(file: Buffer, of: string): PointSummary {
  return decodeVouched(file, of) as PointSummary;
}

/** As `decodeSummary`. */
export function decodeVouched(file: Buffer, of: string): { readonly format: number } {
  const tail = /,\n {2}"digest": "([0-9a-f]{64})"\n\}\n$/.exec(file.toString('latin1'));
  const head = file.subarray(0, tail?.index ?? 0);
  if (tail === null || hash('sha256', head) !== tail[1]) {
    throw new DarumaError('POINT_DAMAGED', `${of} is not as it was written`);
  }
  const content = JSON.parse(`${head.toString()}\n}`) as { readonly format: number };
  if (content.format === format) return content;
  const text = `${of} has the format ${content.format}, this version reads ${format}`;
  throw new DarumaError('POINT_TOO_NEW', text);
}
