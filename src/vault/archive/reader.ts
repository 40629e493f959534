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
import { AgeError, unsealed } from './age.ts';
import { type Chunks, Tally } from './flow.ts';
import { decompressed, FrameError } from './frames.ts';
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

/** What was compressed and encrypted. Throws as `readArchive`. */
export async function* contentOf(
  file: StoredFile,
  identities: Identities | null,
): AsyncGenerator<Buffer> {
  const { place, key, encrypted, sha256 } = file;
  if (encrypted && identities === null) {
    const text = `${key} is encrypted to ${file.recipients.join(', ')}`;
    throw new DarumaError('KEY_MISSING', text);
  }
  const tally = new Tally();
  const stored: Chunks = tally.of(await place.read(key));
  try {
    yield* decompressed(encrypted ? unsealed(stored, (header) => keyOf(file, header)) : stored);
  } catch (error) {
    throw damageOf(file, error);
  }
  if (tally.digest() !== sha256) throw damaged(file, 'it is not as it was written');

  async function keyOf(of: StoredFile, header: Buffer): Promise<Uint8Array> {
    const found = (await identities?.fileKey(header)) ?? null;
    if (found !== null) return found;
    await requireSound(of);
    const given = identities?.recipients.join(', ');
    const text = `${key} is encrypted to ${of.recipients.join(', ')}, the key given is ${given}'s`;
    throw new DarumaError('KEY_WRONG', text);
  }
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
