/** Removes what jobs that were killed have left. Called while no other job of the service runs. */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { VaultContext } from '../ports/vault.ts';
import { leftoverArchives, readCatalogue } from './catalogue.ts';
import { notesName, readNotes } from './notes.ts';
import { uploadsName } from './places/open.ts';
import { isOlderThanADay } from './point-names.ts';

/**
 * Resolves with what was removed. A place that can't be read now is swept another time. An archive
 * without a summary goes when it was noted by a job that is gone, else when it is a day old: it
 * could be another machine's.
 */
export async function sweep(context: VaultContext): Promise<readonly string[]> {
  const removed = sweepScratch(context);
  const notes = readNotes(context);
  const { listings, problems } = await readCatalogue(context);
  for (const listing of listings) {
    await listing.place.sweep();
    for (const { key, id } of leftoverArchives(context, listing)) {
      const isOurs = notes.left.has(key);
      if (notes.busy.has(key) || (!isOurs && !isOlderThanADay(id, Date.now()))) continue;
      await listing.place.remove(key);
      removed.push(`${listing.place.name}: ${key}`);
    }
  }
  if (problems.every(({ key }) => key !== null)) notes.forget();
  return removed;
}

function sweepScratch({ scratchDir }: VaultContext): string[] {
  mkdirSync(scratchDir, { recursive: true, mode: 0o700 });
  const left = readdirSync(scratchDir).filter((name) => ![notesName, uploadsName].includes(name));
  for (const name of left) rmSync(join(scratchDir, name), { recursive: true, force: true });
  return left.map((name) => join(scratchDir, name));
}
