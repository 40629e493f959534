/** The accounts example as a user has it: copied to a directory of its own, with its own ports. */

import assert from 'node:assert/strict';
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { type Answer, Client, type Question } from '../../examples/accounts/load/client.ts';
import { Load } from '../../examples/accounts/load/load.ts';
import type { Report } from '../../examples/accounts/load/report.ts';
import { atEnd } from '../at-end.ts';
import { freePort } from '../free-port.ts';
import { type Bench, bench, until } from './harness.ts';

const root = path.resolve(import.meta.dirname, '../..');
const example = path.join(root, 'examples/accounts');
const copied = /^(?:load|web)$|\.ts$/;

/** A change to the stack file: the database has no standby. */
export const oneDatabase = {
  'replicas: 2\n    failover: { durability: synchronous }': 'replicas: 1',
};

export interface Accounts {
  readonly made: Bench;
  /** Puts load on the API; resolves when it is on. */
  load(ratePerSecond: number): Promise<RunningLoad>;
}

export interface RunningLoad {
  /** Resolves when so many more registrations were acknowledged. */
  registered(count: number): Promise<void>;
  /** Resolves with what was found. */
  stop(): Promise<Report>;
}

/** A machine that is busy with other tests is no fault: neither to Daruma's checks, nor to the
 * question that the API asks of its database when it is checked, nor while a program starts. */
export const patient = {
  'timeout: 1s': 'timeout: 8s',
  'healthMs = 700': 'healthMs = 7_000',
  'start_period: 10s': 'start_period: 2m',
};

type Changes = Readonly<Record<string, string>>;

/** `changes` are made to the stack file and to what the API has of its database; each part must be
 * in one of the two. */
export async function accounts(t: TestContext, changes: Changes = {}): Promise<Accounts> {
  const [stack, database] = ['daruma.yaml', 'database.ts'].map((name) =>
    readFileSync(path.join(example, name), 'utf8'),
  );
  assert.ok(stack !== undefined && database !== undefined);
  for (const part of Object.keys(changes))
    assert.ok(stack.includes(part) || database.includes(part), `the example has no «${part}»`);
  const [api, web, db] = await Promise.all([freePort(), freePort(), freePort()]);
  const ports = { API_PORT: String(api), WEB_PORT: String(web), DB_PORT: String(db) };
  const made = await bench(t, changed(stack, changes), ports);
  cpSync(example, made.directory, {
    recursive: true,
    filter: (source) => {
      const [first = ''] = path.relative(example, source).split('/');
      return first === '' || copied.test(first);
    },
  });
  writeFileSync(path.join(made.directory, 'database.ts'), changed(database, changes));
  symlinkSync(path.join(root, 'node_modules'), path.join(made.directory, 'node_modules'));
  return { made, load: (rate) => startLoad(t, api, rate) };
}

function changed(text: string, changes: Changes): string {
  return Object.entries(changes).reduce((was, [part, now]) => was.replaceAll(part, now), text);
}

/** Counts what the API has acknowledged, so that a fault can wait for the load to be on. */
class CountingClient extends Client {
  registered = 0;

  override async ask(question: Question): Promise<Answer> {
    const answer = await super.ask(question);
    if (answer.ok && answer.status === 201) this.registered += 1;
    return answer;
  }
}

async function startLoad(t: TestContext, port: number, rate: number): Promise<RunningLoad> {
  const url = new URL(`http://127.0.0.1:${port}`);
  const client = new CountingClient({ url, timeoutMs: 60_000, keepAlive: false });
  const load = new Load(client, {
    ratePerSecond: rate,
    durationMs: 600_000,
    registrationShare: 0.05,
    loginShare: 0.01,
  });
  const report = load.run();
  atEnd(t, () => load.stop());
  const registered = async (count: number) => {
    const least = client.registered + count;
    await until(`${count} more are registered`, () => client.registered >= least);
  };
  await registered(10);
  return {
    registered,
    stop: () => {
      load.stop();
      return report;
    },
  };
}
