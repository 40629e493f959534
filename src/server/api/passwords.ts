/**
 * Passwords as Argon2id hashes (RFC 9106) in PHC's text form. The cost is that of OWASP's password
 * storage cheat sheet: 19 MiB, two passes, one lane.
 *
 * One hash is made at a time, and only so many wait: a flood of logins must not take the machine's
 * memory or cores from the stack.
 */
import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { DarumaError } from '../../model/errors.ts';

const cost = { memory: 19_456, passes: 2, parallelism: 1, tagLength: 32 } as const;
const saltBytes = 16;
const waitingMax = 32;

/** Long enough to be worth stealing; any characters. */
export const password = z
  .string()
  .min(10, 'expected at least 10 characters')
  .max(256, 'expected at most 256 characters');

let waiting = 0;
let turn: Promise<unknown> = Promise.resolve();

/** Rejects with TOO_MANY_REQUESTS when too many wait already. */
export async function hashPassword(text: string): Promise<string> {
  const salt = randomBytes(saltBytes);
  const tag = await derive(text, salt);
  const { memory, passes, parallelism } = cost;
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${encode(salt)}$${encode(tag)}`;
}

/** `stored` null: no such person; it takes as long. Rejects with TOO_MANY_REQUESTS. */
export async function isPassword(text: string, stored: string | null): Promise<boolean> {
  const parts = stored?.split('$') ?? [];
  const salt = Buffer.from(parts[4] ?? 'nobody has this salt', 'base64');
  const expected = Buffer.from(parts[5] ?? '', 'base64');
  const tag = await derive(text, salt);
  return tag.length === expected.length && timingSafeEqual(tag, expected);
}

function derive(text: string, nonce: Buffer): Promise<Buffer> {
  if (waiting >= waitingMax) {
    return Promise.reject(new DarumaError('TOO_MANY_REQUESTS', 'too many log in at once'));
  }
  waiting += 1;
  const message = Buffer.from(text.normalize('NFKC'));
  const work = turn.then(
    () =>
      new Promise<Buffer>((resolve, reject) => {
        argon2('argon2id', { ...cost, message, nonce }, (error, tag) => {
          if (error === null) resolve(tag);
          else reject(error);
        });
      }),
  );
  turn = work.catch(() => undefined);
  return work.finally(() => {
    waiting -= 1;
  });
}

function encode(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
