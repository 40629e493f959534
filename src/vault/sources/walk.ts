/** All that lies below a directory, always in the same order: parents first, names by code unit. */
import { type BigIntStats, lstatSync, readdirSync } from 'node:fs';
import { matchesGlob } from 'node:path';
import { setImmediate as otherWork } from 'node:timers/promises';
import { DarumaError, errorInfo } from '../../model/errors.ts';
import type { Root } from './roots.ts';

export interface Found {
  /** Relative to the archive: the root's name first. */
  readonly path: string;
  readonly absolute: string;
  readonly stats: BigIntStats;
}

export interface WalkOptions {
  /** Globs, relative to the root. */
  readonly exclude: readonly string[];
  /** Absolute paths that are passed by, with all below. */
  readonly leaveOut: ReadonlySet<string>;
  readonly signal: AbortSignal;
}

/** So many at a time before others have their turn. */
const foundPerTurn = 500;

/** What goes while it walks is passed by. Throws NOT_FOUND when the root itself isn't there. */
export async function* walk(root: Root, options: WalkOptions): AsyncGenerator<Found> {
  const stats = lstat(root.path);
  if (stats === null) throw new DarumaError('NOT_FOUND', `there is no ${root.path}`);
  let count = 0;
  // A stack, since a tree may be deeper than generators nest cheaply; its top comes next.
  const ahead: Found[] = [{ path: root.name, absolute: root.path, stats }];
  for (let found = ahead.pop(); found !== undefined; found = ahead.pop()) {
    options.signal.throwIfAborted();
    yield found;
    if (found.stats.isDirectory()) {
      for (const each of inside(found, root, options)) ahead.push(each);
    }
    count += 1;
    if (count % foundPerTurn === 0) await otherWork();
  }
}

/** Last one first. */
function inside(directory: Found, root: Root, options: WalkOptions): readonly Found[] {
  const found: Found[] = [];
  for (const name of namesIn(directory.absolute).sort().reverse()) {
    const absolute = `${directory.absolute === '/' ? '' : directory.absolute}/${name}`;
    const path = `${directory.path}/${name}`;
    if (options.leaveOut.has(absolute) || isExcluded(path.slice(root.name.length + 1), options)) {
      continue;
    }
    const stats = lstat(absolute);
    if (stats !== null) found.push({ path, absolute, stats });
    // Names are bytes; what is no text was read with replacement characters and can't be found.
    else if (name.includes('\ufffd')) throw new DarumaError('REFUSED', oddName(directory, name));
  }
  return found;
}

function oddName(directory: Found, name: string): string {
  return `${directory.absolute} holds a name that is not UTF-8 («${name}»): rename or exclude it`;
}

function isExcluded(relative: string, { exclude }: WalkOptions): boolean {
  return exclude.some((glob) => matchesGlob(relative, glob));
}

function namesIn(directory: string): string[] {
  return present(() => readdirSync(directory)) ?? [];
}

/** Null: there is nothing. */
export function lstat(path: string): BigIntStats | null {
  return present(() => lstatSync(path, { bigint: true }));
}

/** What `look` finds; null: it is gone. */
export function present<T>(look: () => T): T | null {
  try {
    return look();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errorInfo(error).code)) return null;
    throw error;
  }
}
