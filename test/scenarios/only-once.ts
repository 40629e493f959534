/** A stack of `services/only-copy.ts`: whatever happens to Daruma, none of it may run twice. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { layout } from '../../src/model/layout.ts';
import type { StoredRecord } from '../../src/model/record.ts';
import type { InstanceView } from '../../src/model/view.ts';
import type { EndpointFile } from '../../src/ports/keeper.ts';
import { readJsonFile } from '../../src/ports/replace-file.ts';
import { openStore } from '../../src/store/store.ts';
import { freePort } from '../free-port.ts';
import { type Bench, bench } from './harness.ts';

const program = path.join(import.meta.dirname, 'services/only-copy.ts');

export interface OnlyOnce {
  readonly made: Bench;
  /** Of the front's endpoint. */
  readonly port: number;
  /** How often each instance was started and had its port; throws when one ran twice at a time. */
  starts(): Record<string, number>;
  /** Instances that found their port taken, and were started again for that. */
  taken(): ReadonlySet<string>;
}

/** One `base`, and two of `front` that depend on it; both with endpoints. */
export async function onlyOnce(t: TestContext): Promise<OnlyOnce> {
  const port = await freePort();
  const service = [
    `command: ["\${DARUMA_NODE}", "${program}"]`,
    'healthcheck: { tcp: true, interval: 200ms, timeout: 5s, start_period: 30s }',
    'environment: { INSTANCE: "${INSTANCE}", STARTS: "${STARTS}" }',
  ];
  const front = [...service, 'replicas: 2', 'depends_on: [base]', `endpoint: ${port}`];
  const base = [...service, `endpoint: ${await freePort()}`];
  const stack = [
    'name: only-once',
    'services:',
    ...['  base:', ...base.map((line) => `    ${line}`)],
    ...['  front:', ...front.map((line) => `    ${line}`)],
  ];
  const made = await bench(t, `${stack.join('\n')}\n`);
  const file = path.join(made.directory, 'starts');
  made.environment['STARTS'] = file;
  const notes = () => readFileSync(file, 'utf8').trimEnd().split('\n');
  return { made, port, starts: () => countStarts(notes()), taken: () => whereTaken(notes()) };
}

function countStarts(notes: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const line of notes) {
    const [what = '', instance = ''] = line.split(' ');
    assert.match(what, /^(start|taken)$/, line);
    counts[instance] = (counts[instance] ?? 0) + (what === 'start' ? 1 : -1);
  }
  return counts;
}

function whereTaken(notes: readonly string[]): ReadonlySet<string> {
  const taken = notes.filter((line) => line.startsWith('taken '));
  return new Set(taken.map((line) => line.split(' ')[1] ?? ''));
}

/** Resolves with what a service says to a new connection. */
export function greeting(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(port, '127.0.0.1').setEncoding('utf8');
    socket.on('data', (part) => {
      text += part;
    });
    socket.on('error', reject).on('close', () => {
      if (text === '') reject(new Error('the connection was cut'));
      else resolve(text.trim());
    });
  });
}

export async function instances(made: Bench): Promise<InstanceView[]> {
  return (await made.view()).services.flatMap((service) => service.instances);
}

/** The instances, once all of them are ready and alive; else null. */
export async function allReady(made: Bench): Promise<InstanceView[] | null> {
  const all = await instances(made);
  return all.every(({ phase }) => phase === 'ready') ? all : null;
}

/** The log of a stack that is down: its sequence numbers go from 1 without a gap. */
export async function logWithoutGaps(made: Bench): Promise<StoredRecord[]> {
  const store = await openStore({ file: path.join(made.stateDir, 'state.db') });
  try {
    const records = [...(await store.read(0, 100_000))];
    const numbers = records.map(({ seq }) => seq);
    assert.deepEqual(
      numbers,
      [...records.keys()].map((index) => index + 1),
    );
    return records;
  } finally {
    await store.close();
  }
}

export function endpointPid(made: Bench): number {
  const found = readJsonFile(layout(made.stateDir).endpointFile) as EndpointFile | null;
  if (found === null) throw new Error('there is no endpoint process');
  return found.pid;
}
