/** Launchers with a standing order, where there are cgroups. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import type { LaunchSpec } from '../../src/ports/processes.ts';
import { isLauncher } from '../../src/supervise/launcher.ts';
import { readVariable } from '../../src/supervise/proc.ts';
import type { Scene } from './scene.ts';
import {
  controller,
  heard,
  lives,
  scene,
  shell,
  spec,
  start,
  textOf,
  until,
  writtenNumber,
} from './scene.ts';

const id = 'api/1';

/** Says its pid, and stays. */
function staying(at: Scene, before = ''): LaunchSpec {
  return shell(`${before} echo $$ >>ran; exec sleep 1000`, { workingDir: at.directory });
}

function ran(at: Scene): number[] {
  return textOf(`${at.directory}/ran`).split('\n').slice(0, -1).map(Number);
}

/** Starts it and orders the launcher that then waits. */
async function ordered(at: Scene, launch = staying(at)): Promise<number> {
  const { pid } = await start(at.processes, launch);
  await order(at);
  return pid;
}

async function order(at: Scene): Promise<void> {
  await until('a launcher waits', () => at.processes.order(id) === 'possible');
  assert.equal(at.processes.giveOrder(id), true);
  assert.equal(at.processes.order(id), 'given');
}

/** Kills the main process; resolves once its end was told. */
async function dies(at: Scene, pid: number): Promise<void> {
  const before = at.exits.length;
  process.kill(pid, 'SIGKILL');
  await until('the exit was told', () => at.exits.length === before + 1);
}

async function nextRan(at: Scene): Promise<void> {
  await until('the next one ran', () => ran(at).length === 2);
}

test('an order is carried out once, and the next start finds what it started', async (t) => {
  const at = scene(t);
  const launch = staying(at);
  const first = await ordered(at, launch);
  await dies(at, first);
  await nextRan(at);
  assert.equal(at.exits[0]?.[1].signal, 'SIGKILL');
  const running = await start(at.processes, launch);
  assert.deepEqual(ran(at), [first, running.pid]);
  assert.ok(lives(running.pid));
  assert.deepEqual(await at.processes.members(id), [running.pid]);

  await dies(at, running.pid);
  assert.equal(ran(at).length, 2);
  assert.equal(at.processes.order(id), 'none');
});

test('an order can be given again and again', async (t) => {
  const at = scene(t);
  const launch = staying(at);
  await start(at.processes, launch);
  for (let round = 1; round <= 4; round += 1) {
    await order(at);
    process.kill(at.processes.running(id)?.pid ?? 0, 'SIGKILL');
    await until('the exit was told', () => at.exits.length === round);
    await start(at.processes, launch);
  }
  await until('all ran', () => ran(at).length === 5);
  assert.deepEqual(ran(at).filter(lives), [at.processes.running(id)?.pid]);
});

test('what was started by an order and has ended is told to have ended', async (t) => {
  const at = scene(t);
  const launch = shell('echo $$ >>ran; [ -e once ] && exit 7; touch once; exec sleep 1000', {
    workingDir: at.directory,
  });
  const first = await ordered(at, launch);
  await until('it stays', () => existsSync(`${at.directory}/once`));
  await dies(at, first);
  await until('the next one ran and ended', () => ran(at).length === 2 && !lives(ran(at)[1] ?? 0));
  const running = await start(at.processes, launch);
  assert.equal(running.pid, ran(at)[1]);
  const [, exit] = await until('its exit was told', () => at.exits[1]);
  assert.equal(exit.code, 7);
});

test('the output of one run is not taken for that of the next', async (t) => {
  const at = scene(t);
  // The second waits for its turn: what it says before the first is known to have ended would be
  // taken for what that one said.
  const script = 'until mkdir turn; do sleep 0.01; done 2>&-; printf "said by $$"; echo $$ >>ran';
  const launch = shell(`${script}; exec sleep 1000`, { workingDir: at.directory });
  const first = await ordered(at, launch);
  await until('it has said it', () => ran(at).length === 1);
  await dies(at, first);
  rmdirSync(`${at.directory}/turn`);
  await nextRan(at);
  const { pid } = await start(at.processes, launch);
  process.kill(pid, 'SIGKILL');
  await until('both exits were told', () => at.exits.length === 2);
  const lines = at.exits.map(([, exit]) => exit.lastLines);
  assert.deepEqual(lines, [[`said by ${first}`], [`said by ${pid}`]]);
});

