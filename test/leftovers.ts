/**
 * What tests that were killed from outside have left: their directories, and under root the data of
 * their databases, in a directory that all stacks share. A link in the state directory leads there;
 * where the test's own directory is gone already, the data's name may still tell.
 */
import { execFileSync } from 'node:child_process';
import {
  globSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
} from 'node:fs';
import path from 'node:path';
import { processesOf } from './scenarios/harness.ts';

/** As `mkdtemp` makes them for tests. */
const directoryOfTest = /^daruma-[a-z]+-\w{6}$/;
/** With what tells state directories apart. */
const dataOfTest = /^(daruma-[a-z]+-\w{6})-[0-9a-f]{12}$/;
/** No test file may take so long. */
const untouchedMs = 3_600_000;

/** Removes what no test can be using any more; returns the names. `base`: where tests have their
 * directories. */
export function removeLeftovers(shared: string, base: string): string[] {
  const removed: string[] = [];
  const remove = (place: string, name: string) => {
    const directory = path.join(place, name);
    unmountBelow(directory);
    rmSync(directory, { recursive: true, force: true });
    removed.push(name);
  };
  for (const name of namesIn(base).filter((each) => directoryOfTest.test(each))) {
    const directory = path.join(base, name);
    if (!isOld(directory) || processesOf(directory).length > 0) continue;
    for (const data of dataOf(directory, shared)) remove(shared, data);
    remove(base, name);
  }
  for (const name of namesIn(shared)) {
    const test = dataOfTest.exec(name)?.[1];
    if (test === undefined || !isOld(path.join(shared, name))) continue;
    if (processesOf(path.join(base, test)).length === 0) remove(shared, name);
  }
  return removed;
}

/** A mount would be busy, or what hangs there be removed. Only root's tests mount something. */
function unmountBelow(directory: string): void {
  const below = mountPoints().filter(
    (point) => point === directory || point.startsWith(`${directory}/`),
  );
  // What was mounted last may hide what was there before.
  for (const point of below.reverse()) execFileSync('umount', ['--lazy', '--', point]);
}

/** In the order of mounting. A test's directory has no name that would be escaped there. */
function mountPoints(): string[] {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').trimEnd().split('\n');
  return lines.map((line) => line.split(' ')[4] ?? '');
}

/** Names in the shared directory that stacks below this directory have links to. */
function dataOf(directory: string, shared: string): ReadonlySet<string> {
  const options = { cwd: directory, exclude: ['**/node_modules'] };
  const links = globSync('**/.daruma/data/*', options)
    .map((link) => path.join(directory, link))
    .filter((link) => lstatSync(link).isSymbolicLink());
  const homes = links.map((link) => path.dirname(readlinkSync(link)));
  return new Set(
    homes.filter((home) => path.dirname(home) === shared).map((home) => path.basename(home)),
  );
}

/** None: there is no such directory, or it is not for us to look into. */
function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** And ours. */
function isOld(directory: string): boolean {
  const found = statSync(directory, { throwIfNoEntry: false });
  if (found === undefined || found.uid !== process.getuid?.()) return false;
  return Date.now() - found.mtimeMs > untouchedMs;
}
