/** Whether what a run file tells of still runs, and is ours. */
import type { Clock } from '../ports/clock.ts';
import type { Cgroups } from './cgroup.ts';
import { isLauncher } from './launcher.ts';
import type { ProcessRef } from './proc.ts';
import { fileKey, isAlive, openFileKey, readVariable, signalProcess } from './proc.ts';
import { fifoFd, markName } from './tree.ts';

/** How long a launcher that lost its controller may take to end or to become the program. */
const orphanTimeoutMs = 2000;

export interface Signs {
  readonly mark: string;
  readonly fifos: readonly string[];
  readonly slot: string | null;
}

/** A process with the right pid and start time that shows no sign of the instance isn't ours: run
 * files can be copied, or written by anybody who may. */
export function isOurs(ref: ProcessRef, signs: Signs, cgroups: Cgroups | null): boolean {
  if (!isAlive(ref)) return false;
  if (readVariable(ref.pid, markName) === signs.mark) return true;
  if (signs.slot !== null && cgroups?.pids(signs.slot).includes(ref.pid)) return true;
  const key = openFileKey(ref.pid, fifoFd);
  return key !== null && signs.fifos.map(fileKey).includes(key);
}

/** A launcher whose controller died ends, or was given the word and becomes the program: resolves
 * with whether a program runs. */
export async function becameProgram(ref: ProcessRef, clock: Clock): Promise<boolean> {
  const deadline = clock.now() + orphanTimeoutMs;
  while (isAlive(ref) && isLauncher(ref.pid) !== false) {
    // It ran nothing so far, so ending it loses nothing.
    if (clock.now() > deadline) signalProcess(ref, 'SIGKILL');
    await new Promise<void>((resolve) => clock.after(2, resolve));
  }
  return isAlive(ref);
}
