/** The version of the package that this file belongs to. */
import { readJsonFile } from '../ports/replace-file.ts';

export function ownVersion(): string {
  for (let dir = import.meta.dirname; dir !== '/'; dir = dir.slice(0, dir.lastIndexOf('/'))) {
    const found = readJsonFile(`${dir}/package.json`) as { readonly version?: string } | null;
    if (found?.version !== undefined) return found.version;
  }
  return '0.0.0';
}
