/**
 * Keeps compiled code (and sources without their types) between starts: one takes half as long and
 * 30 MB less then. It is kept in the home that the system knows of this user, whatever HOME says:
 * who can write there can run code as this user anyway.
 */
import { mkdirSync, statSync } from 'node:fs';
import module from 'node:module';
import { userInfo } from 'node:os';
import { join } from 'node:path';

/** Needs Node.js 22.1. For this process and, by the environment, for those of Daruma that it starts. */
export function keepCompiled(environment) {
  if (environment.NODE_COMPILE_CACHE !== undefined) return;
  const directory = ownDirectory();
  if (directory === null) return;
  module.enableCompileCache(directory);
  environment.NODE_COMPILE_CACHE = directory;
  // By which it is told apart from the user's own.
  environment.DARUMA_COMPILE_CACHE = directory;
}

/** Null: there is none that is ours alone. */
function ownDirectory() {
  try {
    const directory = join(userInfo().homedir, '.cache', 'daruma', 'compiled');
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const { uid, mode } = statSync(directory);
    return uid === process.getuid() && (mode & 0o022) === 0 ? directory : null;
  } catch {
    // A user without a home, or with one that can't be written to: it goes without.
    return null;
  }
}