for (const what of ['stop', 'withdrawOrder', 'close'] as const) {
  test(`${what} ends what has an order before it could be carried out`, async (t) => {
    const at = scene(t);
    const pid = await ordered(at);
    if (what === 'stop') await at.processes.stop(id, { signal: 'SIGTERM', graceMs: 10_000 });
    else if (what === 'close') await at.processes.close();
    else assert.equal(at.processes.withdrawOrder(id), true);
    assert.equal(at.processes.withdrawOrder(id), false);
    if (what !== 'stop') process.kill(pid, 'SIGKILL');
    await until('it ended', () => !lives(pid));
    await at.processes.stop(id, { signal: 'SIGKILL', graceMs: 0 });
    assert.deepEqual(ran(at), [pid]);
  });
}

/** The launchers that wait in this scene. */
function launchers({ stackId }: Scene): number[] {
  const pids = readdirSync('/proc').map(Number).filter(Number.isInteger);
  return pids.filter((pid) => {
    const mine = readVariable(pid, 'DARUMA_INSTANCE')?.startsWith(`${stackId}:`) === true;
    return mine && isLauncher(pid) === true;
  });
}

test('what an order has started is ended with its tree when the order is withdrawn', async (t) => {
  const at = scene(t);
  const child = '{ [ -e once ] && (setsid sleep 1000 & echo $! >child); }; touch once;';
  const first = await ordered(at, staying(at, child));
  await dies(at, first);
  await nextRan(at);
  const started = [ran(at)[1] ?? 0, await writtenNumber(`${at.directory}/child`)];
  assert.ok(started.every(lives));
  assert.equal(at.processes.withdrawOrder(id), true);
  await until('all of it ended', () => !started.some(lives));
  const { pid } = await start(at.processes, staying(at));
  await until('it ran anew', () => ran(at).length === 3);
  assert.deepEqual([...ran(at), ...started].filter(lives), [pid]);
});

test('while a child of the run before lives, nothing is started beside it', async (t) => {
  const at = scene(t);
  const launch = staying(at, 'setsid sleep 1000 & echo $! >>children;');
  const first = await ordered(at, launch);
  const [child] = await until('it has a child', () => children(at));
  await dies(at, first);
  assert.deepEqual([ran(at), child !== undefined && lives(child)], [[first], true]);
  const { pid } = await start(at.processes, launch);
  await nextRan(at);
  assert.deepEqual(ran(at), [first, pid]);
  assert.deepEqual(children(at)?.map(lives), [false, true]);
});

/** Null: there are none yet. */
function children(at: Scene): number[] | null {
  const all = textOf(`${at.directory}/children`).split('\n').slice(0, -1).map(Number);
  return all.length === 0 ? null : all;
}

test('another command is started in place of what an order has started', async (t) => {
  const at = scene(t);
  const first = await ordered(at);
  await dies(at, first);
  const { pid } = await start(at.processes, staying(at, 'echo changed >changed;'));
  await until('it ran', () => ran(at).includes(pid));
  assert.deepEqual(ran(at).filter(lives), [pid]);
  assert.equal(textOf(`${at.directory}/changed`), 'changed\n');
});

for (const clean of [false, true]) {
  const how = clean ? 'without our FIFO' : 'with our FIFO';
  test(`while a grandchild ${how} is left, an order starts nothing`, async (t) => {
    const at = scene(t);
    const close = clean ? 'exec 4<&-;' : '';
    const daemon = `${close} (setsid sh -c 'echo $$ >grandchild; exec sleep 1000' &) ;`;
    const launch = staying(at, `[ -e grandchild ] || { ${daemon} };`);
    const first = await ordered(at, launch);
    const grandchild = await writtenNumber(`${at.directory}/grandchild`);
    await dies(at, first);
    assert.deepEqual(ran(at), [first]);
    const { pid } = await start(at.processes, launch);
    await nextRan(at);
    assert.deepEqual([...ran(at), grandchild].filter(lives), [pid]);
  });
}

test('a program that closes our FIFO is started by the word', async (t) => {
  const at = scene(t);
  const launch = staying(at, 'exec 4<&-;');
  const first = await ordered(at, launch);
  await dies(at, first);
  const { pid } = await start(at.processes, launch);
  await nextRan(at);
  assert.deepEqual(ran(at), [first, pid]);
});

test('who holds the FIFO from outside the tree keeps nobody from starting', async (t) => {
  const at = scene(t);
  const other = scene(t);
  const first = await ordered(at);
  const fifo = `/proc/${first}/fd/4`;
  await start(
    other.processes,
    shell(`exec 5<>${fifo}; echo yes >has; exec sleep 1000`, {
      workingDir: other.directory,
    }),
  );
  await until('somebody else has it', () => textOf(`${other.directory}/has`));
  await dies(at, first);
  const { pid } = await start(at.processes, staying(at));
  await nextRan(at);
  assert.deepEqual(ran(at), [first, pid]);
  assert.deepEqual(ran(at).filter(lives), [pid]);
});

