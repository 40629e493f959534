/**
 * When two happenings are the same error: their fingerprints agree. A fingerprint is made of code,
 * source, service, instance, host, and the message without what changes from one happening to the
 * next. What is left out of a message, in this order:
 *
 * 1. quoted text: "…", '…', `…`, «…», “…”, „…“, ‘…’, 「…」; an apostrophe within a word is no quote;
 * 2. of a path or an address, each part behind a `/` with a digit in it: `/users/ab12/cart`;
 * 3. UUIDs;
 * 4. numbers with sign, fraction, thousands and exponent;
 * 5. words of 16 letters and digits or more that have both; hexadecimal numbers: behind `0x`, of
 *    eight digits or more, and of six or more when letters and digits are mixed;
 * 6. digits within words: `db12`, `3.5ms`.
 *
 * Of what remains, the first 500 characters count. Neither the stack nor the role, the release or
 * the incident is part of it: the same error goes on after a fail-over and a deployment.
 */
import type { ErrorReport } from './error-record.ts';

/** Of a message; what comes later is not looked at. */
const readMax = 4_000;
const keptMax = 500;

const quoted = [
  '"(?:[^"\\\\]|\\\\.)*"',
  "(?<![\\p{L}\\p{N}])'[^']*'(?![\\p{L}\\p{N}])",
  '`[^`]*`',
  '«[^»]*»',
  '“[^”]*”',
  '„[^“”]*[“”]',
  '‘[^’]*’',
  '「[^」]*」',
];

const changing: readonly (readonly [RegExp, string])[] = [
  [new RegExp(quoted.join('|'), 'gu'), '<text>'],
  [/\/(?=[^\s/"'<>,;:()?#&=]*\d)[^\s/"'<>,;:()?#&=]+/g, '/<n>'],
  [/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/gi, '<n>'],
  [/(?<![\w)\]>])[-+](?=\d)/g, ''],
  [/(?<![\w.])\d+(?:[.,]\d+)*(?:e[-+]?\d+)?(?!\w|[.,]\d)/gi, '<n>'],
  [/\b(?=[a-z]*\d)(?=\d*[a-z])[a-z\d]{16,}\b/gi, '<n>'],
  [/\b0x[0-9a-f]+\b/gi, '<n>'],
  [/\b(?=\d*[a-f])(?:[0-9a-f]{8,}|(?=[a-f]*\d)[0-9a-f]{6,})\b/gi, '<n>'],
  [/\d+(?:[.,]\d+)*/g, '<n>'],
];

/** «user 17 not found» and «user 4711 not found» become «user <n> not found». */
export function normaliseMessage(message: string): string {
  let text = message.slice(0, readMax);
  for (const [pattern, replacement] of changing) text = text.replace(pattern, replacement);
  return text.slice(0, keptMax);
}

/** Equal for happenings of one error. */
export function fingerprint(
  error: Pick<ErrorReport, 'code' | 'message' | 'origin' | 'source'>,
): string {
  const { service, instance, host } = error.origin;
  const message = normaliseMessage(error.message);
  return [error.code, error.source, service ?? '', instance ?? '', host, message].join('\n');
}
