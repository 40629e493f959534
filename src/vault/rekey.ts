/**
 * Encrypts what is stored anew, to those whom the stack file names now: after a key was added, so
 * that it opens old points too; after one was lost to somebody else, so that it opens them no more
 * (what that somebody has copied meanwhile, nobody can take back).
 *
 * 1. A point is at every moment whole under one of its keys: the new archive has another name, and
 *    the summary, which tells it, is replaced at once.
 * 2. What is not as it was written is left as it is, and told.
 */
import { Readable } from 'node:stream';
import { errorInfo } from '../model/errors.ts';
import type { PointSummary } from '../model/recovery-point.ts';
import type { PlaceError, VaultContext } from '../ports/vault.ts';
import { coded } from './archive/codec.ts';
import { contentOf } from './archive/reader.ts';
import { archiveKeyOf, archiveOf, type Copy, readCatalogue } from './catalogue.ts';
import { listExtras, readExtra, storeExtra } from './extras.ts';
import { type Identities, newHeader } from './keys.ts';
import { forgetIndex } from './local-index.ts';
import { noteKeys } from './notes.ts';
import { archiveName, summaryKey } from './point-names.ts';
import { type Encryption, encryptionOf } from './recipients.ts';
import { readBack } from './store-summary.ts';
import { encodeVouched } from './vouched-file.ts';

export interface Rekeyed {
  /** Keys of what is encrypted anew. */
  readonly done: readonly string[];
  readonly problems: readonly PlaceError[];
}

/** `identities` open what is stored now. */
export async function rekey(
  context: VaultContext,
  identities: Identities,
  signal: AbortSignal,
): Promise<Rekeyed> {
  const { listings, problems: unread } = await readCatalogue(context);
  const places = listings.map(({ place }) => place);
  const encryption = await encryptionOf(context.spec.encryptTo, places);
  const done: string[] = [];
  const problems = [...unread];
  const attempt = async (place: string, key: string, work: () => Promise<void>): Promise<void> => {
    signal.throwIfAborted();
    try {
      await work();
      done.push(key);
    } catch (error) {
      problems.push({ place, key, error: errorInfo(error) });
    }
  };
  for (const { place, copies } of listings) {
    for (const copy of copies.values()) {
      if (copy.summary.archive.recipients.join() === encryption.names.join()) continue;
      const key = archiveKeyOf(copy.summary);
      await attempt(place.name, key, () => rekeyPoint(context, copy, identities, encryption));
    }
  }
  for (const key of await listExtras(context, `${context.service}/`)) {
    await attempt('all', key, async () => {
      const content = await readExtra(context, key, identities);
      problems.push(...(await storeExtra(context, key, content)));
    });
  }
  if (done.length > 0) forgetIndex(context);
  return { done, problems };
}

async function rekeyPoint(
  context: VaultContext,
  copy: Copy,
  identities: Identities,
  encryption: Encryption,
): Promise<void> {
  const { place, summary } = copy;
  const old = archiveKeyOf(summary);
  const encrypted = encryption.recipients.length > 0;
  const file = archiveName(summary.id, encrypted, turnOf(summary) + 1);
  const key = `${context.service}/${file}`;
  const forgetNote = noteKeys(context, [key, old]);
  const age = encrypted ? await newHeader(encryption.recipients) : null;
  const packed = coded({ kind: 'pack', age }, contentOf(archiveOf(copy), identities));
  await place.write(key, Readable.from(packed.chunks), null);
  const written = packed.stored();
  await readBack(place, key, written);
  const archive = { file, ...written, encrypted, recipients: encryption.names };
  const text = encodeVouched({ ...summary, archive } satisfies PointSummary);
  await place.write(summaryKey(context.service, summary.id), Readable.from([text]), text.length);
  await place.remove(old);
  forgetNote();
}

function turnOf({ id, archive }: PointSummary): number {
  return Number(/^\.(\d+)\./.exec(archive.file.slice(id.length))?.[1] ?? 0);
}
