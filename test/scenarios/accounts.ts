/** The accounts example as a user has it: copied to a directory of its own, with its own ports. */

import { cpSync, readFileSync, symlinkSync } from 'node:fs';
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

/** `change` is made to the stack file; each part must be in it. */
export async function accounts(
  t: TestContext,
  change: Readonly<Record<string, string>> = {},
): Promise<Accounts> {
  let stack = readFileSync(path.join(example, 'daruma.yaml'), 'utf8');
  for (const [part, replacement] of Object.entries(change)) {
    if (!stack.includes(part)) throw new Error(`the example has no «${part}»`);
    stack = stack.replaceAll(part, replacement);
  }
  const [api, web, db] = await Promise.all([freePort(), freePort(), freePort()]);
  const ports = { API_PORT: String(api), WEB_PORT: String(web), DB_PORT: String(db) };
  const made = await bench(t, stack, ports);
  cpSync(example, made.directory, {
    recursive: true,
    filter: (source) => {
      const [first = ''] = path.relative(example, source).split('/');
      return first === '' || copied.test(first);
    },
  });
  symlinkSync(path.join(root, 'node_modules'), path.join(made.directory, 'node_modules'));
  return { made, load: (rate) => startLoad(t, api, rate) };
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
  const client = new CountingClient({ url, timeoutMs: 20_000, keepAlive: false });
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
