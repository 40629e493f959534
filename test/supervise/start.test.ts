import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { InstanceId } from '../../src/model/ids.ts';
import { scene, shell, spec, start, textOf, until } from './scene.ts';

test('an exit is told once, with code and last lines', async (t) => {
  const { processes, exits } = scene(t);
  const running = await start(processes, shell('echo one; echo two >&2; exit 3', { port: 4711 }));
  assert.equal(running.port, 4711);
  await until('the exit was told', () => exits.length > 0);
  const lastLines = ['one', 'two'];
  assert.deepEqual(exits, [
    ['api/1', { code: 3, signal: null, known: true, oom: false, lastLines }],
  ]);
  assert.equal(processes.running('api/1'), null);
});

test('an exit by a signal names it', async (t) => {
  const { processes, exits } = scene(t);
  await start(processes, spec(['sleep', '1000']));
  assert.equal(processes.signal('api/1', 'SIGUSR1'), true);
  const [, exit] = await until('the exit was told', () => exits[0]);
  assert.deepEqual([exit.code, exit.signal], [null, 'SIGUSR1']);
  assert.equal(processes.signal('api/1', 'SIGUSR1'), false);
});

test('nothing runs before the word, and nothing after an abort', async (t) => {
  const { processes, directory, exits } = scene(t);
  const file = join(directory, 'ran');
  const aborted = await processes.prepare(shell(`echo aborted >>${file}`));
  aborted.abort();
  await assert.rejects(aborted.go(), { code: 'START_FAILED' });
  const prepared = await processes.prepare(shell(`echo told >>${file}`));
  assert.equal(textOf(file), '');
  await prepared.go();
  await until('the exit was told', () => exits.length > 0);
  assert.equal(textOf(file), 'told\n');
});

test('the last lines are those of this run only', async (t) => {
  const { processes, exits } = scene(t);
  await start(processes, shell('printf "first run"; exit 1'));
  await until('the exit was told', () => exits.length === 1);
  await start(processes, shell('echo second run; exit 1'));
  await until('the exit was told', () => exits.length === 2);
  assert.deepEqual(
    exits.map(([, exit]) => exit.lastLines),
    [['first run'], ['second run']],
  );
});

test('the program gets its environment, directory and no file of ours but the FIFO', async (t) => {
  const { processes, directory, exits, stackId } = scene(t);
  const plain = { PATH: process.env['PATH'] ?? '', QUOTED: `'"$x\n` };
  // What a shell can't hold, or what means something to it.
  const odd = { 'odd.name': 'a b', IFS: 'abc', OPTIND: 'none', PPID: '5', UID: '77', _: 'last' };
  const environment = { ...plain, ...odd };
  const changes = { environment: plain, workingDir: directory };
  await start(processes, spec(['cp', '/proc/self/environ', 'env'], { ...changes, environment }));
  await until('the exit was told', () => exits.length === 1);
  await start(
    processes,
    shell(
      'pwd >cwd; readlink /proc/self/fd/0 >zero; readlink /proc/self/fd/3 >three; true',
      changes,
    ),
  );
  await until('the exit was told', () => exits.length === 2);
  const variables = textOf(join(directory, 'env')).split('\0');
  for (const [name, value] of Object.entries(environment)) {
    assert.ok(variables.includes(`${name}=${value}`), name);
  }
  assert.ok(variables.includes(`DARUMA_INSTANCE=${stackId}:api/1`));
  assert.equal(textOf(join(directory, 'cwd')), `${directory}\n`);
  assert.equal(textOf(join(directory, 'zero')), '/dev/null\n');
  assert.equal(textOf(join(directory, 'three')), '');
});

