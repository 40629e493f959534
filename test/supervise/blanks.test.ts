/** Launchers made ahead. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { Blanks } from '../../src/supervise/blanks.ts';
import { isLauncher } from '../../src/supervise/launcher.ts';
import { processIds, readStat } from '../../src/supervise/proc.ts';
import { atEnd } from '../at-end.ts';
import { lives, scene, spec, start, until } from './scene.ts';

/** The launchers that a process has made, in that order. */
function launchersOf(parent: number): number[] {
  const children = processIds().filter((pid) => readStat(pid)?.ppid === parent);
  return children.filter((pid) => isLauncher(pid) === true);
}

test('what is started uses what was made ahead, and nothing that has died', async (t) => {
  const blanks = new Blanks(3);
  atEnd(t, () => blanks.end());
  const made = await until('all are there', () => {
    const pids = launchersOf(process.pid);
    return pids.length === 3 ? pids : null;
  });
  const { processes } = scene(t, { blanks, spareLaunchers: false });
  process.kill(made[0] ?? 0, 'SIGKILL');
  await until('that is known', () => readStat(made[0] ?? 0) === null);
  const launch = (number: number) => spec(['sleep', '1000'], { instance: `api/${number}` });
  const { pid } = await start(processes, launch(1));
  const others = made.filter((each) => each !== pid);
  assert.deepEqual([made.includes(pid), others.map(lives)], [true, [false, true]]);
  assert.deepEqual(await processes.members('api/1'), [pid]);

  blanks.end();
  await until('the one that nobody took has ended', () => !others.some(lives));
  const later = await start(processes, launch(2));
  assert.ok(lives(later.pid) && lives(pid));
});

test('what was made ahead ends with who made it, and has run nothing', async (t) => {
  const module = new URL('../../src/supervise/blanks.ts', import.meta.url);
  const script = `import { Blanks } from '${module}'; new Blanks(3); setInterval(() => {}, 1e6);`;
  const maker = spawn(process.execPath, ['--input-type=module', '-e', script]);
  atEnd(t, () => maker.kill('SIGKILL'));
  const made = await until('all are there', () => {
    const pids = launchersOf(maker.pid ?? 0);
    return pids.length === 3 ? pids : null;
  });
  maker.kill('SIGKILL');
  await once(maker, 'exit');
  await until('they have ended', () => !made.some(lives));
});
