#!/usr/bin/env node
/** The `daruma` command: finds a Node.js that is new enough and runs the program with it. */
import { existsSync } from 'node:fs';
import { keepCompiled } from './compile-cache.js';
import { newerNode, runsOnNewEnough } from './newer-node.js';
import { runProgram } from './run-program.js';
import { userEnvironment } from './user-environment.js';

const compiled = new URL('../dist/main.js', import.meta.url);
const source = new URL('../src/main.ts', import.meta.url);

async function main() {
  if (process.platform !== 'linux') throw new Error('Daruma runs on Linux only.');
  const environment = userEnvironment(process.env);
  if (!runsOnNewEnough()) {
    const argv = [newerNode(import.meta.url), ...process.argv.slice(1)];
    process.exitCode = await runProgram(argv, { env: environment });
    return;
  }
  for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name];
  Object.assign(process.env, environment);
  keepCompiled(process.env);
  // A clone has sources; what lies in its dist may be of yesterday.
  const isClone = existsSync(source);
  if (isClone && process.argv.includes('up')) await buildConsole();
  await import(isClone ? source : compiled);
}

/** Without the console all else works. */
async function buildConsole() {
  try {
    const build = await import('../scripts/build-console.ts');
    await build.buildConsole();
  } catch (error) {
    process.stderr.write(`daruma: there is no console: ${error.message}\n`);
  }
}

main().catch((error) => {
  process.stderr.write(`daruma: ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
});
