/** Where peers are kept between benchmarks: outside the clone, `~/.cache/daruma-bench`. */
import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

export function cacheDirectory(...names: string[]): string {
  const base = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const directory = join(base, 'daruma-bench', ...names);
  mkdirSync(directory, { recursive: true });
  return directory;
}
