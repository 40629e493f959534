import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { SymptomSpec } from '../../src/model/stack-spec.ts';
import { ProcessTree } from '../../src/observe/process-tree.ts';
import { livingStat, StatFile } from '../../src/observe/procfs.ts';
import type { Clock } from '../../src/ports/clock.ts';
import { observing, until, watched } from './observing.fixture.ts';

function expression(name: string, expr: string): SymptomSpec {
  return { kind: 'expr', name, expr, forMs: 1_000, keepFiringForMs: 0, faults: ['leak'] };
}

test('a whole tree is measured: a busy, greedy child counts', async () => {
  await using here = observing();
  const parent = here.run([
    process.execPath,
    '-e',
    `const { spawn } = require('node:child_process');
     const child = spawn(process.execPath, ['-e',
       'const kept = Buffer.alloc(150 << 20, 1); for (;;) kept[0]++'], { stdio: 'ignore' });
     console.log(child.pid);
     setInterval(() => {}, 1000);`,
  ]);
  const [line] = await once(parent.stdout ?? parent, 'data');
  const child = Number(String(line));
  const symptoms = [
    expression('busy', 'cpu > 0.01 && processes == 2'),
    expression('big', "memory.rss > size('150MiB') && memory.pss > size('100MiB')"),
    expression('never', 'cpu < 0 || threads > 100000'),
    expression('unknown', 'check.nothing > 1'),
  ];
  const members = async () => [parent.pid, child];
  here.observer.watch(watched({ pid: parent.pid, members, symptoms }));
  await until('busy', () => here.told.includes('began api/1#busy cpu'));
  await until('big', () => here.told.includes('began api/1#big memory'));
  const began = here.happenings.filter((happening) => happening.kind === 'symptom-began');
  assert.deepEqual(began.map(({ symptom }) => symptom.name).sort(), ['big', 'busy']);
  for (const { symptom } of began) assert.deepEqual(symptom.faults, ['leak']);
  const big = began.find(({ symptom }) => symptom.name === 'big')?.symptom.evidence ?? '';
  assert.match(big, /for 1 s \(memory\.rss = \d+ MiB, memory\.pss = \d+ MiB\)$/);
  process.kill(child, 'SIGKILL');
  await until(
    'their ends',
    () => here.told.filter((text) => text.startsWith('ended')).length === 2,
  );
});

test('signals of an instance and of the host', async () => {
  await using here = observing();
  const { pid } = here.run(['sleep', '60']);
  here.observer.watch(watched({ pid }));
  const value = (signal: string) =>
    here.observer.latest().find((sample) => sample.signal === signal)?.value;
  const own = ['cpu', 'memory.rss', 'threads', 'processes', 'uptime', 'descriptors'];
  const host = ['host.cpu', 'host.memory.available', 'host.load1', 'host.disk.free'];
  await until('all', () => [...own, ...host].every((signal) => value(signal) !== undefined));
  assert.equal(value('processes'), 1);
  assert.equal(value('threads'), 1);
  assert.ok((value('memory.rss') ?? 0) > 100_000);
  assert.ok((value('host.memory.available') ?? 0) > 1_000_000);
  assert.deepEqual(
    new Set(here.observer.latest('api').map(({ component }) => component)),
    new Set(['api/1']),
  );
});

test('what sleeps is measured as it was; what stopped, ran or ended, as it is', async () => {
  await using here = observing();
  const { pid } = here.run(['sleep', '60']);
  const stat = new StatFile(pid);
  const isNow = (letter: string) => livingStat(pid)?.state === letter;
  await until('that it sleeps', () => isNow('S'));
  for (let times = 0; times < 30; times += 1) assert.deepEqual(stat.read(), livingStat(pid));
  process.kill(pid, 'SIGSTOP');
  await until('that it is stopped', () => isNow('T'));
  for (let times = 0; times < 3; times += 1) assert.equal(stat.read()?.state, 'T');
  process.kill(pid, 'SIGCONT');
  await until('that it sleeps again', () => isNow('S'));
  assert.equal(stat.read()?.state, 'S');
  process.kill(pid, 'SIGKILL');
  await until('its end', () => livingStat(pid) === null);
  for (let times = 0; times < 3; times += 1) assert.equal(stat.read(), null);
  stat.close();
  const busy = new StatFile(here.run(['sh', '-c', 'while :; do :; done']).pid);
  await until('that it ran', () => (busy.read()?.cpuTicks ?? 0) >= 20);
  busy.close();
});

function children(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return text === '' ? [] : text.split(' ').map(Number);
}

test('what did not run has the members and files it had, until it runs again', async () => {
  await using here = observing();
  const script = 'kill -STOP $$; exec 9</dev/null; sleep 60 & wait';
  const { pid } = here.run(['sh', '-c', script]);
  let looks = 0;
  const members = async () => {
    looks += 1;
    return [pid, ...children(pid)];
  };
  let now = 0;
  const clock: Clock = { now: () => now, after: () => () => undefined };
  const needs = { pss: false, files: false };
  const tree = new ProcessTree(clock, watched({ pid, members }), needs, false);
  const values = new Map<string, number>();
  const sample = async (seconds: number): Promise<void> => {
    for (let n = 0; n < seconds; n += 1) {
      tree.sample(now, (signal, value) => values.set(signal, value));
      await setImmediate();
      now += 1_000;
    }
  };
  await until('that it stopped', () => livingStat(pid)?.state === 'T');
  await sample(60);
  const before = looks;
  const [descriptors = 0] = [values.get('descriptors')];
  await sample(600);
  assert.deepEqual([looks, values.get('processes')], [before, 1]);
  assert.deepEqual([values.get('descriptors'), values.get('io.read')], [descriptors, 0]);
  process.kill(pid, 'SIGCONT');
  await until('its child', () => children(pid).length === 1);
  await sample(60);
  assert.equal(values.get('processes'), 2);
  assert.ok((values.get('descriptors') ?? 0) > descriptors);
  tree.close();
});

test('what was measured elsewhere is a signal like any other', async () => {
  await using here = observing();
  const { pid } = here.run(['sleep', '60']);
  const symptoms = [expression('flaps', 'restarts >= 3')];
  here.observer.watch(watched({ pid, symptoms }));
  here.observer.add([{ at: 1, component: 'api/1', signal: 'restarts', value: 3 }]);
  await until('the symptom', () => here.told.includes('began api/1#flaps signal'));
});
