/** Work on recovery points gives way to whatever else the machine has to do. */
import { existsSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { errorInfo } from '../../model/errors.ts';
import { withCompileCache, withoutCompileCache } from '../../ports/compile-cache.ts';

/** Of what others want, this takes a thirtieth; a tenth (10) is what users notice. */
const niceness = 15;
const ionice = '/usr/bin/ionice';

/** The argument vector of a process that all of its threads, and all that it starts, are to run
 * with low priority for the processor and, where the disk's scheduler knows such, for the disk. */
export function gently(argv: readonly string[]): readonly string[] {
  const disk = existsSync(ionice) ? [ionice, '-c', '2', '-n', '7'] : [];
  return ['nice', '-n', String(niceness), ...disk, ...argv];
}

/** What is for the job alone, and not for commands of the user's that it runs. */
const forJobs = ['UV_THREADPOOL_SIZE', 'MALLOC_ARENA_MAX'] as const;

/** For Node.js. Blocks of data pass through by the hundreds, and each counts as if it stayed: with
 * the usual room the collector runs 60 times a gigabyte, which takes a fifth of all work. What is
 * young is little, and is collected at once: the room for it, of each thread, is better saved (30
 * MB, measured, and a tenth of the work). */
export const jobFlags = ['--initial-old-space-size=192', '--max-semi-space-size=2'] as const;

/** The environment of a job: compression runs on the pool's threads, on all cores; an arena of
 * memory for each of them would take 50 MB more. */
export function jobEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const threads = String(availableParallelism() + 2);
  const own = { UV_THREADPOOL_SIZE: threads, MALLOC_ARENA_MAX: '2' };
  return { ...withCompileCache(environment), ...own };
}

/** What a job's commands are to have of its environment. */
export function usersEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const users = { ...environment };
  for (const name of forJobs) delete users[name];
  withoutCompileCache(users);
  return users;
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
