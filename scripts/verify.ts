/** `npm run verify`: types, lint and format, house rules, unit tests. Ends at the first failure. */
import { spawnSync } from 'node:child_process';

const steps: readonly (readonly [string, readonly string[]])[] = [
  ['types', ['node_modules/typescript/bin/tsc', '--noEmit']],
  ['types of the console', ['node_modules/typescript/bin/tsc', '--noEmit', '--project', 'web']],
  ['lint and format', ['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings']],
  ['house rules and unit tests', ['scripts/test.ts', 'test/tidy', 'src', 'scripts']],
];

for (const [title, [file = '', ...args]] of steps) {
  console.log(`— ${title}`);
  const { status } = spawnSync(process.execPath, [...process.execArgv, file, ...args], {
    stdio: 'inherit',
  });
  if (status !== 0) {
    console.error(`verify failed: ${title}`);
    process.exit(status ?? 1);
  }
}
