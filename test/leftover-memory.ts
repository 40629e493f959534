/**
 * Shared memory that PostgreSQL servers of tests have left. One that is killed leaves a segment of
 * 56 bytes, which only a next server on the same data would remove; after some thousands the kernel
 * gives no more, and no server starts.
 *
 * 1. A segment goes only when nobody has it attached and who made it is dead.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { findAccount } from '../src/drivers/account.ts';

export interface Segment {
  readonly id: number;
  readonly bytes: number;
  readonly creatorPid: number;
  readonly attached: number;
  readonly uid: number;
}

const postgresBytes = 56;
/** As whom servers of root's tests run. */
const users = ['postgres', 'nobody'];
/** On one command line. */
const idsAtOnce = 1_000;

/** All of this machine; none where the kernel has no such memory. */
export function segments(): Segment[] {
  const file = '/proc/sysvipc/shm';
  if (!existsSync(file)) return [];
  const [, ...lines] = readFileSync(file, 'utf8').trimEnd().split('\n');
  return lines.map((line) => {
    const [, id = 0, , bytes = 0, creatorPid = 0, , attached = 0, uid = 0] = line
      .trim()
      .split(/\s+/)
      .map(Number);
    return { id, bytes, creatorPid, attached, uid };
  });
}

/** Resolves when they are gone; another run of tests may remove them at the same time. */
export async function removeSegments(): Promise<void> {
  const owners = await uidsOfTests();
  const left = segments().filter((one) => owners.has(one.uid) && isLeft(one));
  for (let index = 0; index < left.length; index += idsAtOnce) {
    const ids = left.slice(index, index + idsAtOnce).flatMap(({ id }) => ['-m', String(id)]);
    spawnSync('ipcrm', ids, { stdio: 'ignore' });
  }
}

/** Pid 0: who made it lives where we can't see it. */
function isLeft({ bytes, attached, creatorPid }: Segment): boolean {
  if (bytes !== postgresBytes || attached > 0 || creatorPid === 0) return false;
  return !existsSync(`/proc/${creatorPid}`);
}

async function uidsOfTests(): Promise<ReadonlySet<number>> {
  const own = process.geteuid?.() ?? 0;
  if (own !== 0) return new Set([own]);
  const accounts = await Promise.all(users.map(findAccount));
  return new Set([own, ...accounts.flatMap((account) => account?.uid ?? [])]);
}
