import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { instanceLogDir } from '../../src/model/layout.ts';
import type { FaultPoint } from '../../src/ports/fault-point.ts';
import { faultPoints } from '../../src/ports/fault-point.ts';
import { lastLines } from '../../src/supervise/logs.ts';
import { readStat } from '../../src/supervise/proc.ts';
import type { SupervisedProcesses } from '../../src/supervise/processes.ts';
import type { Scene } from './scene.ts';
import { controller, heard, lives, scene, shell, spec, start, textOf, until } from './scene.ts';

const runFile = (at: Scene) => `${at.directory}/run/instances/api.1.json`;

for (const cgroups of [true, false]) {
  const how = cgroups ? 'with cgroups' : 'without cgroups';

  test(`a second controller adopts what the killed one started, ${how}`, async (t) => {
    const at = scene(t, { cgroups });
    const launch = shell('echo run >>ran; exec sleep 1000', { workingDir: at.directory, port: 80 });
    const first = controller(t, at, launch, { options: { cgroups } });
    const { running } = await heard(first, 'started');
    assert.equal(await first.kill(), 'SIGKILL');
    const second = controller(t, at, launch, { options: { cgroups } });
    const adopted = await heard(second, 'adopted');
    assert.deepEqual(adopted.running, running);

    process.kill(running.pid, 'SIGTERM');
    const { exit } = await heard(second, 'exit');
    assert.deepEqual([exit.known, exit.oom], [false, false]);
    await second.kill();
    assert.equal(textOf(`${at.directory}/ran`), 'run\n');
  });

  test(`the end of an adopted main process is seen while its child lives, ${how}`, async (t) => {
    const at = scene(t, { cgroups });
    const { pid } = await start(at.processes, shell('sleep 1000 & wait'));
    await until('it has a child', async () => (await at.processes.members('api/1')).length === 2);
    const next = await at.next();
    const [result] = await next.adopt();
    assert.equal(result?.kind, 'adopted');
    process.kill(pid, 'SIGKILL');
    await until('the exit was told', () => at.exits.length === 1);
    assert.equal(next.running('api/1'), null);
  });
}

test('an exit that was collected is known to the next controller', async (t) => {
  const at = scene(t);
  // The controller lets go in the very moment in which it hears of it.
  const next = new Promise<SupervisedProcesses>((resolve) => {
    at.processes.onExit(() => resolve(at.next()));
  });
  const { startedAt } = await start(at.processes, shell('echo why; exit 9'));
  const [result] = await (await next).adopt();
  const exit = { code: 9, signal: null, known: true, oom: false, lastLines: ['why'] };
  assert.deepEqual(result, { kind: 'gone', instance: 'api/1', startedAt, exit });
});

test('what ended while there was no controller is told as unknown', async (t) => {
  const at = scene(t);
  const first = controller(t, at, shell('echo last words; exec sleep 1000'));
  const { running } = await heard(first, 'started');
  const said = () => lastLines(instanceLogDir(at.directory, 'api/1'), 1, 0).length > 0;
  await until('it has said its words', said);
  await first.kill();
  process.kill(running.pid, 'SIGKILL');
  await until('it ended', () => !lives(running.pid));
  const [result] = await at.processes.adopt();
  const exit = { code: null, signal: null, known: false, oom: false, lastLines: ['last words'] };
  const { startedAt } = running;
  assert.deepEqual(result, { kind: 'gone', instance: 'api/1', startedAt, exit });
});

/** Writes into the run file what another program, `pid`, would have there. */
async function forge(at: Scene, changes: object): Promise<void> {
  const record = JSON.parse(readFileSync(runFile(at), 'utf8'));
  writeFileSync(runFile(at), JSON.stringify({ ...record, ...changes }));
}

test('a pid that was given to another process is neither adopted nor signalled', async (t) => {
  const at = scene(t);
  const foreign = await start(scene(t).processes, spec(['sleep', '1000']));
  const stat = readStat(foreign.pid);
  await start(at.processes, shell('exec sleep 1000'));
  await at.processes.close();
  const kept = readFileSync(runFile(at), 'utf8');
  await at.processes.stop('api/1', { signal: 'SIGKILL', graceMs: 0 });
  const forgeries = [
    { pid: foreign.pid, startTicks: (stat?.startTicks ?? 0) - 1 },
    // The right start time, but no sign of the instance.
    { pid: foreign.pid, startTicks: stat?.startTicks },
    { pid: foreign.pid, startTicks: stat?.startTicks, bootId: 'another boot' },
  ];
  for (const forgery of forgeries) {
    writeFileSync(runFile(at), kept);
    await forge(at, forgery);
    const next = await at.next();
    const [result] = await next.adopt();
    assert.equal(result?.kind, 'gone');
    assert.equal(next.running('api/1'), null);
    assert.equal(next.signal('api/1', 'SIGKILL'), false);
    await next.stop('api/1', { signal: 'SIGTERM', graceMs: 1000 });
    assert.ok(lives(foreign.pid));
  }
});

