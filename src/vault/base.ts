/** Whether the next point may hold only what changed, and since which one. */
import type { PointId, PointSummary } from '../model/recovery-point.ts';
import type { PointSource, VaultContext } from '../ports/vault.ts';
import { type Catalogue, copiesOf } from './catalogue.ts';
import { type LocalIndex, readIndex } from './local-index.ts';

/** A restore opens the archive of each point that it needs. */
const needsMax = 30;
/** All that a point needs may take so many times what its largest archive takes: old archives also
 * hold files that have long been replaced. */
const spreadMax = 2;

/**
 * Null: a full one. It is so when the index is lost, when something that the point would need is
 * not complete in any place, when keys have changed, so that new keys alone open what is new, and
 * when too much is needed.
 */
export function findBase(
  context: VaultContext,
  catalogue: Catalogue,
  source: PointSource,
  recipients: readonly string[],
): LocalIndex | null {
  if (!source.incremental) return null;
  const index = readIndex(context);
  if (index === null) return null;
  const holders = new Set([index.id, ...[...index.files.values()].map((file) => file.in)]);
  const summaries = [...holders].map((id) => completeSummary(catalogue, id));
  const found = summaries.filter((summary) => summary !== null);
  if (found.length < summaries.length) return null;
  if (!found.every((summary) => hasRecipients(summary, recipients))) return null;
  const sizes = found.map(({ archive }) => archive.bytes);
  const total = sizes.reduce((sum, bytes) => sum + bytes, 0);
  return found.length <= needsMax && total <= spreadMax * Math.max(...sizes) ? index : null;
}

function completeSummary(catalogue: Catalogue, id: PointId): PointSummary | null {
  return copiesOf(catalogue, id).find(({ complete }) => complete)?.summary ?? null;
}

function hasRecipients({ archive }: PointSummary, recipients: readonly string[]): boolean {
  return archive.recipients.join() === recipients.join();
}
