/** Programs of which one may work at a time, whose stand-in is started when needed, or told. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ServiceView } from '../../src/model/view.ts';
import { freePort } from '../free-port.ts';
import { type Bench, bench, isAlive, until } from './harness.ts';
import { greeting } from './only-once.ts';

interface Job {
  readonly made: Bench;
  readonly port: number;
  /** The file in which it notes what it does. */
  readonly notes: string;
}

async function job(t: TestContext, program: string, lines: readonly string[]): Promise<Job> {
  const port = await freePort();
  const script = path.join(import.meta.dirname, 'services', program);
  const fields = [
    `command: ["\${DARUMA_NODE}", "${script}"]`,
    'replicas: 2',
    `endpoint: ${port}`,
    'recovery: { max_actions: 100 per 10m }',
    ...lines,
  ];
  const stack = ['name: once', 'services:', '  job:', ...fields.map((line) => `    ${line}`)];
  const made = await bench(t, `${stack.join('\n')}\n`);
  const notes = path.join(made.directory, 'notes');
  for (const name of ['REIGNS', 'NOTES']) made.environment[name] = notes;
  await made.up();
  return { made, port, notes };
}

/** The primary that the log names serves, and the other one is as a standby is to be. */
function led(made: Bench, epoch: number, standby: (view: ServiceView) => boolean) {
  return until(`epoch ${epoch} has begun`, async () => {
    const [service] = (await made.view()).services;
    if (service?.group?.epoch !== epoch || service.group.stage !== 'steady') return null;
    const leader = service.instances.find(({ id }) => id === service.group?.primary);
    return leader?.phase === 'ready' && standby(service) ? leader : null;
  });
}

function noted(file: string): string[] {
  return readFileSync(file, 'utf8').trimEnd().split('\n');
}

test('a cold standby is started when it is needed, and not before', async (t) => {
  const { made, port, notes } = await job(t, 'only-primary.ts', ['failover: { standby: cold }']);
  const cold = ({ group, instances }: ServiceView) =>
    instances.some(({ id, pid, spare }) => id !== group?.primary && pid === null && spare === true);
  const first = await led(made, 1, cold);
  assert.equal(first.id, 'job/1');
  assert.equal(await greeting(port), 'primary 1');

  process.kill(await made.pid('job/1'), 'SIGKILL');
  const second = await led(made, 2, cold);
  assert.equal(second.id, 'job/2');
  assert.equal(await greeting(port), 'primary 2');

  // One that hangs is ended first, and never goes on.
  const hung = await made.pid('job/2');
  process.kill(hung, 'SIGSTOP');
  const third = await led(made, 3, cold);
  assert.equal(third.id, 'job/1');
  assert.equal(isAlive(hung), false);
  assert.equal(await greeting(port), 'primary 3');

  const run = await made.daruma('switchover', 'job', '--json');
  assert.equal(run.code, 0, run.stderr);
  assert.equal((await led(made, 4, cold)).id, 'job/2');
  assert.equal(await greeting(port), 'primary 4');
  // Each was started as primary once, and no other one was alive then.
  const reigns = noted(notes).map((line) => line.split(' ').slice(0, 2).join(' '));
  assert.deepEqual(reigns, ['reign 1', 'reign 2', 'reign 3', 'reign 4']);
});

test('a warm standby runs, is told to wait, and goes on as primary', async (t) => {
  const { made, port, notes } = await job(t, 'told-primary.ts', [
    'healthcheck: { http: /, interval: 200ms, timeout: 5s }',
    'failover:',
    '  standby: warm',
    '  become: { http: "/become?epoch=${EPOCH}" }',
    '  cease: { http: /cease }',
  ]);
  const warm = ({ instances }: ServiceView) => instances.every(({ phase }) => phase === 'ready');
  const says = async () => (await fetch(`http://127.0.0.1:${port}/`)).text();
  const first = await led(made, 1, warm);
  await until('the first works', async () => (await says()) === `primary 1 ${first.pid}`);
  const standby = await made.pid('job/2');

  process.kill(first.pid ?? 0, 'SIGKILL');
  const second = await led(made, 2, warm);
  // It is the process that waited.
  assert.equal(second.pid, standby);
  await until('the second works', async () => (await says()) === `primary 2 ${standby}`);

  const run = await made.daruma('switchover', 'job', '--json');
  assert.equal(run.code, 0, run.stderr);
  const third = await led(made, 3, warm);
  await until('the third works', async () => (await says()) === `primary 3 ${third.pid}`);
  const epochs = noted(notes).map((line) => Number(line.split(' ')[0]));
  assert.deepEqual(
    epochs,
    epochs.toSorted((a, b) => a - b),
    'nobody worked in an epoch that was over',
  );
  assert.deepEqual([...new Set(epochs)], [1, 2, 3]);
});
