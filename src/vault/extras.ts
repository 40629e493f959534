/**
 * What lies beside the points, such as segments of a write-ahead log: `SERVICE/…` under any name,
 * compressed and encrypted as points are. The SHA-256 of what is stored is a part of the name, so
 * that damage is found without a key: `KEY.SHA256.zst.age`.
 */
import { createReadStream, createWriteStream, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { DarumaError, errorInfo } from '../model/errors.ts';
import type { Place, PlaceError, VaultContext } from '../ports/vault.ts';
import { codedHere } from './archive/codec.ts';
import { contentOf, requireSound, type StoredFile, unopened } from './archive/reader.ts';
import { type Identities, newHeader } from './keys.ts';
import { openPlaces } from './places/open.ts';
import { pointFile } from './point-names.ts';
import { encryptionOf } from './recipients.ts';
import { findRoom } from './room.ts';

/**
 * Replaces what was stored under the key. Resolves with the places that should have it and don't.
 * Rejects when no place took it, and when `content` does.
 */
export async function storeExtra(
  context: VaultContext,
  key: string,
  content: Readable,
): Promise<readonly PlaceError[]> {
  requireOwn(context, key);
  const places = await openPlaces(context);
  const { recipients } = await encryptionOf(context.spec.encryptTo, places);
  mkdirSync(context.scratchDir, { recursive: true, mode: 0o700 });
  const spool = join(context.scratchDir, `extra.${process.pid}.${key.replaceAll('/', '.')}`);
  try {
    const age = recipients.length > 0 ? await newHeader(recipients) : null;
    const packed = codedHere({ kind: 'pack', age }, content);
    await pipeline(packed.chunks, createWriteStream(spool, { mode: 0o600 }));
    const { bytes, sha256 } = packed.stored();
    const name = `${key}.${sha256}.zst${age === null ? '' : '.age'}`;
    return await storeSpooled(context, { places, key, name, spool, bytes });
  } finally {
    rmSync(spool, { force: true });
  }
}

/** Rejects with NOT_FOUND, KEY_MISSING; the stream fails with POINT_DAMAGED, KEY_WRONG. */
export async function readExtra(
  context: VaultContext,
  key: string,
  identities: Identities | null,
): Promise<Readable> {
  requireOwn(context, key);
  const files: StoredFile[] = [];
  const failures: unknown[] = [];
  for (const place of await openPlaces(context)) {
    try {
      files.push(...(await storedUnder(context, place, key)));
    } catch (error) {
      failures.push(error);
    }
  }
  if (files.length === 0 && failures.length > 0) throw failures[0];
  if (files.length === 0) throw new DarumaError('NOT_FOUND', `no place has ${key}`);
  const file = await firstSoundOf(files);
  if (file.encrypted && identities === null) {
    throw new DarumaError('KEY_MISSING', unopened(file.key, file.recipients));
  }
  return Readable.from(contentOf(file, identities, codedHere), { objectMode: false });
}

/** Keys as they were given to `storeExtra`, sorted. Rejects when no place can be read. */
export async function listExtras(
  context: VaultContext,
  prefix: string,
): Promise<readonly string[]> {
  requireOwn(context, prefix);
  const keys = new Set<string>();
  const outcomes = await Promise.allSettled(
    (await openPlaces(context)).map(async (place) => {
      for await (const { key } of place.list(prefix)) {
        const name = extraName(context, key);
        if (name !== null) keys.add(name.key);
      }
    }),
  );
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  const isAll = outcomes.every(({ status }) => status === 'rejected');
  if (failed !== undefined && isAll) throw failed.reason;
  return [...keys].sort();
}

/** From all places. Rejects when it may still be in one of them. */
export async function removeExtra(context: VaultContext, key: string): Promise<void> {
  requireOwn(context, key);
  for (const place of await openPlaces(context)) {
    for (const file of await storedUnder(context, place, key)) await place.remove(file.key);
  }
}

/** What is damaged beside the points in a place. */
export async function verifyExtrasIn(
  context: VaultContext,
  place: Place,
  identities: Identities | null,
  signal: AbortSignal,
): Promise<readonly PlaceError[]> {
  const problems: PlaceError[] = [];
  for await (const { key } of place.list(`${context.service}/`)) {
    const file = extraFile(context, place, key);
    if (file === null) continue;
    signal.throwIfAborted();
    try {
      await requireSound(file);
      if (identities !== null) for await (const _ of contentOf(file, identities, codedHere));
    } catch (error) {
      problems.push({ place: place.name, key, error: errorInfo(error) });
    }
  }
  return problems;
}

/** Null: the key is no extra's. */
export function extraName(
  { service }: VaultContext,
  stored: string,
): { readonly key: string; readonly sha256: string; readonly encrypted: boolean } | null {
  if (pointFile(service, stored) !== null) return null;
  const match = /^(.+)\.([0-9a-f]{64})\.zst(\.age)?$/.exec(stored);
  if (match === null) return null;
  const [, key = '', sha256 = '', age] = match;
  return { key, sha256, encrypted: age !== undefined };
}

function requireOwn({ service }: VaultContext, key: string): void {
  if (!key.startsWith(`${service}/`)) {
    throw new DarumaError('BAD_REQUEST', `${key} does not begin with ${service}/`);
  }
}

function extraFile(context: VaultContext, place: Place, stored: string): StoredFile | null {
  const name = extraName(context, stored);
  if (name === null) return null;
  const { sha256, encrypted } = name;
  const recipients = context.spec.encryptTo.map((key) => {
    return key.kind === 'recipient' ? key.recipient : key.name;
  });
  return { place, key: stored, sha256, encrypted, recipients };
}

async function storedUnder(
  context: VaultContext,
  place: Place,
  key: string,
): Promise<readonly StoredFile[]> {
  const found: StoredFile[] = [];
  for await (const { key: stored } of place.list(`${key}.`)) {
    const file = extraFile(context, place, stored);
    if (file !== null && extraName(context, stored)?.key === key) found.push(file);
  }
  return found;
}

/** The only one is not looked at: reading it tells. */
async function firstSoundOf(files: readonly StoredFile[]): Promise<StoredFile> {
  const [only, ...others] = files;
  if (only !== undefined && others.length === 0) return only;
  let failure: unknown = null;
  for (const file of files) {
    try {
      await requireSound(file);
      return file;
    } catch (error) {
      failure ??= error;
    }
  }
  throw failure;
}

interface Spooled {
  readonly places: readonly Place[];
  readonly key: string;
  readonly name: string;
  readonly spool: string;
  readonly bytes: number;
}

async function storeSpooled(
  context: VaultContext,
  { places, key, name, spool, bytes }: Spooled,
): Promise<readonly PlaceError[]> {
  const { roomy, failed } = await findRoom(places, bytes);
  const all = context.spec.spread === 'all';
  const problems = [...failed];
  const ordered = all
    ? roomy
    : roomy.toSorted((a, b) => (b.free ?? Number.MAX_VALUE) - (a.free ?? Number.MAX_VALUE));
  let stored = 0;
  for (const { place } of ordered) {
    try {
      await place.write(name, createReadStream(spool), bytes);
      stored += 1;
      for (const old of await storedUnder(context, place, key)) {
        if (old.key !== name) await place.remove(old.key);
      }
      if (!all) return [];
    } catch (error) {
      problems.push({ place: place.name, key, error: errorInfo(error) });
    }
  }
  if (stored > 0) return problems;
  const reasons = problems.map(({ error }) => error.message).join('; ');
  throw new DarumaError('PLACE_UNREACHABLE', `no place takes ${key}: ${reasons}`);
}
