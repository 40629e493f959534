/**
 * A lock that dies with its holder: a symbolic link whose text names the process. Making a link is
 * atomic and puts holder and lock in place at once, and needs no block of a disk that may be full.
 *
 * 1. A link that names a living process (pid, start and boot agree) is never removed by others.
 * 2. A stale link is moved aside before it is removed, and put back if it turns out to be another.
 */
import { linkSync, readlinkSync, renameSync, symlinkSync, unlinkSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { bootId, isAlive, ownIdentity, type ProcessIdentity } from './process-identity.ts';
import { isReadOnlyError } from './read-only.ts';

/** How often it is tried whether a read-only file system can be written again. */
const againMs = 500;

export interface Lock {
  readonly file: string;
  release(): void;
}

/** Null: a living process, named by `lockHolder`, has it. */
export function takeLock(file: string): Lock | null {
  const own = ownIdentity();
  const text = `${own.pid}.${own.start}.${bootId()}`;
  // Every round either ends or removes a stale link; others may do the same at the same time.
  for (let round = 0; round < 10; round++) {
    if (makeLink(text, file) && readLink(file) === text) return { file, release: release(text) };
    const found = readLink(file);
    if (found === null) continue;
    if (holderOf(found) !== null) return null;
    removeStale(file, found);
  }
  return null;

  function release(mine: string): () => void {
    return () => {
      if (readLink(file) === mine) removeOwn(file);
    };
  }
}

function removeOwn(file: string): void {
  try {
    unlinkSync(file);
  } catch (error) {
    // On a file system that became read-only it stays, and is stale once we are gone.
    if (!isReadOnlyError(error)) throw error;
  }
}

/** Waits for a holder to go. Null: it still has it after `timeoutMs`. */
export async function waitForLock(file: string, timeoutMs: number): Promise<Lock | null> {
  const endsAt = performance.now() + timeoutMs;
  for (;;) {
    const lock = takeLock(file);
    if (lock !== null || performance.now() >= endsAt) return lock;
    await pause(20);
  }
}

/**
 * As `waitForLock`; on a read-only file system, where nobody else can take it either, it is taken
 * once that can be written. `onLost`: another process was faster then.
 */
export async function waitForLockOrDisk(
  file: string,
  timeoutMs: number,
  onLost: () => void,
): Promise<Lock | null> {
  try {
    return await waitForLock(file, timeoutMs);
  } catch (error) {
    if (!isReadOnlyError(error)) throw error;
    return lockOnceWritable(file, onLost);
  }
}

function lockOnceWritable(file: string, onLost: () => void): Lock {
  let lock: Lock | null = null;
  const timer = setInterval(() => {
    try {
      lock = takeLock(file);
    } catch (error) {
      if (isReadOnlyError(error)) return;
      throw error;
    }
    clearInterval(timer);
    if (lock === null) onLost();
  }, againMs);
  return {
    file,
    release: () => {
      clearInterval(timer);
      lock?.release();
    },
  };
}

/** The living process that has the lock, or null. */
export function lockHolder(file: string): ProcessIdentity | null {
  const text = readLink(file);
  return text === null ? null : holderOf(text);
}

function holderOf(text: string): ProcessIdentity | null {
  const [pid, start, boot] = text.split('.');
  if (boot === undefined) return null;
  const holder = { pid: Number(pid), start: Number(start), boot };
  return isAlive(holder) ? holder : null;
}

function removeStale(file: string, stale: string): void {
  const aside = `${file}.${process.pid}`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return; // Another process was faster.
    throw error;
  }
  if (readLink(aside) !== stale) putBack(aside, file);
  unlinkSync(aside);
}

function putBack(aside: string, file: string): void {
  try {
    linkSync(aside, file);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}

function makeLink(text: string, file: string): boolean {
  try {
    symlinkSync(text, file);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

function readLink(file: string): string | null {
  try {
    return readlinkSync(file);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
