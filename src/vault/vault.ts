/** Recovery points of a service: what others do with them. */
import type { PointList, VaultContext } from '../ports/vault.ts';
import { pointList, readCatalogue } from './catalogue.ts';

export { catchUp } from './catch-up.ts';
export { makePoint } from './make.ts';
export { prunePoints } from './prune.ts';
export { rekey } from './rekey.ts';
export { restoreFiles } from './restore.ts';
export { sweep } from './sweep.ts';
export { verifyPoint, verifyVault } from './verify.ts';

/** Oldest first. What can't be read is told, never left out in silence. */
export async function listPoints(context: VaultContext): Promise<PointList> {
  return pointList(await readCatalogue(context));
}
