/** A full disk, for a while: only one of an instance's own, so that nobody else suffers. */
import { closeSync, openSync, realpathSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** What is larger is taken for a disk that others share. */
const smallDiskBytes = 2 ** 30;
const partBytes = 64 * 1024;

/** Of the server with this process, which works in its data directory. Null: its disk is none that
 * may be filled. Resolves in the end, when there is room again. */
export function fillDiskOf(pid: number, lastsMs: number): Promise<void> | null {
  const directory = dirname(realpathSync(`/proc/${pid}/cwd`));
  const { blocks, bsize } = statfsSync(directory);
  if (blocks * bsize > smallDiskBytes) return null;
  const ballast = join(directory, 'ledger-ballast');
  fill(ballast);
  return pause(lastsMs).then(() => rmSync(ballast, { force: true }));
}

function fill(path: string): void {
  const file = openSync(path, 'w', 0o600);
  try {
    const part = Buffer.alloc(partBytes);
    for (;;) writeSync(file, part);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
  } finally {
    closeSync(file);
  }
}
