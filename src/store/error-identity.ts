/** When two happenings are the same error: all but changing parts of the message agree. Pure. */
import type { ErrorReport } from '../model/error-record.ts';

/** Of a message; what is longer is cut, so that errors take bounded memory. */
export const messageLengthMax = 2000;

const changing: readonly (readonly [RegExp, string])[] = [
  [/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/gi, '<uuid>'],
  [/"[^"]*"|`[^`]*`|«[^»]*»|“[^”]*”|(?<!\w)'[^']*'(?!\w)/g, '<text>'],
  [/\b0x[0-9a-f]+\b/gi, '<hex>'],
  // Letters and digits mixed, so that `deadbeef` and words such as `facade` stay.
  [/\b(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{6,}\b/gi, '<hex>'],
  [/\d+/g, '<n>'],
];

/** «user 17 not found» and «user 4711 not found» become «user <n> not found». */
export function normaliseMessage(message: string): string {
  let text = message;
  for (const [pattern, replacement] of changing) text = text.replace(pattern, replacement);
  return text;
}

export function cutMessage(message: string): string {
  return message.length <= messageLengthMax
    ? message
    : `${message.slice(0, messageLengthMax - 1)}…`;
}

/** Equal for happenings of one error. `message` must have been cut. */
export function identity(
  error: Pick<ErrorReport, 'code' | 'message' | 'origin' | 'source'>,
): string {
  const { service, instance, host } = error.origin;
  const message = normaliseMessage(error.message);
  return [error.code, error.source, service ?? '', instance ?? '', host, message].join('\n');
}
