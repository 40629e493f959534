import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import type { ExitInfo } from '../../src/model/exit.ts';
import type { Scene } from './scene.ts';
import { scene, shell, spec, start, until } from './scene.ts';

const none = { cpus: null, memoryBytes: null, pids: null };
const asRoot = process.getuid?.() === 0;

function firstExit(at: Scene): Promise<ExitInfo> {
  return until('the exit was told', () => at.exits[0]?.[1]);
}

test('without cgroups nobody enforces limits, and that is said', (t) => {
  const { processes } = scene(t, { cgroups: false });
  assert.deepEqual(processes.limitsEnforcedBy, { memory: null, cpu: null, pids: null });
});

test('a kill for want of memory is told from a crash', async (t) => {
  const at = scene(t);
  // Where no limit can be set, a program that takes all it gets must not be let loose.
  const enforced = at.processes.limitsEnforcedBy.memory !== null;
  const greedy = enforced ? ['tail', '/dev/zero'] : ['sh', '-c', 'kill -9 $$'];
  await start(at.processes, spec(greedy, { limits: { ...none, memoryBytes: 48 * 2 ** 20 } }));
  const exit = await firstExit(at);
  assert.deepEqual([exit.signal, exit.oom], ['SIGKILL', enforced]);
});

test('a kill by somebody is no kill for want of memory', async (t) => {
  const at = scene(t);
  const limits = { cpus: 0.5, memoryBytes: 48 * 2 ** 20, pids: 10 };
  await start(at.processes, spec(['sleep', '1000'], { limits }));
  at.processes.signal('api/1', 'SIGKILL');
  const exit = await firstExit(at);
  assert.deepEqual([exit.signal, exit.oom], ['SIGKILL', false]);
});

test('a limit on processes holds where it can be set', async (t) => {
  const at = scene(t);
  const script = 'sleep 60 & sleep 60 & sleep 60 & sleep 60 & echo all four run';
  await start(at.processes, shell(script, { limits: { ...none, pids: 3 } }));
  const { lastLines } = await firstExit(at);
  const held = at.processes.limitsEnforcedBy.pids !== null;
  assert.equal(lastLines.includes('all four run'), !held, lastLines.join('; '));
});

test('root runs a program as its user, with its groups and home; others can not', async (t) => {
  const at = scene(t);
  const script = 'id -u; id -g; id -G; echo $USER $HOME; cat /proc/self/cgroup';
  const home = process.env['HOME'] ?? '/';
  const environment = { PATH: process.env['PATH'] ?? '', HOME: home };
  const user = asRoot ? 'nobody' : 'root';
  const launch = shell(script, { user, environment, workingDir: '/' });
  if (!asRoot) {
    await assert.rejects(at.processes.prepare(launch), { code: 'START_FAILED', message: /root/ });
    return;
  }
  await start(at.processes, launch);
  const { code, lastLines } = await firstExit(at);
  const ask = (...args: string[]) => execFileSync('id', args, { encoding: 'utf8' }).trim();
  const ids = [ask('-u', 'nobody'), ask('-g', 'nobody'), ask('-G', 'nobody')];
  assert.equal(code, 0);
  assert.deepEqual(lastLines.slice(0, 4), [...ids, 'nobody /nonexistent']);
  const grouped = at.processes.limitsEnforcedBy.memory !== null;
  assert.equal(lastLines.join().includes(`/daruma/${at.stackId}/api.1@`), grouped);
});

test('a program that only its user may not run is named', async (t) => {
  const at = scene(t);
  const launch = spec([`${at.directory}/program`], { user: asRoot ? 'nobody' : null });
  const program = `${at.directory}/program`;
  execFileSync('sh', ['-c', `echo '#!/bin/sh' >"$1"; chmod 700 "$1"`, 'sh', program]);
  execFileSync('chmod', [asRoot ? '700' : '600', program]);
  const refused = { code: 'START_FAILED', message: /program».*[Pp]ermission denied/ };
  await assert.rejects(start(at.processes, launch), refused);
});
