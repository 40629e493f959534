/** What stands in an archive for each directory or file of a source: its own name. */
import { lstatSync, readlinkSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { errorInfo } from '../../model/errors.ts';

export interface Root {
  /** First part of all its paths in the archive. */
  readonly name: string;
  /** Absolute, without links. */
  readonly path: string;
}

/** Of two with the same name the second is `NAME-2`. */
export function rootsOf(paths: readonly string[]): readonly Root[] {
  const taken = new Set<string>();
  return paths.map((given) => {
    const path = real(given);
    const own = basename(given) === '' ? 'root' : basename(given);
    let name = own;
    for (let number = 2; taken.has(name); number += 1) name = `${own}-${number}`;
    taken.add(name);
    return { name, path };
  });
}

/** Where a link leads, also when nothing is there (yet, or any more). */
function real(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (errorInfo(error).code !== 'ENOENT') throw error;
  }
  if (path === dirname(path)) return path;
  const here = join(real(dirname(path)), basename(path));
  const isLink = lstatSync(here, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  return isLink ? real(resolve(dirname(here), readlinkSync(here))) : here;
}
