/**
 * Keeps compiled code (and sources without their types) between starts: one takes half as long and
 * 30 MB less then. It is kept in the home that the system knows of this user, whatever HOME says:
 * who can write there can run code as this user anyway.
 *
 * Node.js never removes anything from it. So each installation of Daruma has a directory of its own
 * there, and a new one makes room: those used last stay.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import module from 'node:module';
import { userInfo } from 'node:os';
import { join } from 'node:path';

/** Installations whose compiled code is kept: some 8 MB each. */
const keptMax = 5;

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
    const all = join(userInfo().homedir, '.cache', 'daruma', 'compiled');
    mkdirSync(all, { recursive: true, mode: 0o700 });
    const { uid, mode } = statSync(all);
    if (uid !== process.getuid() || (mode & 0o022) !== 0) return null;
    return ofInstallation(all, `${import.meta.url} ${process.version}`);
  } catch {
    // A user without a home, or with one that can't be written to: it goes without.
    return null;
  }
}

/** The directory of one installation, which is told by where it lies. */
export function ofInstallation(all, place) {
  const own = join(all, createHash('sha256').update(place).digest('hex').slice(0, 16));
  const isNew = mkdirSync(own, { recursive: true, mode: 0o700 }) !== undefined;
  const now = new Date();
  utimesSync(own, now, now);
  if (isNew) makeRoom(all);
  return own;
}

/** A process that still uses what is removed compiles anew. */
function makeRoom(all) {
  const found = readdirSync(all).map((name) => join(all, name));
  const newestFirst = found
    .map((path) => ({ path, usedAt: statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
    .sort((a, b) => b.usedAt - a.usedAt);
  for (const { path } of newestFirst.slice(keptMax)) {
    rmSync(path, { recursive: true, force: true });
  }
}
