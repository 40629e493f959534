/** Builds the console to dist/web, unless what is there is newer than all it is made from. */
import { spawnSync } from 'node:child_process';
import { globSync, statSync } from 'node:fs';

const built = 'dist/web/index.html';

export function buildConsole(): void {
  const sources = [...globSync('web/**/*.*'), ...globSync('src/model/*.ts'), 'package-lock.json'];
  const madeAt = statSync(built, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (sources.every((file) => statSync(file).mtimeMs < madeAt)) return;
  const args = ['node_modules/vite/bin/vite.js', 'build', 'web', '--logLevel', 'warn'];
  const { status } = spawnSync(process.execPath, args, { stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new Error('the console could not be built; the message is above');
}

if (import.meta.main) buildConsole();
