/** The example with many servers: whichever fails, that one alone is touched, nothing is lost. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import type { DrillResult } from '../../src/cli/drill-run.ts';
import type { InstanceId } from '../../src/model/ids.ts';
import { freePort } from '../free-port.ts';
import { type Bench, bench, until } from './harness.ts';
import { instances } from './only-once.ts';

const root = path.resolve(import.meta.dirname, '../..');
const example = path.join(root, 'examples/many');

/** A machine that is busy with other tests is no fault. */
const patience = {
  'database.ts': [
    ['answerMs = 3_000', 'answerMs = 30_000'],
    ['connectionTimeoutMillis: 2_000', 'connectionTimeoutMillis: 30_000'],
  ],
  'check.ts': [['AbortSignal.timeout(5_000)', 'AbortSignal.timeout(60_000)']],
} as const;

interface Report {
  readonly accepted: number;
  readonly failures: Readonly<Record<string, number>>;
  readonly lost: readonly string[];
}

interface Many {
  readonly made: Bench;
  readonly sink: string;
  /** Orders for a while, and what became of them. */
  check(): Promise<Report>;
}

async function many(t: TestContext): Promise<Many> {
  let stack = readFileSync(path.join(example, 'daruma.yaml'), 'utf8');
  const ports: Record<string, number> = {};
  for (const written of ['15433', '15434', '9514', '8090']) {
    assert.match(stack, new RegExp(`endpoint: ${written}$`, 'm'));
    ports[written] = await freePort();
    stack = stack.replace(`endpoint: ${written}`, `endpoint: ${ports[written]}`);
  }
  const made = await bench(t, stack.replaceAll('timeout: 1s', 'timeout: 8s'));
  copyExample(made.directory);
  const sink = `http://127.0.0.1:${ports['9514']}`;
  const url = `http://127.0.0.1:${ports['8090']}`;
  const args = ['check.ts', '--url', url, '--sink', sink, '--rate', '20', '--duration', '6s'];
  const check = () =>
    new Promise<Report>((resolve, reject) => {
      const options = { cwd: made.directory, env: made.environment };
      execFile(process.execPath, [...args, '--json'], options, (error, stdout, stderr) => {
        if (stdout === '') reject(new Error(stderr, { cause: error }));
        else resolve(JSON.parse(stdout));
      });
    });
  return { made, sink, check };
}

function copyExample(directory: string): void {
  const filter = (file: string) => !file.includes('/.daruma') && !file.endsWith('daruma.yaml');
  cpSync(example, directory, { recursive: true, filter });
  symlinkSync(path.join(root, 'node_modules'), path.join(directory, 'node_modules'));
  for (const [file, changes] of Object.entries(patience)) {
    let text = readFileSync(path.join(example, file), 'utf8');
    for (const [short, long] of changes) {
      assert.ok(text.includes(short), `${file} has «${short}»`);
      text = text.replace(short, long);
    }
    writeFileSync(path.join(directory, file), text);
  }
}

async function lines(sink: string): Promise<number> {
  const answer = await fetch(`${sink}/healthz`);
  return ((await answer.json()) as { lines: number }).lines;
}

/** What goes on undisturbed while one of them is away. */
const unconcerned: Readonly<Record<InstanceId, string | null>> = {
  'orders-db/1': 'reads of stock',
  'stock-db/1': 'reads of orders',
  'sink/1': 'orders',
  'middleware/1': null,
};

async function breaks({ made, sink, check }: Many, target: string): Promise<void> {
  const before = await instances(made);
  const known = (await made.incidents()).length;
  const already = await lines(sink);
  const checked = check();
  await until('orders come in', async () => (await lines(sink)) > already + 5);
  const drill = await made.json<DrillResult>('drill', 'kill', target);
  assert.equal(drill.end, 'recovered', JSON.stringify(drill));
  assert.match(drill.summary, new RegExp(`^restart ${target}: it crashed`));
  const { accepted, failures, lost } = await checked;
  assert.deepEqual({ accepted, lost }, { accepted: 121, lost: [] });
  const other = unconcerned[target as InstanceId];
  if (other !== null && other !== undefined) assert.equal(failures[other], 0, other);

  const renewed = (await instances(made)).filter(({ id, pid }) => {
    return pid !== before.find((one) => one.id === id)?.pid;
  });
  assert.deepEqual(
    renewed.map(({ id }) => id),
    [target],
    'only that one was touched',
  );
  const incidents = (await made.incidents()).slice(0, -known || undefined);
  assert.deepEqual(
    incidents.map(({ component, state }) => [component, state]),
    [[target, 'resolved']],
  );
}

test('each of many servers is killed: only that one is touched, nothing is lost', async (t) => {
  const stand = await many(t);
  await stand.made.up();
  for (const target of Object.keys(unconcerned)) await breaks(stand, target);
  const view = await stand.made.view();
  assert.deepEqual(view.openIncidents, []);
  const phases = (await instances(stand.made)).map(({ phase }) => phase);
  assert.deepEqual([...new Set(phases)], ['ready']);
});
