/**
 * Paths of Unix sockets in directories of any depth. A socket address holds 107 bytes; for longer
 * paths the directory is opened once and the socket is reached as `/proc/self/fd/N/name`.
 */
import { constants, openSync } from 'node:fs';

const longest = 107;
const directories = new Map<string, number>();

/**
 * What to hand to `listen` or `connect` for the socket `name` in `dir`; valid in this process only,
 * for as long as it lives. Throws when `dir` can't be opened.
 */
export function socketPath(dir: string, name: string): string {
  const path = `${dir}/${name}`;
  if (Buffer.byteLength(path) <= longest) return path;
  let fd = directories.get(dir);
  if (fd === undefined) {
    fd = openSync(dir, constants.O_RDONLY | constants.O_DIRECTORY);
    directories.set(dir, fd);
  }
  return `/proc/self/fd/${fd}/${name}`;
}
