/** `npm run build`: compiles src and the console to dist, for the package. */
import { spawnSync } from 'node:child_process';
import { globSync, rmSync } from 'node:fs';
import { buildConsole } from './build-console.ts';

// The console stays until it is made anew: somebody may be looking at it.
for (const path of globSync('dist/*', { exclude: ['dist/web'] }))
  rmSync(path, { recursive: true, force: true });
const compiler = 'node_modules/typescript/bin/tsc';
const { status } = spawnSync(process.execPath, [compiler, '--project', 'tsconfig.build.json'], {
  stdio: 'inherit',
});
if (status !== 0) process.exit(status ?? 1);
await buildConsole();
