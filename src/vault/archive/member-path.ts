/** Where things are in an archive. */
import type { ManifestFile, PointId } from '../../model/recovery-point.ts';

export const manifestName = 'manifest.json';

export function dataMember(path: string): string {
  return `data/${path}`;
}

/** A list of the members that are to be taken out of the archive of that point. */
export function fromMember(id: PointId): string {
  return `from/${id}`;
}

/** The path of a service's own file; null: it is something of ours. */
export function dataPath(member: string): string | null {
  return member.startsWith('data/') ? member.slice('data/'.length) : null;
}

/** Whether it leads to somewhere below the directory that it is relative to, and is written in
 * the one way that there is for it. */
export function isSafePath(path: string): boolean {
  const parts = path.split('/');
  return !path.includes('\0') && parts.every((part) => !['', '.', '..'].includes(part));
}

/** Whether a path is one of these, or below one; all are when there are none. */
export function isWithin(path: string, only: readonly string[] | undefined): boolean {
  if (only === undefined) return true;
  return only.some((each) => path === each || path.startsWith(`${each}/`));
}

/** One file by line, so that it can be searched with the simplest means. */
export function* manifestText(head: object, files: Iterable<ManifestFile>): Generator<string> {
  yield `{"summary":${JSON.stringify(head)},\n"files":[`;
  let comma = '\n';
  for (const file of files) {
    yield `${comma}${JSON.stringify(file)}`;
    comma = ',\n';
  }
  yield '\n]}\n';
}
