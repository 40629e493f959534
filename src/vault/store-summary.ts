/**
 * Makes a point of an archive that lies in a place: the archive is read back, and only when it is
 * what was written is the summary put beside it.
 */
import { Readable } from 'node:stream';
import { DarumaError } from '../model/errors.ts';
import type { PointSummary } from '../model/recovery-point.ts';
import type { Place } from '../ports/vault.ts';
import { Tally } from './archive/flow.ts';
import { archiveKeyOf, readSmall } from './catalogue.ts';
import { summaryKey } from './point-names.ts';
import type { Spread } from './spread.ts';
import { encodeVouched } from './vouched-file.ts';

export async function storeSummaries(
  places: readonly Place[],
  summary: PointSummary,
): Promise<Spread> {
  const stored: Place[] = [];
  const failed: Spread['failed'][number][] = [];
  await Promise.all(
    places.map(async (place) => {
      try {
        await storeSummary(place, summary);
        stored.push(place);
      } catch (error) {
        failed.push({ place, error });
      }
    }),
  );
  return { stored, failed };
}

/** Rejects with POINT_DAMAGED, and the place's errors; there is no summary then. */
export async function storeSummary(place: Place, summary: PointSummary): Promise<void> {
  const key = summaryKey(summary.service, summary.id);
  await readBack(place, archiveKeyOf(summary), summary.archive);
  const file = encodeVouched(summary);
  try {
    await place.write(key, Readable.from([file]), file.length);
    const found = await readSmall(await place.read(key), file.length);
    if (!found.equals(file)) throw notAsWritten(place, key);
  } catch (error) {
    await place.remove(key).catch(() => {
      // It is told as damaged, or lacks its archive, until it can be removed.
    });
    throw error;
  }
}

/** Rejects with POINT_DAMAGED when a file is not the one that is meant. */
export async function readBack(
  place: Place,
  key: string,
  { bytes, sha256 }: { readonly bytes: number; readonly sha256: string },
): Promise<void> {
  const tally = new Tally();
  for await (const chunk of await place.read(key)) tally.add(chunk as Buffer);
  if (tally.bytes !== bytes || tally.digest() !== sha256) throw notAsWritten(place, key);
}

function notAsWritten(place: Place, key: string): DarumaError {
  const text = `${place.name} gives back something else than was written: ${key}`;
  return new DarumaError('POINT_DAMAGED', text);
}
