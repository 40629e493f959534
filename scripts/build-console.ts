/** Builds the console to dist/web, unless what is there is newer than all it is made from. */
import { spawnSync } from 'node:child_process';
import { globSync, statSync } from 'node:fs';
import path from 'node:path';
import { waitForLock } from '../src/ports/lock.ts';

const root = path.resolve(import.meta.dirname, '..');
const built = path.join(root, 'dist/web/index.html');
/** Who builds empties dist/web first: two at a time would take it from each other. */
const lockFile = path.join(root, 'node_modules/.console.lock');
const waitMs = 300_000;

export async function buildConsole(): Promise<void> {
  const lock = await waitForLock(lockFile, waitMs);
  if (lock === null) throw new Error(`somebody else holds ${lockFile} for too long`);
  try {
    if (!isNew()) build();
  } finally {
    lock.release();
  }
}

function isNew(): boolean {
  const sources = globSync(['web/**/*.*', 'src/model/*.ts', 'package-lock.json'], { cwd: root });
  const madeAt = statSync(built, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return sources.every((file) => statSync(path.join(root, file)).mtimeMs < madeAt);
}

function build(): void {
  const args = ['node_modules/vite/bin/vite.js', 'build', 'web', '--logLevel', 'warn'];
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new Error('the console could not be built; the message is above');
}

if (import.meta.main) await buildConsole();
