/**
 * How many files have what a point doesn't keep: extended attributes or ACLs. Node.js can't see
 * them, GNU tar can: it marks such files with `*` or `+` where it lists what it archives, and what
 * goes to /dev/null it doesn't read.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const marked = /^[-dlh][^ ]{9}[*+]/;

/** Null: nobody can tell, for want of GNU tar. */
export async function countAttributed(
  paths: readonly string[],
  signal: AbortSignal,
): Promise<number | null> {
  const options = ['--acls', '--xattrs', '--xattrs-include=*', '-cvvPf', '/dev/null'];
  const tar = spawn('tar', [...options, '--', ...paths], {
    ...{ stdio: ['ignore', 'pipe', 'ignore'], signal },
    env: { PATH: process.env['PATH'], LC_ALL: 'C' },
  });
  const failed = new Promise<null>((resolve) => tar.once('error', () => resolve(null)));
  const counted = counting(tar.stdout);
  return Promise.race([failed, counted]);
}

async function counting(output: NodeJS.ReadableStream): Promise<number | null> {
  let [lines, found] = [0, 0];
  for await (const line of createInterface({ input: output })) {
    lines += 1;
    if (marked.test(line)) found += 1;
  }
  return lines === 0 ? null : found;
}
