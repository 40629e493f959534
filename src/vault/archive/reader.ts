/**
 * Reads an archive out of a place, member by member.
 *
 * 1. Each byte that is stored counts: at the end the digest of all must be the summary's.
 * 2. What is damaged is told by its file, and told apart from a wrong key.
 */
import { DarumaError } from '../../model/errors.ts';
import type { PointManifest, PointSummary } from '../../model/recovery-point.ts';
import type { Place } from '../../ports/vault.ts';
import type { Identities } from '../keys.ts';
import { AgeError, withHeader } from './age.ts';
import { coded } from './codec.ts';
import { type Chunks, Tally } from './flow.ts';
import { FrameError } from './frames.ts';
import { TarError, type TarMember, TarReader } from './tar.ts';

/** A file in a place, and what is known of it. */
export interface StoredFile {
  readonly place: Place;
  readonly key: string;
  readonly sha256: string;
  readonly encrypted: boolean;
  /** Whom it is encrypted to, for people. */
  readonly recipients: readonly string[];
}

/**
 * Rejects with KEY_MISSING, KEY_WRONG, POINT_DAMAGED, the place's errors and those of `visit`,
 * which may take the member's bytes from the reader.
 */
export async function readArchive(
  file: StoredFile,
  identities: Identities | null,
  visit: (member: TarMember, reader: TarReader) => Promise<void>,
): Promise<void> {
  const reader = new TarReader(contentOf(file, identities));
  try {
    for (let member = await reader.next(); member !== null; member = await reader.next()) {
      await visit(member, reader);
    }
  } catch (error) {
    throw damageOf(file, error);
  } finally {
    await reader.close();
  }
}

/** What was compressed and encrypted. `decode`: `codedHere` for what is small, as a segment of a
 * log is: a thread of its own would take longer to start. Throws as `readArchive`. */
export async function* contentOf(
  file: StoredFile,
  identities: Identities | null,
  decode: typeof coded = coded,
): AsyncGenerator<Buffer> {
  const { place, key, encrypted, sha256 } = file;
  if (encrypted && identities === null) {
    throw new DarumaError('KEY_MISSING', unopened(key, file.recipients));
  }
  const stored = await place.read(key);
  try {
    const { input, fileKey } = await opened(file, stored, identities);
    const unpacked = decode({ kind: 'unpack', fileKey }, input);
    yield* unpacked.chunks;
    if (unpacked.stored().sha256 !== sha256) throw damaged(file, 'it is not as it was written');
  } catch (error) {
    throw damageOf(file, error);
  } finally {
    stored.destroy();
  }
}

export function unopened(key: string, recipients: readonly string[]): string {
  return `${key} is encrypted to ${recipients.join(', ')}, and no private key is given`;
}

async function opened(
  file: StoredFile,
  stored: Chunks,
  identities: Identities | null,
): Promise<{ readonly input: Chunks; readonly fileKey: Uint8Array | null }> {
  if (!file.encrypted) return { input: stored, fileKey: null };
  const { header, file: input } = await withHeader(stored);
  const fileKey = (await identities?.fileKey(header)) ?? null;
  if (fileKey !== null) return { input, fileKey };
  await requireSound(file);
  const given = identities?.recipients.join(', ');
  const whose = `${file.key} is encrypted to ${file.recipients.join(', ')}`;
  throw new DarumaError('KEY_WRONG', `${whose}, the key given is ${given}'s`);
}

/** Rejects with POINT_DAMAGED when the stored bytes are not those that were written. */
export async function requireSound(file: StoredFile): Promise<void> {
  const tally = new Tally();
  for await (const chunk of await file.place.read(file.key)) tally.add(chunk as Buffer);
  if (tally.digest() !== file.sha256) throw damaged(file, 'it is not as it was written');
}

/** Rejects with POINT_FOREIGN when an archive is not the one that the summary is about. */
export function parseManifest(
  file: StoredFile,
  text: Buffer,
  summary: PointSummary,
): PointManifest {
  const manifest = JSON.parse(text.toString()) as PointManifest;
  const { archive: _, ...head } = summary;
  if (JSON.stringify(manifest.summary) === JSON.stringify(head)) return manifest;
  const { stack, service, id } = manifest.summary;
  const whose = `${file.place.name}: ${file.key} is of ${stack}, ${service}, ${id}`;
  throw new DarumaError('POINT_FOREIGN', `${whose}, and its summary is of another`);
}

function damageOf(file: StoredFile, error: unknown): unknown {
  const isDamage =
    error instanceof AgeError || error instanceof FrameError || error instanceof TarError;
  return isDamage ? damaged(file, error.message) : error;
}

export function damaged({ place, key }: StoredFile, what: string): DarumaError {
  return new DarumaError('POINT_DAMAGED', `${place.name}: ${key} is damaged: ${what}`);
}
