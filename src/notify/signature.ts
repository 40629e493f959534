/**
 * Signatures of webhooks, as Standard Webhooks has them (https://www.standardwebhooks.com, the
 * «symmetric» scheme `v1`): HMAC-SHA256 over `ID.TIMESTAMP.BODY`, in base64. Libraries for all
 * languages check them, and refuse what is older than five minutes. Pure.
 */
import { createHash, createHmac } from 'node:crypto';
import type { Letter } from './body.ts';

/** Null: not base64 (after `whsec_`) of 24 to 64 bytes. */
export function signingKey(secret: string): Buffer | null {
  const text = secret.trim().replace(/^whsec_/, '');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return null;
  const key = Buffer.from(text, 'base64');
  return key.length < 24 || key.length > 64 ? null : key;
}

/** `at`: seconds since 1970, at which it is sent. */
export function signatureHeaders(
  key: Buffer,
  id: string,
  at: number,
  body: string,
): Readonly<Record<string, string>> {
  const signature = createHmac('sha256', key).update(`${id}.${at}.${body}`).digest('base64');
  return {
    'webhook-id': id,
    'webhook-timestamp': String(at),
    'webhook-signature': `v1,${signature}`,
  };
}

/** The same however often the letter is sent, so that a receiver knows it again. `place`: of which
 * machine, to which target. */
export function messageId(place: readonly string[], letter: Letter): string {
  const { stack, notice, update, at, since } = letter;
  const what = JSON.stringify([...place, stack, notice.incident, update, at, since]);
  return `msg_${createHash('sha256').update(what).digest('base64url').slice(0, 27)}`;
}
