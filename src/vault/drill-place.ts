/**
 * Where drills are held, and what is left of those that were killed. A place is a name from which
 * the names of directories are made, `PLACE.drill-ID`: beside the data, so that whoever may reach
 * these may reach the copy.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { chown, mkdir, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { errorInfo } from '../model/errors.ts';

/** What was killed takes a moment to be gone. */
const betweenMs = 10;

/** In the environment of all that a drill starts: its directory. */
export const drillVariable = 'DARUMA_DRILL';

/** A name for the directory of a drill. */
export function drillDirectory(place: string, id: string): string {
  return `${place}.drill-${id}`;
}

/** Makes the directory, of the same owner as the data where there are any. */
export async function makeDrillDirectory(directory: string, data: string | null): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  if (data === null || process.geteuid?.() !== 0) return;
  try {
    const { uid, gid } = await stat(data);
    await chown(directory, uid, gid);
  } catch (error) {
    // Data that is gone has no owner; its users can be asked about only when they are back.
    if (errorInfo(error).code !== 'ENOENT') throw error;
  }
}

/** Ends what runs of drills at this place and removes their directories, which are returned. */
export async function sweepDrills(place: string): Promise<readonly string[]> {
  const prefix = basename(drillDirectory(place, ''));
  const left = namesIn(dirname(place)).filter((name) => name.startsWith(prefix));
  const directories = left.map((name) => join(dirname(place), name));
  for (const directory of directories) {
    await endAllOf(directory);
    await rm(directory, { recursive: true, force: true });
  }
  return directories;
}

/** Kills all that a drill has started, whatever became of its parent, until none is left. */
export async function endAllOf(directory: string): Promise<void> {
  for (let found = processesOf(directory); found.length > 0; found = processesOf(directory)) {
    for (const pid of found) kill(pid);
    await pause(betweenMs);
  }
}

function processesOf(directory: string): readonly number[] {
  const pids = readdirSync('/proc').map(Number).filter(Number.isInteger);
  return pids.filter((pid) => pid !== process.pid && carries(pid, `${drillVariable}=${directory}`));
}

function carries(pid: number, mark: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(mark);
  } catch (error) {
    // It is gone, or somebody else's.
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes(errorInfo(error).code)) return false;
    throw error;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (errorInfo(error).code !== 'ESRCH') throw error;
  }
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (errorInfo(error).code === 'ENOENT') return [];
    throw error;
  }
}
