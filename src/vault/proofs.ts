/** What restore drills found, by point: kept beside the local index, and lost with it. */
import { join } from 'node:path';
import type { PointId, PointProof } from '../model/recovery-point.ts';
import { readJsonFile, replaceFile } from '../ports/replace-file.ts';
import type { VaultContext } from '../ports/vault.ts';

const proofsKept = 100;

export interface Proofs {
  readonly byPoint: Readonly<Record<PointId, PointProof>>;
  /** That succeeded. */
  readonly newest: PointProof | null;
}

export function proofsOf(context: VaultContext): Proofs {
  const found = readJsonFile(fileOf(context));
  const byPoint = (found ?? {}) as Record<PointId, PointProof>;
  const sound = Object.values(byPoint).filter(({ ok }) => ok);
  return { byPoint, newest: sound.sort((a, b) => a.at - b.at).at(-1) ?? null };
}

export function keepProof(context: VaultContext, point: PointId, proof: PointProof): void {
  const { [point]: _, ...others } = proofsOf(context).byPoint;
  const kept = [...Object.entries(others), [point, proof] as const].slice(-proofsKept);
  replaceFile(fileOf(context), JSON.stringify(Object.fromEntries(kept)));
}

function fileOf({ indexDir }: VaultContext): string {
  return join(indexDir, 'proofs.json');
}
