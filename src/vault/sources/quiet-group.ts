/**
 * A cgroup for work on recovery points, which takes of processors only what nobody else wants, and
 * of disks a small share. Services are in groups of their own, and between groups niceness doesn't
 * count.
 *
 * 1. There is one group for the machine; a job joins it with all of its threads, and leaves it and
 *    removes it at its end, unless another job is in it. What a killed job left, the next removes.
 * 2. What this system doesn't have, or we may not do, isn't done: the job works all the same.
 * 3. It comes to an end: where others leave it less of the processors than a thirtieth, the group
 *    takes that, until the next job joins.
 *
 * A small share alone is much noticed. Who is woken while a nice process has the processor may have
 * to wait for the end of its slice, some milliseconds, and a processor with a nice process on it is
 * none that the kernel thinks free. A group that is `idle` makes way at once, and its processor
 * counts as free (pgbench beside a copy: a tenth of the transactions lost, instead of a third).
 */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorInfo } from '../../model/errors.ts';
import { isStarved, turnsOf } from './turns.ts';

const groupName = 'daruma-points';

/** What may be in a group → of the processor a thirtieth of the usual, of the disk a tenth. */
const shares: Readonly<Record<string, string>> = {
  'cpu.weight': '3',
  'io.weight': 'default 10',
  'cpu.shares': '35',
  'blkio.weight': '100',
  'blkio.bfq.weight': '10',
};
/** Beside this a share of the processor counts for nothing, and can't be set. */
const idle = 'cpu.idle';
const lookEachMs = 2_000;

interface Hierarchy {
  readonly mount: string;
  /** Where this process is in it. */
  readonly own: string;
}

/** Joins; returns how to leave. `eachMs`: how often it is looked whether others leave it enough. */
export function joinQuietGroup(eachMs = lookEachMs): () => void {
  const joined = hierarchies().filter(({ mount }) => enter(join(mount, groupName)));
  const groups = joined.map(({ mount }) => join(mount, groupName));
  const looks = groups
    .filter((group) => existsSync(join(group, idle)))
    .map((group) => endStarvation(group, eachMs));
  return () => {
    for (const look of looks) clearInterval(look);
    for (const { mount, own } of joined) {
      allowed(() => writeFileSync(join(mount, own, 'cgroup.procs'), String(process.pid)));
      allowed(() => rmdirSync(join(mount, groupName)));
    }
  };
}

function endStarvation(group: string, eachMs: number): NodeJS.Timeout {
  const look = () => turnsOf(readFileSync(join(group, 'cgroup.procs'), 'utf8').trim().split('\n'));
  let before = look();
  const timer = setInterval(() => {
    const now = look();
    if (isStarved(before, now)) takeShare(group);
    before = now;
  }, eachMs);
  return timer.unref();
}

/** False: nothing can be shared out there, or not by us. */
function enter(group: string): boolean {
  if (!allowed(() => mkdirSync(group, { recursive: true }))) return false;
  const set = Object.entries(shares).filter(([file, share]) => change(group, file, share));
  const gives = change(group, idle, '1') || set.length > 0;
  const procs = join(group, 'cgroup.procs');
  if (gives && allowed(() => writeFileSync(procs, String(process.pid)))) return true;
  allowed(() => rmdirSync(group));
  return false;
}

function takeShare(group: string): void {
  change(group, idle, '0');
  for (const [file, share] of Object.entries(shares)) change(group, file, share);
}

/** False: it can't be. Without O_CREAT: which files there are depends on the hierarchy. */
function change(group: string, file: string, value: string): boolean {
  return allowed(() => writeFileSync(join(group, file), value, { flag: 'r+' }));
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
