/** Jobs give way to others: the priority that their processes really have. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gently } from '../../src/vault/sources/gently.ts';

const ownNiceness = Number(execFileSync('nice', { encoding: 'utf8' }));

test('processor and disk', () => {
  const [program = '', ...args] = gently(['sh', '-c', 'nice; ionice']);
  const said = execFileSync(program, args, { encoding: 'utf8' }).trim().split('\n');
  assert.deepEqual(said, [String(Math.min(19, ownNiceness + 15)), 'best-effort: prio 7']);
});

const job = `
import { readFileSync } from 'node:fs';
import { joinQuietGroup } from ${JSON.stringify(join(import.meta.dirname, '../../src/vault/sources/quiet-group.ts'))};
const where = () => readFileSync('/proc/self/cgroup', 'utf8');
const before = where();
const leave = joinQuietGroup();
const joined = where();
const cpu = joined.split('\\n').map((line) => line.split(':')).find(([, names, path]) =>
  names.split(',').includes('cpu') && path === '/daruma-points');
const shares = cpu === undefined ? null :
  readFileSync('/sys/fs/cgroup/cpu/daruma-points/cpu.shares', 'utf8').trim();
leave();
console.log(JSON.stringify({ before, joined, shares, after: where() }));
`;

test('a cgroup of a small share, for as long as the job works', () => {
  const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', job];
  const said = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }));
  assert.equal(said.after, said.before, 'it is again where it was');
  const isRoot = process.getuid?.() === 0;
  const mounts = readFileSync('/proc/self/mounts', 'utf8');
  const hasCpu = /^\S+ \/sys\/fs\/cgroup\/cpu cgroup .*\brw\b/m.test(mounts);
  if (isRoot && hasCpu && existsSync('/sys/fs/cgroup/cpu/cgroup.procs')) {
    assert.equal(said.shares, '35');
  }
});