test('a program that cannot be run is named with the reason', async (t) => {
  const { processes, directory, exits } = scene(t);
  const plain = join(directory, 'plain');
  writeFileSync(plain, 'no program');
  chmodSync(plain, 0o644);
  const broken = join(directory, 'broken');
  writeFileSync(broken, '#!/no/such/interpreter\n');
  chmodSync(broken, 0o755);
  const cases: readonly [Parameters<typeof spec>, RegExp][] = [
    [[['no-such-program']], /«no-such-program»: not found in PATH/],
    [[['/no/such/program']], /«\/no\/such\/program»: no such file/],
    [[[plain]], /plain»: permission denied/],
    [[[directory]], /»: it is not a file/],
    [[['true'], { workingDir: '/no/such/place' }], /«\/no\/such\/place»: no such directory/],
    [[['true'], { workingDir: plain }], /plain» is no directory/],
    [[['']], /the command is empty/],
    [[[broken]], /broken»: .*(not found|No such file|cannot execute)/],
  ];
  for (const [args, message] of cases) {
    await assert.rejects(start(processes, spec(...args)), { code: 'START_FAILED', message });
  }
  assert.deepEqual(exits, []);
  assert.equal(processes.running('api/1'), null);
});

test('a program that ends at once with the code of a failed start was started', async (t) => {
  const { processes, exits } = scene(t);
  await start(processes, shell('exit 127'));
  const [, exit] = await until('the exit was told', () => exits[0]);
  assert.equal(exit.code, 127);
});

test('a start that fails leaves no file open', async (t) => {
  const { directory, processes } = scene(t);
  // In the way of the FIFO.
  mkdirSync(`${directory}/run/instances/api.1.fifo`);
  const openFiles = () => readdirSync('/proc/self/fd').length;
  const failed = () => assert.rejects(processes.prepare(shell('true')), { code: 'START_FAILED' });
  // What is kept open of the instance's cgroup is opened once, when that has been made.
  for (let times = 0; times < 3; times++) await failed();
  const before = openFiles();
  await failed();
  await failed();
  assert.equal(openFiles(), before);
});

test('an unknown user is refused', async (t) => {
  const { processes } = scene(t);
  const launch = spec(['true'], { user: 'no-such-user' });
  await assert.rejects(processes.prepare(launch), { code: 'USER_UNKNOWN' });
});

test('the launcher kept for the next start is used, but not for another command', async (t) => {
  const { processes, exits, directory } = scene(t);
  const first = shell(`echo first >>${directory}/ran; exec sleep 1000`);
  await start(processes, first);
  const spare = await until('a spare waits', () => sparePid(directory));
  assert.deepEqual(await processes.members('api/1'), [processes.running('api/1')?.pid]);
  processes.signal('api/1', 'SIGKILL');
  await until('the exit was told', () => exits.length === 1);
  assert.equal((await start(processes, first)).pid, spare);
  await until('another spare waits', () => sparePid(directory, spare));
  processes.signal('api/1', 'SIGKILL');
  await until('the exit was told', () => exits.length === 2);
  await start(processes, shell(`echo second >>${directory}/ran; exec sleep 1000`));
  await until('three ran', () => textOf(`${directory}/ran`).split('\n').length > 3);
  assert.equal(textOf(`${directory}/ran`), 'first\nfirst\nsecond\n');
  await processes.stop('api/1', { signal: 'SIGTERM', graceMs: 10_000 });
  assert.equal(sparePid(directory), null);
});

test('of many instances, 32 have a launcher waiting; a place given up is taken', async (t) => {
  const { processes, directory } = scene(t);
  const having: InstanceId[] = [];
  processes.onSpare((instance) => having.push(instance));
  const startMore = async (first: number, last: number) => {
    for (let number = first; number <= last; number += 1) {
      const script = `cd ${directory}; exec sleep 1000`;
      await start(processes, shell(script, { instance: `api/${number}` }));
    }
  };
  await startMore(1, 33);
  await until('32 wait', () => having.length === 32);
  await processes.stop(having[0] ?? 'api/1', { signal: 'SIGTERM', graceMs: 10_000 });
  await startMore(34, 34);
  await until('the place that was given up is taken', () => having.length === 33);
  assert.equal(sparePids(directory).length, 32);
});

function sparePid(directory: string, not?: number): number | null {
  return sparePids(directory).find((pid) => pid !== not) ?? null;
}

/** The launchers that wait for a command in this scene's directory. */
function sparePids(directory: string): number[] {
  const pids = readdirSync('/proc').map(Number).filter(Number.isInteger);
  return pids.filter((pid) => isSpare(pid, directory));
}

function isSpare(pid: number, directory: string): boolean {
  try {
    const text = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return text.includes('daruma_word') && text.includes(directory);
  } catch {
    return false; // It ended while we looked.
  }
}
