/** What people change of a service with a primary, and what they have lost of it. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { Client } from 'pg';
import { atEnd } from '../at-end.ts';
import { freePort } from '../free-port.ts';
import { group, whole } from './failover-stand.ts';
import { bench, endProcessesOf, processesOf, until } from './harness.ts';
import { slowPostgres } from './slow-postgres.ts';

const often = 'recovery: { max_actions: 1000 per 10m }';

interface Options {
  readonly port: number;
  readonly replicas?: number;
  readonly postgres?: string;
}

const stack = ({ port, replicas = 2, postgres = '' }: Options) => `
name: changes
${often}
services:
  db:
    driver: postgres
    replicas: ${replicas}
    endpoint: ${port}
    failover: { durability: synchronous, switchover_limit: 300ms }
    ${often}
    postgres: { users: { app: { password: test, owner: true } }${postgres} }
`;

async function connect(t: TestContext, port: number): Promise<Client> {
  const whom = { user: 'app', password: 'test', database: 'app' };
  const client = new Client({ host: '127.0.0.1', port, ...whom });
  client.on('error', () => undefined);
  await client.connect();
  atEnd(t, () => client.end());
  return client;
}

test('the state directory is lost, and the data is led on as it says', async (t) => {
  const port = await freePort();
  const stand = await bench(t, stack({ port }));
  await stand.up();
  await whole(stand);
  assert.equal((await stand.daruma('switchover', 'db')).code, 0);
  await whole(stand);
  const client = await connect(t, port);
  await client.query('create table kept as select 7 as n');
  await stand.daruma('down');
  await endProcessesOf(stand.directory);
  for (const name of readdirSync(stand.stateDir)) {
    if (name !== 'data') rmSync(path.join(stand.stateDir, name), { recursive: true });
  }
  const refused = await stand.daruma('up', '--detach');
  assert.notEqual(refused.code, 0);
  assert.match(refused.stderr, /F6: by its data db was led by db\/2 last, in epoch 2/);
  const shown = await stand.daruma('approve', 'i1');
  assert.match(shown.stdout, /was the state directory lost\?/);
  assert.match(shown.stdout, /db\/2 is primary, as its data says/);
  const { epoch, primary } = await whole(stand);
  assert.deepEqual([epoch, primary], [2, 'db/2']);
  const [row] = (await (await connect(t, port)).query('select n from kept')).rows;
  assert.equal(row.n, 7);
});

/** Where the user that PostgreSQL runs as may go. */
function disk(t: TestContext, name: string): string {
  const directory = mkdtempSync(path.join(tmpdir(), `daruma-${name}-`));
  chmodSync(directory, 0o755);
  atEnd(t, () => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

test('a primary whose replica leaves the stack file hands over first', async (t) => {
  const port = await freePort();
  const disks = ['one', 'two', 'three'].map((name) => `${disk(t, name)}/data`);
  const directories = (count: number) => `, data_dir: [${disks.slice(0, count).join(', ')}]`;
  const stand = await bench(t, stack({ port, replicas: 3, postgres: directories(3) }));
  await stand.up();
  await until('all have everything', async () => (await group(stand)).eligible.length === 2);
  assert.equal((await stand.daruma('switchover', 'db', '--to', '3')).code, 0);
  await until('all have everything', async () => (await group(stand)).eligible.length === 2);
  const client = await connect(t, port);
  await client.query('create table kept as select 7 as n');
  const left = await stand.pid('db/3');
  await stand.rewrite(stack({ port, replicas: 2, postgres: directories(2) }));
  await stand.up();
  const now = await until('another is primary, and it is gone', async () => {
    const seen = await group(stand);
    // `up` restarts the others too, as their definition changed.
    return seen.epoch >= 3 && seen.instances.length === 2 && seen.stage === 'steady' && seen;
  });
  assert.notEqual(now.primary, 'db/3');
  assert.ok(!processesOf(stand.stateDir).includes(left));
  await whole(stand);
  const [row] = (await (await connect(t, port)).query('select n from kept')).rows;
  assert.equal(row.n, 7);
});

test('a «down» does not wait for a copy', async (t) => {
  const { binDir: binaries } = await slowPostgres(t);
  const copying = path.join(binaries, 'pg_basebackup');
  writeFileSync(copying, '#!/bin/sh\nexec sleep 100000\n', { mode: 0o755 });
  const port = await freePort();
  const stand = await bench(t, stack({ port, postgres: `, bin_dir: ${binaries}` }));
  void stand.daruma('up', '--detach');
  await until('it is copied', async () => {
    const { phase } = await stand.instance('db/2');
    return phase === 'starting' && processesCalled('sleep', '100000').length > 0;
  });
  const copies = processesCalled('sleep', '100000');
  assert.equal((await stand.daruma('down')).code, 0);
  const after = processesCalled('sleep', '100000');
  assert.deepEqual(
    copies.filter((pid) => after.includes(pid)),
    [],
  );
});

function processesCalled(...argv: readonly string[]): string[] {
  return readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      return readFileSync(`/proc/${name}/cmdline`, 'utf8') === `${argv.join('\0')}\0`;
    } catch {
      return false; // It has ended.
    }
  });
}

test('a rolling restart says why a busy primary could not be restarted', async (t) => {
  const port = await freePort();
  const stand = await bench(t, stack({ port }));
  await stand.up();
  await whole(stand);
  const client = await connect(t, port);
  await client.query('create table kept (n int)');
  await client.query('begin');
  await client.query('insert into kept values (1)');
  const { stderr, code } = await stand.daruma('restart', 'db/1');
  assert.notEqual(code, 0);
  assert.match(
    stderr,
    /db\/1 was not restarted: its role could not be handed over in 3 tries: 1 connection was still/,
  );
  await client.query('commit');
  assert.equal((await client.query('select n from kept')).rowCount, 1);
  assert.equal((await stand.daruma('restart', 'db/1')).code, 0);
  assert.equal((await whole(stand)).primary, 'db/2');
});