/** The run file can't be made, as on a full disk, until what is in the way is gone. */
function obstruct(at: Scene): string {
  const inTheWay = `${runFile(at)}.${process.pid}`;
  mkdirSync(`${inTheWay}/x`, { recursive: true });
  symlinkSync('nowhere', runFile(at));
  return inTheWay;
}

test('a start that could not be recorded is not repeated beside it', async (t) => {
  const at = scene(t);
  const inTheWay = obstruct(at);
  const first = await start(at.processes, spec(['sleep', '1000']));
  assert.match(at.troubles.join(), /api\/1: its run file: .*EISDIR/);
  const next = await at.next();
  assert.deepEqual(await next.adopt(), []);
  rmSync(inTheWay, { recursive: true });
  const second = await start(next, spec(['sleep', '1000']));
  assert.deepEqual([first.pid, second.pid].filter(lives), [second.pid]);
});

test('what could not be recorded is recorded later', async (t) => {
  const at = scene(t);
  const inTheWay = obstruct(at);
  const { pid } = await start(at.processes, spec(['sleep', '1000']));
  rmSync(inTheWay, { recursive: true });
  await until('it was recorded', () => textOf(runFile(at)));
  const [result] = await (await at.next()).adopt();
  assert.equal(result?.kind === 'adopted' && result.running.pid, pid);
});

test('a run file that is torn or of another stack counts as none', async (t) => {
  const at = scene(t);
  await start(at.processes, shell('exit 0'));
  await until('the exit was told', () => at.exits.length === 1);
  await forge(at, { stackId: 'another' });
  assert.deepEqual(await (await at.next()).adopt(), []);
  writeFileSync(runFile(at), '{"version":1,"pid":');
  assert.deepEqual(await (await at.next()).adopt(), []);
});

for (const faultPoint of faultPoints.filter((name) => name.startsWith('launch.'))) {
  test(`killed at ${faultPoint}, nothing runs twice and nothing is lost`, async (t) => {
    const at = scene(t);
    const launch = shell('echo $$ >>ran; exec sleep 1000', { workingDir: at.directory });
    const killed = controller(t, at, launch, { faultPoint });
    assert.equal(await killed.ended, 'SIGKILL');
    const second = controller(t, at, launch);
    const adopts = faultPoint === 'launch.after-gate';
    const { running } = await heard(second, adopts ? 'adopted' : 'started');
    assert.equal(await until('it ran', () => textOf(`${at.directory}/ran`)), `${running.pid}\n`);
    await second.kill();
    const third = controller(t, at, launch, { stop: true });
    await heard(third, 'stopped');
    assert.equal(lives(running.pid), false);
    assert.equal(textOf(`${at.directory}/ran`), `${running.pid}\n`);
  });
}

test('killed at any moment of a start, exactly one runs', async (t) => {
  const at = scene(t);
  const launch = shell('echo $$ >>ran; exec sleep 1000', { workingDir: at.directory });
  const ran = () => textOf(`${at.directory}/ran`).split('\n').slice(0, -1);
  for (let round = 0; round < 8; round += 1) {
    const killed = controller(t, at, launch);
    await until('it began its work', () => textOf(`/proc/${killed.pid}/cmdline`) !== '');
    await new Promise((resolve) => setTimeout(resolve, 60 + Math.random() * 120));
    await killed.kill();
    const living = ran().filter((pid) => lives(Number(pid)));
    assert.ok(living.length <= 1, `${living}`);
  }
  const last = controller(t, at, launch, { stop: true });
  await heard(last, 'stopped');
  assert.deepEqual(
    ran().filter((pid) => lives(Number(pid))),
    [],
  );
  assert.equal(ran().length, 1);
});

const stopFaults: readonly [FaultPoint, string, 'adopted' | 'gone'][] = [
  ['stop.after-signal', 'trap "" TERM;', 'adopted'],
  ['stop.before-kill', '', 'gone'],
];

for (const [faultPoint, trap, found] of stopFaults) {
  test(`killed at ${faultPoint}, a second stop ends the whole tree`, async (t) => {
    const at = scene(t);
    const script = `${trap} setsid sleep 1000 & echo $! >child; echo $$ >main; wait`;
    const killed = controller(t, at, shell(script, { workingDir: at.directory }), {
      faultPoint,
      stop: true,
    });
    assert.equal(await killed.ended, 'SIGKILL');
    const pids = ['main', 'child'].map((name) => Number(textOf(`${at.directory}/${name}`)));
    const [result] = await at.processes.adopt();
    assert.equal(result?.kind, found);
    assert.ok(lives(pids[1] ?? 0));
    await at.processes.stop('api/1', { signal: 'SIGTERM', graceMs: 50 });
    assert.deepEqual(pids.filter(lives), []);
  });
}
