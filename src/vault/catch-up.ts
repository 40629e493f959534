/**
 * Gives a place that was gone what the others have: copied as it is stored, so that no key is
 * needed. Only points that are to stay are copied.
 */

import { errorInfo } from '../model/errors.ts';
import type { Place, PlaceError, VaultContext } from '../ports/vault.ts';
import {
  archiveKeyOf,
  type Catalogue,
  type Copy,
  copiesOf,
  type PlaceListing,
  readCatalogue,
} from './catalogue.ts';
import { extraName } from './extras.ts';
import { noteKeys } from './notes.ts';
import { keptOf } from './prune.ts';
import { findRoom } from './room.ts';
import { readBack, storeSummary } from './store-summary.ts';

export interface CaughtUp {
  /** `PLACE: KEY` of each file. */
  readonly copied: readonly string[];
  readonly problems: readonly PlaceError[];
}

/** Does nothing where points go to one place each. */
export async function catchUp(context: VaultContext, signal: AbortSignal): Promise<CaughtUp> {
  const copied: string[] = [];
  const problems: PlaceError[] = [];
  if (context.spec.spread !== 'all') return { copied, problems };
  const catalogue = await readCatalogue(context);
  for (const listing of catalogue.listings) {
    for (const copy of missingFrom(context, catalogue, listing)) {
      signal.throwIfAborted();
      await attempt(listing.place, copy.key, copy.work);
    }
  }
  return { copied, problems };

  async function attempt(place: Place, key: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
      copied.push(`${place.name}: ${key}`);
    } catch (error) {
      problems.push({ place: place.name, key, error: errorInfo(error) });
    }
  }
}

interface Missing {
  readonly key: string;
  readonly work: () => Promise<void>;
}

/** Points oldest first, so that a place never lacks what a point in it needs; then the extras. */
function missingFrom(
  context: VaultContext,
  catalogue: Catalogue,
  listing: PlaceListing,
): readonly Missing[] {
  const { place } = listing;
  const points = keptOf(context, catalogue, Date.now(), false).kept.flatMap(({ id }) => {
    const [from] = copiesOf(catalogue, id);
    if (from === undefined || !from.complete || listing.copies.get(id)?.complete) return [];
    const key = archiveKeyOf(from.summary);
    return [{ key, work: () => copyPoint(context, from, place) }];
  });
  return [...points, ...missingExtras(context, catalogue, listing)];
}

function missingExtras(
  context: VaultContext,
  { listings }: Catalogue,
  { place, files }: PlaceListing,
): readonly Missing[] {
  const has = new Set([...files.keys()].map((stored) => extraName(context, stored)?.key));
  const found = new Map<string, Missing>();
  for (const other of listings) {
    for (const [stored, bytes] of other.files) {
      const name = extraName(context, stored);
      if (name === null || has.has(name.key)) continue;
      const file = { bytes, sha256: name.sha256 };
      found.set(stored, { key: stored, work: () => copyFile(other.place, place, stored, file) });
    }
  }
  return [...found.values()];
}

async function copyPoint(context: VaultContext, from: Copy, to: Place): Promise<void> {
  const key = archiveKeyOf(from.summary);
  const forgetNote = noteKeys(context, [key]);
  await copyFile(from.place, to, key, from.summary.archive);
  await storeSummary(to, from.summary);
  forgetNote();
}

/** Rejects, and leaves nothing, when what arrives is not what is meant. */
async function copyFile(
  from: Place,
  to: Place,
  key: string,
  file: { readonly bytes: number; readonly sha256: string },
): Promise<void> {
  const { failed } = await findRoom([to], file.bytes);
  if (failed[0] !== undefined) throw new Error(failed[0].error.message);
  await to.write(key, await from.read(key), file.bytes);
  try {
    await readBack(to, key, file);
  } catch (error) {
    await to.remove(key);
    throw error;
  }
}
