/**
 * What tests that were killed from outside have left: under root the data of their databases lies
 * in a directory that all stacks share, each below the name of the test's own directory.
 */
import { readdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { processesOf } from './scenarios/harness.ts';

/** As `mkdtemp` makes them for tests, with what tells state directories apart. */
const ofTest = /^(daruma-[a-z]+-\w{6})-[0-9a-f]{12}$/;
/** No test file may take so long. */
const untouchedMs = 3_600_000;

/** Removes what no test can be using any more; returns the names. `base`: where tests have their
 * directories. */
export function removeLeftovers(shared: string, base: string): string[] {
  return namesIn(shared).filter((name) => {
    const test = ofTest.exec(name)?.[1];
    if (test === undefined || !isOld(path.join(shared, name))) return false;
    const directory = path.join(base, test);
    if (processesOf(directory).length > 0) return false;
    for (const left of [path.join(shared, name), directory]) {
      rmSync(left, { recursive: true, force: true });
    }
    return true;
  });
}

/** None: there is no such directory, or it is not for us to look into. */
function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function isOld(directory: string): boolean {
  const touched = statSync(directory, { throwIfNoEntry: false })?.mtimeMs;
  return touched !== undefined && Date.now() - touched > untouchedMs;
}
