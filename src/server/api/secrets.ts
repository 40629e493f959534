/** Secrets that are given out once and kept as hashes only. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

export interface FreshSecret {
  readonly id: string;
  /** `PREFIX_ID_SECRET`; to be shown once. */
  readonly text: string;
  readonly hash: string;
}

/** 256 bits by chance: a fast hash is enough, nobody can try them all. */
export function freshSecret(prefix: string): FreshSecret {
  const id = randomBytes(9).toString('hex');
  const text = `${prefix}_${id}_${randomBytes(32).toString('hex')}`;
  return { id, text, hash: hashOf(text) };
}

/** The id within; null: it doesn't look like one. */
export function idWithin(prefix: string, text: string): string | null {
  const match = /^([a-z]+)_([0-9a-f]{18})_[0-9a-f]{64}$/.exec(text);
  return match?.[1] === prefix ? (match[2] ?? null) : null;
}

export function isSecret(text: string, hash: string): boolean {
  return isSame(hashOf(text), hash);
}

export function isSame(a: string, b: string): boolean {
  const [one, other] = [Buffer.from(a), Buffer.from(b)];
  return one.length === other.length && timingSafeEqual(one, other);
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
