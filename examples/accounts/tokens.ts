/** Signed tokens (JWT): who it is, for a short time. */
import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errors, jwtVerify, SignJWT } from 'jose';
import { Failure } from './failures.ts';

export const tokenSeconds = 15 * 60;

const parties = { issuer: 'accounts', audience: 'accounts' };
const secretBytesMin = 32;

export class Tokens {
  readonly #key: Uint8Array;

  constructor(secret: string) {
    this.#key = new TextEncoder().encode(secret);
    if (this.#key.length < secretBytesMin) {
      throw new Error(`the key for tokens must have at least ${secretBytesMin} bytes`);
    }
  }

  issue(accountId: string): Promise<string> {
    return new SignJWT()
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject(accountId)
      .setIssuer(parties.issuer)
      .setAudience(parties.audience)
      .setIssuedAt()
      .setExpirationTime(`${tokenSeconds}s`)
      .sign(this.#key);
  }

  /** The account's id. Throws a Failure (401) for a token that isn't ours, or no longer holds. */
  async verify(token: string): Promise<string> {
    try {
      const required = { ...parties, algorithms: ['HS256'], requiredClaims: ['sub', 'exp'] };
      const { payload } = await jwtVerify(token, this.#key, required);
      return payload.sub ?? '';
    } catch (cause) {
      if (!(cause instanceof errors.JOSEError)) throw cause;
      throw new Failure(401, 'TOKEN_INVALID', 'log in again', { cause });
    }
  }
}

/** Reads the key from a file, which is made at the first start. Of several instances that start at
 * once one makes it: a link fails when the name exists. */
export async function readSecret(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const fresh = `${path}.${process.pid}`;
  try {
    await using file = await open(fresh, 'wx', 0o600);
    await file.writeFile(`${randomBytes(48).toString('base64url')}\n`);
    await file.sync();
    await link(fresh, path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    await rm(fresh, { force: true });
  }
  return (await readFile(path, 'utf8')).trim();
}