test('a launcher that somebody kills has carried out no order', async (t) => {
  const at = scene(t);
  const first = await ordered(at);
  const [waiting = 0] = launchers(at);
  process.kill(waiting, 'SIGKILL');
  await until('that is known', () => at.processes.order(id) !== 'given');
  await until('another one waits', () => at.processes.order(id) === 'possible');
  assert.deepEqual(ran(at), [first]);
});

test('a program as another user is started by an order as well', async (t) => {
  if (process.getuid?.() !== 0) return;
  const at = scene(t);
  const launch = spec(['sleep', '1000'], { user: 'nobody' });
  const first = await ordered(at, launch);
  await dies(at, first);
  const { pid } = await start(at.processes, launch);
  assert.equal(textOf(`/proc/${pid}/cmdline`), 'sleep\x001000\0');
  const [, uid] = /^Uid:\t(\d+)/m.exec(textOf(`/proc/${pid}/status`)) ?? [];
  assert.notEqual(uid, '0');
});

test('without cgroups no order can be given', async (t) => {
  const at = scene(t, { cgroups: false });
  await start(at.processes, staying(at));
  await until('a launcher waits', () => launchers(at).length === 1);
  assert.equal(at.processes.order(id), 'none');
  assert.equal(at.processes.giveOrder(id), false);
});

function runFile(at: Scene): { readonly ordered?: { readonly pid: number } } {
  return JSON.parse(readFileSync(`${at.directory}/run/instances/api.1.json`, 'utf8'));
}

/** Another controller starts it and orders its launcher, and is killed. */
async function orderedByDead(t: TestContext, at: Scene, launch: LaunchSpec) {
  const killed = controller(t, at, launch, { order: true });
  const { running } = await heard(killed, 'started');
  await heard(killed, 'ordered');
  await killed.kill();
  return running;
}

test('the next controller finds what an order has started without one', async (t) => {
  const at = scene(t);
  const launch = staying(at);
  const running = await orderedByDead(t, at, launch);
  process.kill(running.pid, 'SIGKILL');
  await nextRan(at);
  const [, second = 0] = ran(at);
  const [result] = await at.processes.adopt();
  assert.equal(result?.kind === 'adopted' && result.running.pid, second);
  assert.equal(result?.kind === 'adopted' && result.before?.startedAt, running.startedAt);
  assert.equal(result?.kind === 'adopted' && result.before?.exit.known, false);
  assert.equal(runFile(at).ordered, undefined);
  process.kill(second, 'SIGKILL');
  await until('its end was told', () => at.exits.length === 1);
});

test('the next controller ends the order of what still runs', async (t) => {
  const at = scene(t);
  const running = await orderedByDead(t, at, staying(at));
  assert.deepEqual(launchers(at), [runFile(at).ordered?.pid]);
  const [result] = await at.processes.adopt();
  assert.equal(result?.kind === 'adopted' && result.running.pid, running.pid);
  await until('no launcher waits', () => launchers(at).length === 0);
  assert.equal(runFile(at).ordered, undefined);
  await dies(at, running.pid);
  assert.deepEqual(ran(at), [running.pid]);
});

test('what an order has started, and has ended as well, is told as gone', async (t) => {
  const at = scene(t);
  const running = await orderedByDead(t, at, staying(at));
  process.kill(running.pid, 'SIGKILL');
  await nextRan(at);
  process.kill(ran(at)[1] ?? 0, 'SIGKILL');
  await until('it ended', () => !lives(ran(at)[1] ?? 0));
  const [result] = await at.processes.adopt();
  assert.equal(result?.kind, 'gone');
  await start(at.processes, staying(at));
  assert.equal(
    await until('it ran', () => ran(at).length === 3 && ran(at).filter(lives).length),
    1,
  );
});

for (const faultPoint of ['order.after-run-file', 'order.given'] as const) {
  for (const dies of [false, true]) {
    const what = dies ? 'and the program too' : 'and the program goes on';
    test(`killed at ${faultPoint}, ${what}: one runs`, async (t) => {
      const at = scene(t);
      const launch = staying(at);
      const killed = controller(t, at, launch, { order: true, faultPoint });
      assert.equal(await killed.ended, 'SIGKILL');
      const [first = 0] = ran(at);
      if (dies) process.kill(first, 'SIGKILL');
      const second = controller(t, at, launch);
      await until('it has looked', () => second.said.some(({ kind }) => kind !== 'exit'));
      await until('one runs', () => ran(at).filter(lives).length === 1);
      await until('nobody waits', () => dies || launchers(at).length === 0);
      await second.kill();
      const third = controller(t, at, launch, { stop: true });
      await heard(third, 'stopped');
      assert.deepEqual(ran(at).filter(lives), []);
      assert.ok(ran(at).length <= (dies ? 2 : 1));
    });
  }
}
