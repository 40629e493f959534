/** Work on recovery points gives way to whatever else the machine has to do. */
import { existsSync, writeFileSync } from 'node:fs';
import { errorInfo } from '../../model/errors.ts';

const niceness = 10;
const ionice = '/usr/bin/ionice';

/** The argument vector of a process that all of its threads, and all that it starts, are to run
 * with low priority for the processor and, where the disk's scheduler knows such, for the disk. */
export function gently(argv: readonly string[]): readonly string[] {
  const disk = existsSync(ionice) ? [ionice, '-c', '2', '-n', '7'] : [];
  return ['nice', '-n', String(niceness), ...disk, ...argv];
}

/** Where the kernel shares the processor out by session first, niceness counts within a session
 * only, so that the session as a whole must be nice too. Nothing happens elsewhere. */
export function gentleSession(): void {
  try {
    writeFileSync('/proc/self/autogroup', String(niceness), { flag: 'r+' });
  } catch (error) {
    if (!['ENOENT', 'EACCES', 'EPERM', 'EAGAIN', 'EINVAL'].includes(errorInfo(error).code)) {
      throw error;
    }
  }
}
