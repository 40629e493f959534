/**
 * A cgroup for work on recovery points, with a small share of processor and disk. Services are in
 * groups of their own, and between groups niceness doesn't count.
 *
 * 1. There is one group for the machine; a job joins it with all of its threads, and leaves it and
 *    removes it at its end, unless another job is in it. What a killed job left, the next removes.
 * 2. What this system doesn't have, or we may not do, isn't done: the job works all the same.
 */
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorInfo } from '../../model/errors.ts';

const groupName = 'daruma-points';

/** What may be in a group → of the processor a thirtieth of the usual, of the disk a tenth. */
const shares: Readonly<Record<string, string>> = {
  'cpu.weight': '3',
  'io.weight': 'default 10',
  'cpu.shares': '35',
  'blkio.weight': '100',
  'blkio.bfq.weight': '10',
};

interface Hierarchy {
  readonly mount: string;
  /** Where this process is in it. */
  readonly own: string;
}

/** Joins; returns how to leave. */
export function joinQuietGroup(): () => void {
  const joined = hierarchies().filter(({ mount }) => enter(join(mount, groupName)));
  return () => {
    for (const { mount, own } of joined) {
      allowed(() => writeFileSync(join(mount, own, 'cgroup.procs'), String(process.pid)));
      allowed(() => rmdirSync(join(mount, groupName)));
    }
  };
}

/** False: nothing can be shared out there, or not by us. */
function enter(group: string): boolean {
  if (!allowed(() => mkdirSync(group, { recursive: true }))) return false;
  // Without O_CREAT: which of them there are depends on the hierarchy.
  const set = Object.entries(shares).filter(([file, share]) =>
    allowed(() => writeFileSync(join(group, file), share, { flag: 'r+' })),
  );
  const procs = join(group, 'cgroup.procs');
  if (set.length > 0 && allowed(() => writeFileSync(procs, String(process.pid)))) return true;
  allowed(() => rmdirSync(group));
  return false;
}

/** Those that share out the processor or the disk. */
function hierarchies(): readonly Hierarchy[] {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').trim().split('\n');
  const groups = readFileSync('/proc/self/cgroup', 'utf8').trim().split('\n');
  return mounts.flatMap((line): Hierarchy[] => {
    const [, mount = '', type = '', options = ''] = line.split(' ');
    const controllers = options.split(',').filter((each) => ['cpu', 'blkio'].includes(each));
    if (type !== 'cgroup2' && (type !== 'cgroup' || controllers.length === 0)) return [];
    const found = groups.find((group) => {
      const [, names = ''] = group.split(':');
      return type === 'cgroup2' ? names === '' : names.split(',').includes(controllers[0] ?? '');
    });
    return found === undefined ? [] : [{ mount, own: found.split(':').slice(2).join(':') }];
  });
}

const notToBeHad = [
  'ENOENT',
  'EACCES',
  'EPERM',
  'EROFS',
  'EBUSY',
  'EINVAL',
  'ENODEV',
  'EOPNOTSUPP',
];

/** False: the system doesn't let us. */
function allowed(act: () => void): boolean {
  try {
    act();
    return true;
  } catch (error) {
    if (notToBeHad.includes(errorInfo(error).code)) return false;
    throw error;
  }
}
