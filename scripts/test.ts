/**
 * `npm test`: all tests, or those in the files and folders named. `npm run test:long`: those with
 * many repetitions too (DARUMA_TEST_LONG=1), and a report of them in reports/long-COMMIT.json.
 */
import { execFileSync } from 'node:child_process';
import { globSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { arch, availableParallelism, cpus, release, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { removeSegments } from '../test/leftover-memory.ts';
import { removeLeftovers } from '../test/leftovers.ts';
import { provideDebianPackages } from './debian-packages.ts';
import { runTests, type TestRun } from './test-run.ts';

const everything = ['src', 'test', 'examples', 'scripts', 'bin'];
/** Those that take minutes come first, and those that take moments last: then all workers have
 * something to do until the end. */
const longestFirst = ['test/drivers', 'test/scenarios', 'test', 'examples', ''];

function testFiles(names: readonly string[]): string[] {
  const globs = names.map((name) =>
    statSync(name, { throwIfNoEntry: false })?.isDirectory() ? `${name}/**/*.test.ts` : name,
  );
  const place = (file: string) => longestFirst.findIndex((folder) => file.startsWith(folder));
  return globSync(globs, { exclude: ['**/node_modules/**'] })
    .sort()
    .sort((a, b) => place(a) - place(b));
}

/** Processes of Daruma start in half the time when they find their code compiled. */
async function withCompiledCode<T>(work: () => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'daruma-compiled-'));
  process.env['NODE_COMPILE_CACHE'] = directory;
  // By this services are kept from it.
  process.env['DARUMA_COMPILE_CACHE'] = directory;
  try {
    return await work();
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function git(...args: string[]): string {
  return execFileSync('git', args, { encoding: 'utf8' }).trim();
}

function writeReport({ success, counts, results }: TestRun): string {
  const commit = git('rev-parse', 'HEAD');
  const machine = {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    kernel: release(),
    arch: arch(),
    node: process.version,
  };
  const changed = git('status', '--porcelain') !== '';
  const at = new Date().toISOString();
  const file = `reports/long-${commit}.json`;
  mkdirSync('reports', { recursive: true });
  const report = { commit, changed, at, machine, success, counts, results };
  writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
  return file;
}

async function main(): Promise<void> {
  const long = process.argv.includes('--long');
  const names = process.argv.slice(2).filter((name) => name !== '--long');
  removeLeftovers('/var/lib/daruma', tmpdir());
  await removeSegments();
  provideDebianPackages();
  if (long) process.env['DARUMA_TEST_LONG'] = '1';
  const files = testFiles(names.length === 0 ? everything : names);
  if (files.length === 0) throw new Error(`no test files in ${names.join(', ')}`);
  const outcome = await withCompiledCode(() => runTests(files));
  if (long) console.log(`report: ${writeReport(outcome)}`);
  const { tests = 0, passed = 0, failed = 0, cancelled = 0, skipped = 0 } = outcome.counts;
  console.log(
    `${files.length} files, ${tests} tests: ${passed} passed, ${failed} failed, ` +
      `${cancelled} cancelled, ${skipped} skipped`,
  );
  process.exitCode = outcome.success ? 0 : 1;
}

await main();
