/** Jobs give way to others: the priority that their processes really have. */
import assert from 'node:assert/strict';
import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { gently } from '../../src/vault/sources/gently.ts';

const run = promisify(execFile);
const patienceMs = 120_000;
const ownNiceness = Number(execFileSync('nice', { encoding: 'utf8' }));

test('processor and disk', () => {
  const [program = '', ...args] = gently(['sh', '-c', 'nice; ionice']);
  const said = execFileSync(program, args, { encoding: 'utf8' }).trim().split('\n');
  assert.deepEqual(said, [String(Math.min(19, ownNiceness + 15)), 'best-effort: prio 7']);
});

const isRoot = process.getuid?.() === 0;
const group = '/sys/fs/cgroup/cpu/daruma-points';
/** Whether the kernel can have a group take only what nobody else wants. */
const hasIdle = isRoot && existsSync('/sys/fs/cgroup/cpu/cpu.idle');

const prelude = `
import { readFileSync } from 'node:fs';
import { joinQuietGroup } from ${JSON.stringify(join(import.meta.dirname, '../../src/vault/sources/quiet-group.ts'))};
const read = (file) => readFileSync('${group}/' + file, 'utf8').trim();
`;
const options = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e'];

test('a cgroup of a small share, for as long as the job works', () => {
  const job = `${prelude}
const where = () => readFileSync('/proc/self/cgroup', 'utf8');
const before = where();
const leave = joinQuietGroup();
const joined = where();
const cpu = joined.trim().split('\\n').map((line) => line.split(':')).find(([, names, path]) =>
  names.split(',').includes('cpu') && path === '/daruma-points');
const shares = cpu === undefined ? null : read('cpu.shares');
leave();
console.log(JSON.stringify({ before, joined, shares, after: where() }));
`;
  const said = JSON.parse(execFileSync(process.execPath, [...options, job], { encoding: 'utf8' }));
  assert.equal(said.after, said.before, 'it is again where it was');
  const mounts = readFileSync('/proc/self/mounts', 'utf8');
  const hasCpu = /^\S+ \/sys\/fs\/cgroup\/cpu cgroup .*\brw\b/m.test(mounts);
  if (isRoot && hasCpu && existsSync('/sys/fs/cgroup/cpu/cgroup.procs')) {
    // 3: what an idle group has; another test's job may have ended that.
    assert.ok(['3', '35'].includes(said.shares), said.shares);
  }
});

/** Wants a processor all the time, until the group takes a share of it. */
const busyJob = `${prelude}
const leave = joinQuietGroup(200);
const work = () => {
  // Another test's job may join, which makes the group idle again.
  if (read('cpu.idle') === '1' || read('cpu.shares') !== '35') return setImmediate(work);
  console.log('has its share');
  leave();
};
work();
`;

test('one that gets next to nothing takes its share', async () => {
  if (!hasIdle) return;
  const allowed = /^Cpus_allowed_list:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'));
  const pinned = ['-c', allowed?.[1] ?? '0', process.execPath];
  const others = ['', '', ''].map(() => spawn('taskset', [...pinned, '-e', 'for (;;);']));
  try {
    const job = run('taskset', [...pinned, ...options, busyJob], { timeout: patienceMs });
    assert.equal((await job).stdout.trim(), 'has its share');
  } finally {
    for (const other of others) {
      other.kill('SIGKILL');
      await once(other, 'exit');
    }
  }
});
