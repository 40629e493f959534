/** Answers of our own. */
import { statusTexts } from '../../ports/http.ts';

/** `close`: it is the last one on its connection. `HEAD` gets no body. */
export function ownAnswer(status: number, reason: string, method: string, close: boolean): string {
  const body = `${status} ${statusTexts[status]}: ${reason}\n`;
  const lines = [
    `HTTP/1.1 ${status} ${statusTexts[status]}`,
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    ...(status === 503 ? ['Retry-After: 1'] : []),
    ...(close ? ['Connection: close'] : []),
  ];
  return `${lines.join('\r\n')}\r\n\r\n${method === 'HEAD' ? '' : body}`;
}
