/** Removes the points that no rule keeps. */
import { errorInfo } from '../model/errors.ts';
import type { PointId } from '../model/recovery-point.ts';
import type { PlaceError, PrunedPoints, VaultContext } from '../ports/vault.ts';
import { archiveKeyOf, type Catalogue, copiesOf, pointIds, readCatalogue } from './catalogue.ts';
import { decideKeep, type KeepAnswer } from './keep.ts';
import { noteKeys } from './notes.ts';
import { summaryKey } from './point-names.ts';

export interface PruneOptions {
  /** Only tells. */
  readonly dryRun: boolean;
  /** A person's, to the removal of what is younger than the least age. */
  readonly consent: boolean;
}

/** `now`: wall-clock milliseconds. What a place doesn't let go of is in `problems`. */
export async function prunePoints(
  context: VaultContext,
  now: number,
  { dryRun, consent }: PruneOptions,
): Promise<PrunedPoints> {
  const catalogue = await readCatalogue(context);
  const { removed, kept } = keptOf(context, catalogue, now, consent);
  const problems = [...catalogue.problems];
  // The newest first: what is left after a kill never lacks what it needs.
  for (const id of dryRun ? [] : removed.toReversed()) {
    problems.push(...(await removePoint(context, catalogue, id)));
  }
  return { removed, kept, problems };
}

/** What would stay. */
export function keptOf(
  context: VaultContext,
  catalogue: Catalogue,
  now: number,
  consent: boolean,
): KeepAnswer {
  const ids = pointIds(catalogue);
  const gone = catalogue.problems.filter(({ key }) => key === null);
  if (gone.length > 0 && context.spec.spread === 'room') {
    // Points there may need what is here.
    const why = `${gone.map(({ place }) => place).join(', ')} can't be read, and may need it`;
    return { removed: [], kept: ids.map((id) => ({ id, why })) };
  }
  const unreadable = catalogue.listings
    .flatMap((listing) => listing.unreadable)
    .filter((id) => !ids.includes(id));
  const points = ids.flatMap((id) => {
    const summaries = copiesOf(catalogue, id).map(({ summary }) => summary);
    const [first] = summaries;
    if (first === undefined) return [];
    return [{ id, at: first.at, needs: summaries.flatMap(({ needs = [] }) => needs) }];
  });
  return decideKeep({ points, keep: context.spec.keep, now, consent, unreadable });
}

async function removePoint(
  context: VaultContext,
  catalogue: Catalogue,
  id: PointId,
): Promise<readonly PlaceError[]> {
  const copies = copiesOf(catalogue, id);
  const forgetNote = noteKeys(
    context,
    copies.map(({ summary }) => archiveKeyOf(summary)),
  );
  const problems: PlaceError[] = [];
  for (const { place, summary } of copies) {
    const key = archiveKeyOf(summary);
    try {
      // Without its summary it is no point any more.
      await place.remove(summaryKey(context.service, id));
      await place.remove(key);
    } catch (error) {
      problems.push({ place: place.name, key, error: errorInfo(error) });
    }
  }
  if (problems.length === 0) forgetNote();
  return problems;
}
