import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { atEnd } from '../at-end.ts';
import type { Scene } from './scene.ts';
import { lives, scene, shell, spec, start, textOf, until, writtenNumber } from './scene.ts';

const quickly = { signal: 'SIGTERM', graceMs: 10_000 } as const;

/** A grandchild in a session of its own, whose parent is gone; its pid is in `grandchild`. */
const daemon = `(setsid sh -c 'echo $$ >grandchild; exec sleep 1000' &) `;

function within(at: Scene, script: string) {
  return shell(script, { workingDir: at.directory });
}

for (const cgroups of [true, false]) {
  const how = cgroups ? 'with cgroups' : 'without cgroups';

  test(`a daemonised grandchild belongs to the tree and ends with it, ${how}`, async (t) => {
    const at = scene(t, { cgroups });
    const { pid } = await start(at.processes, within(at, `${daemon}; exec sleep 1000`));
    const grandchild = await writtenNumber(`${at.directory}/grandchild`);
    await until('both are members', async () => {
      const members = await at.processes.members('api/1');
      return members[0] === pid && members.includes(grandchild);
    });
    await at.processes.stop('api/1', quickly);
    assert.deepEqual([pid, grandchild].filter(lives), []);
    assert.deepEqual(await at.processes.members('api/1'), []);
    assert.deepEqual(at.exits, []);
  });

  test(`what a killed main process left is gone before the next start, ${how}`, async (t) => {
    const at = scene(t, { cgroups });
    const launch = within(at, `${daemon}; exec sleep 1000`);
    const { pid } = await start(at.processes, launch);
    const grandchild = await writtenNumber(`${at.directory}/grandchild`);
    process.kill(pid, 'SIGKILL');
    await until('the exit was told', () => at.exits.length === 1);
    assert.ok(lives(grandchild));
    const prepared = await at.processes.prepare(launch);
    assert.equal(lives(grandchild), false);
    prepared.abort();
  });

  test(`a process that was put into the tree ends with it, ${how}`, async (t) => {
    const at = scene(t, { cgroups });
    const { pid } = await start(at.processes, spec(['sleep', '1000']));
    const injected = await at.processes.inject('api/1', ['sleep', '1000']);
    await until('it is a member', async () => {
      return (await at.processes.members('api/1')).join() === [pid, injected].join();
    });
    await at.processes.stop('api/1', quickly);
    assert.deepEqual([pid, injected].filter(lives), []);
  });

  test(`a program that clears its environment is found all the same, ${how}`, async (t) => {
    const at = scene(t, { cgroups });
    // As PostgreSQL's processes do: no mark, a session of their own, and the parent gone.
    const clean = `(env -i setsid sh -c 'echo $$ >grandchild; exec sleep 1000' &) `;
    const { pid } = await start(at.processes, within(at, `${clean}; exec sleep 1000`));
    const grandchild = await writtenNumber(`${at.directory}/grandchild`);
    process.kill(pid, 'SIGKILL');
    await until('the exit was told', () => at.exits.length === 1);
    await at.processes.stop('api/1', quickly);
    assert.equal(lives(grandchild), false);
  });
}

test('what somebody else runs has a tree too, and can be put upon', async (t) => {
  const { processes } = scene(t);
  const script = 'sleep 1000 & setsid sleep 1000 & exec sleep 1000';
  const foreign = spawn('sh', ['-c', script], { stdio: 'ignore', detached: true });
  const pid = foreign.pid ?? 0;
  const injected = await processes.injectForeign('web/1', ['sleep', '1000']);
  atEnd(t, () => process.kill(injected, 'SIGKILL'));
  atEnd(t, () => process.kill(-pid, 'SIGKILL'));
  const members = await until('all are members', async () => {
    const found = await processes.foreignMembers('web/1', pid);
    return found.length === 4 ? found : null;
  });
  assert.equal(members[0], pid);
  assert.ok(members.includes(injected));
  for (const member of members.slice(1)) if (member !== injected) process.kill(member, 'SIGKILL');
  assert.deepEqual(await processes.foreignMembers('web/1', injected + 4_000_000), []);
});

test('inject refuses where nothing runs', async (t) => {
  const { processes } = scene(t);
  await assert.rejects(processes.inject('api/1', ['true']), { code: 'NOT_FOUND' });
});

test('the stop signal comes first, and the program may end by itself', async (t) => {
  const at = scene(t);
  const script = `trap 'echo asked >asked; exit 0' QUIT; echo ready >ready; while :; do sleep 0.01; done`;
  await start(at.processes, within(at, script));
  await until('it is ready', () => textOf(`${at.directory}/ready`));
  await at.processes.stop('api/1', { signal: 'SIGQUIT', graceMs: 60_000 });
  assert.equal(textOf(`${at.directory}/asked`), 'asked\n');
  assert.equal(at.processes.running('api/1'), null);
});

test('a stopped process gets its signal, a deaf one is killed in a hurry', async (t) => {
  const at = scene(t);
  const script = `trap 'echo asked >asked; exit 0' TERM; echo ready >ready; while :; do sleep 0.01; done`;
  await start(at.processes, within(at, script));
  await until('it is ready', () => textOf(`${at.directory}/ready`));
  at.processes.signal('api/1', 'SIGSTOP');
  await at.processes.stop('api/1', { signal: 'SIGTERM', graceMs: 60_000 });
  assert.equal(textOf(`${at.directory}/asked`), 'asked\n');

  const deaf = `trap '' TERM; echo deaf >deaf; while :; do sleep 0.01; done`;
  const { pid } = await start(at.processes, within(at, deaf));
  await until('it is deaf', () => textOf(`${at.directory}/deaf`));
  const patient = at.processes.stop('api/1', { signal: 'SIGTERM', graceMs: 3_600_000 });
  await at.processes.stop('api/1', { signal: 'SIGTERM', graceMs: 0 });
  await patient;
  assert.equal(lives(pid), false);
});

test('stopping what does not run resolves, and a signal that is none is refused', async (t) => {
  const { processes } = scene(t);
  await processes.stop('api/1', quickly);
  const how = { signal: 'SIGNOTHING', graceMs: 0 };
  await assert.rejects(processes.stop('api/1', how), { code: 'BAD_REQUEST' });
});

test('instances outlive a controller that lets go', async (t) => {
  const at = scene(t);
  const { pid } = await start(at.processes, spec(['sleep', '1000']));
  const next = await at.next();
  assert.ok(lives(pid));
  const [result] = await next.adopt();
  assert.equal(result?.kind === 'adopted' && result.running.pid, pid);
});
