/** Reads what is stored again and names what is not as it was written. */
import { DarumaError, errorInfo } from '../model/errors.ts';
import type { PointId, PointManifest } from '../model/recovery-point.ts';
import type { PlaceError, VaultContext } from '../ports/vault.ts';
import { Tally } from './archive/flow.ts';
import { dataPath, manifestName } from './archive/member-path.ts';
import { damaged, parseManifest, readArchive, requireSound } from './archive/reader.ts';
import {
  archiveKeyOf,
  archiveOf,
  type Catalogue,
  type Copy,
  copiesOf,
  findPoint,
  pointIds,
  readCatalogue,
} from './catalogue.ts';
import { verifyExtrasIn } from './extras.ts';
import type { Identities } from './keys.ts';
import { forgetIndex } from './local-index.ts';
import { verifyKeys } from './passphrase-keys.ts';
import { summaryKey } from './point-names.ts';

/**
 * What is wrong with a point, in each place that has it; empty: nothing. Without identities the
 * digests of what is stored are compared, with them each file too.
 * Rejects with NOT_FOUND, KEY_WRONG.
 */
export async function verifyPoint(
  context: VaultContext,
  id: PointId,
  identities: Identities | null,
  signal: AbortSignal,
): Promise<readonly PlaceError[]> {
  const catalogue = await readCatalogue(context);
  const isDamaged = catalogue.listings.some(({ unreadable }) => unreadable.includes(id));
  if (!isDamaged) await findPoint(context, catalogue, id);
  return verifyIn(context, catalogue, id, identities, signal);
}

/** All that the places hold of the service: points, what lies beside them, keys. */
export async function verifyVault(
  context: VaultContext,
  identities: Identities | null,
  signal: AbortSignal,
): Promise<readonly PlaceError[]> {
  const catalogue = await readCatalogue(context);
  const problems = catalogue.problems.filter(({ key }) => key === null);
  const unreadable = catalogue.listings.flatMap((listing) => listing.unreadable);
  for (const id of [...new Set([...pointIds(catalogue), ...unreadable])].sort()) {
    problems.push(...(await verifyIn(context, catalogue, id, identities, signal)));
  }
  for (const { place } of catalogue.listings) {
    problems.push(...(await verifyExtrasIn(context, place, identities, signal)));
    problems.push(...(await verifyKeys(place, context.spec.encryptTo)));
  }
  return problems;
}

async function verifyIn(
  context: VaultContext,
  catalogue: Catalogue,
  id: PointId,
  identities: Identities | null,
  signal: AbortSignal,
): Promise<readonly PlaceError[]> {
  const summary = summaryKey(context.service, id);
  const problems = catalogue.problems.filter(({ key }) => key === summary);
  const sound: string[] = [];
  for (const copy of copiesOf(catalogue, id)) {
    signal.throwIfAborted();
    const error = await damageOf(copy, catalogue, identities);
    const key = archiveKeyOf(copy.summary);
    if (error === null) sound.push(copy.place.name);
    else problems.push({ place: copy.place.name, key, error: errorInfo(error) });
  }
  // What comes next must not rest on it.
  if (problems.length > 0) forgetIndex(context);
  return sound.length === 0 ? problems : problems.map((problem) => withSound(problem, sound));
}

/** A restore takes it from there by itself; a person may copy it. */
function withSound({ error, ...rest }: PlaceError, sound: readonly string[]): PlaceError {
  const message = `${error.message}; sound in ${sound.join(', ')}`;
  return { ...rest, error: { ...error, message } };
}

async function damageOf(
  copy: Copy,
  catalogue: Catalogue,
  identities: Identities | null,
): Promise<unknown> {
  const file = archiveOf(copy);
  const { needs = [], archive } = copy.summary;
  if (!copy.complete) return damaged(file, 'it is missing or has another size');
  const missing = needs.filter((need) => !copiesOf(catalogue, need).some((each) => each.complete));
  if (missing.length > 0) return damaged(file, `it needs ${missing.join(', ')}`);
  try {
    if (archive.encrypted && identities === null) await requireSound(file);
    else await verifyFiles(copy, identities);
    return null;
  } catch (error) {
    if (error instanceof DarumaError && error.code === 'KEY_WRONG') throw error;
    return error;
  }
}

async function verifyFiles(copy: Copy, identities: Identities | null): Promise<void> {
  const file = archiveOf(copy);
  const digests = new Map<string, string>();
  let text: Buffer | null = null;
  await readArchive(file, identities, async (member, reader) => {
    if (member.path === manifestName) text = await reader.whole();
    const path = dataPath(member.path);
    if (path === null || member.type !== 'file') return;
    const tally = new Tally();
    for await (const chunk of reader.content()) tally.add(chunk);
    digests.set(path, tally.digest());
  });
  if (text === null) throw damaged(file, 'it has no manifest');
  const wrong = firstWrong(parseManifest(file, text, copy.summary), digests);
  if (wrong !== null) throw damaged(file, `${wrong} is not as it was`);
}

function firstWrong({ files }: PointManifest, digests: ReadonlyMap<string, string>): string | null {
  const own = files.filter((file) => file.type === 'file' && file.in === undefined);
  return own.find(({ path, sha256 }) => digests.get(path) !== sha256)?.path ?? null;
}
