/** A disk of a few hundred megabytes, in memory; where we may not mount one, a mere directory. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export interface SmallDisk {
  readonly directory: string;
  /** It has room of its own. */
  readonly isMounted: boolean;
  remove(): void;
}

/** Any user may look into it. */
export function smallDisk(megabytes: number): SmallDisk {
  const directory = mkdtempSync(path.join(tmpdir(), 'daruma-disk-'));
  const isMounted = mount(directory, megabytes);
  chmodSync(directory, 0o755);
  const remove = () => {
    if (isMounted) execFileSync('umount', ['--lazy', directory]);
    rmSync(directory, { recursive: true, force: true });
  };
  return { directory, isMounted, remove };
}

/** Only root may, and not in every container. */
function mount(directory: string, megabytes: number): boolean {
  if (process.geteuid?.() !== 0) return false;
  try {
    const options = ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', directory];
    execFileSync('mount', options, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
