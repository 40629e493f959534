/** A database with a primary and standbys, and the ledger that counts its writes. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { Client } from 'pg';
import type { LedgerReport } from '../../src/cli/ledger-drill.ts';
import { isSound } from '../../src/ledger/judge.ts';
import type { GroupView } from '../../src/model/group.ts';
import type { InstanceView } from '../../src/model/view.ts';
import { atEnd } from '../at-end.ts';
import { freePort } from '../free-port.ts';
import { type Bench, bench, until } from './harness.ts';
import type { SmallDisk } from './small-disk.ts';

export interface SeenGroup extends GroupView {
  readonly instances: readonly InstanceView[];
}

/** As whom tests may do what an application does. */
const user = { user: 'app', password: 'test' };

export interface StandOptions {
  /** More fields of the service. */
  readonly lines?: readonly string[];
  /** More fields of its `postgres:`. */
  readonly postgres?: readonly string[];
  /** Such as «1 per 10m»; boundless unless told otherwise. */
  readonly budget?: string;
  /** Two unless told otherwise. */
  readonly replicas?: number;
  /** Each instance lies on a disk of its own. */
  readonly disks?: readonly SmallDisk[];
}

export async function databases(t: TestContext, options: StandOptions = {}): Promise<Bench> {
  const { lines = [], postgres = [], disks = [], replicas = 2 } = options;
  const many = `recovery: { max_actions: ${options.budget ?? '1000 per 10m'} }`;
  const data = disks.map(({ directory }) => `${directory}/data`).join(', ');
  const own = data === '' ? postgres : [`data_dir: [${data}]`, ...postgres];
  const service = [
    'driver: postgres',
    `replicas: ${replicas}`,
    `endpoint: ${await freePort()}`,
    'failover: { durability: synchronous }',
    many,
    ...lines,
    'postgres:',
    `  users: { ${user.user}: { password: ${user.password}, owner: true } }`,
    ...own.map((line) => `  ${line}`),
  ];
  const stack = ['name: two', many, 'services:', '  db:', ...service.map((line) => `    ${line}`)];
  let name: string | null = null;
  // Before the stack is made, and so after it is down.
  atEnd(t, () => {
    for (const disk of disks) disk.remove();
    if (name !== null) removeNotes(name);
  });
  const stand = await bench(t, `${stack.join('\n')}\n`);
  name = path.basename(stand.directory);
  await stand.up();
  await whole(stand);
  return stand;
}

/** Only under root they lie elsewhere, where the data would be if the stack did not say where. */
function removeNotes(name: string): void {
  const shared = '/var/lib/daruma';
  if (process.geteuid?.() !== 0 || !existsSync(shared)) return;
  for (const found of readdirSync(shared).filter((one) => one.startsWith(`${name}-`))) {
    rmSync(path.join(shared, found), { recursive: true, force: true });
  }
}

export async function group(stand: Bench): Promise<SeenGroup> {
  const [service] = (await stand.view()).services;
  if (service?.group === undefined) throw new Error('the service has no group');
  return { ...service.group, instances: service.instances };
}

/** A primary that serves, and standbys that have everything. */
export function whole(stand: Bench): Promise<SeenGroup> {
  return until('all standbys have everything', async () => {
    const now = await group(stand);
    const ready = now.instances.every(({ phase }) => phase === 'ready');
    return ready && now.stage === 'steady' && now.eligible.length === now.instances.length - 1
      ? now
      : null;
  });
}

/** Throws when a fact was lost, is there twice, or two primaries took some at a time, and when the
 * service was not whole in the end. */
export async function ledger(
  stand: Bench,
  only: string,
  ...options: string[]
): Promise<LedgerReport> {
  const all = ['--only', only, ...options, '--yes', '--json'];
  const run = await stand.daruma('drill', 'ledger', 'db', ...all);
  const report: LedgerReport = JSON.parse(run.stdout || '{}');
  assert.equal(run.code, 0, run.stdout + run.stderr);
  assert.ok(isSound(report.judgement) && report.whole, run.stdout);
  assert.ok(report.judgement.acknowledged > 0);
  return report;
}

export function primaryOf({ instances, primary }: SeenGroup): InstanceView {
  const found = instances.find(({ id }) => id === primary);
  if (found === undefined) throw new Error(`there is no ${primary}`);
  return found;
}

export function standbyOf({ instances, primary }: SeenGroup): InstanceView {
  const found = instances.find(({ id }) => id !== primary);
  if (found === undefined) throw new Error('there is no standby');
  return found;
}

/** A session of an application, through the endpoint, or what listens at another port. */
export async function session(t: TestContext, stand: Bench, at?: number): Promise<Client> {
  const [service] = (await stand.view()).services;
  const port = at ?? Number(service?.endpoint?.split(':').at(-1));
  const client = new Client({ host: '127.0.0.1', port, database: 'app', ...user });
  // Cut by whatever the test does.
  client.on('error', () => undefined);
  await client.connect();
  atEnd(t, () => client.end().catch(() => undefined));
  return client;
}
