/** Where peers are kept between benchmarks: outside the clone, `~/.cache/daruma-bench`. Of root
 * `/var/cache/daruma-bench`, since some of them run as another user. */
import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

export function cacheDirectory(...names: string[]): string {
  const own = process.geteuid?.() === 0 ? '/var/cache' : join(homedir(), '.cache');
  const base = process.env['XDG_CACHE_HOME'] ?? own;
  const directory = join(base, 'daruma-bench', ...names);
  mkdirSync(directory, { recursive: true });
  return directory;
}
