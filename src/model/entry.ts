/**
 * The file of a sibling module that is to be run as a process or thread: `.ts` while we run from
 * source, `.js` in the package. `base` is the caller's `import.meta.url`, `name` has no extension.
 */
export function entry(base: string, name: string): URL {
  return new URL(`${name}${base.endsWith('.ts') ? '.ts' : '.js'}`, base);
}
