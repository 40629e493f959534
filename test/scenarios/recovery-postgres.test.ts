/** A database of two, with recovery points: a table is dropped under load, a page is damaged. */
import assert from 'node:assert/strict';
import { closeSync, openSync, readlinkSync, writeSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import pg from 'pg';
import { freePort } from '../free-port.ts';
import { type Bench, bench, until } from './harness.ts';
import { pointsOf } from './recovery-stand.ts';

interface Stand {
  readonly made: Bench;
  /** A connection through the endpoint. */
  connect(): Promise<pg.Client>;
}

async function database(t: TestContext, replicas: 1 | 2, points = ''): Promise<Stand> {
  const port = await freePort();
  const failover = replicas === 1 ? '' : '    failover: { durability: synchronous }\n';
  const made = await bench(
    t,
    `name: base
recovery: { max_actions: 1000 per 10m }
services:
  db:
    driver: postgres
    replicas: ${replicas}
    endpoint: ${port}
${failover}    recovery: { max_actions: 1000 per 10m }
    healthcheck: { interval: 500ms, timeout: 10s, retries: 3, start_period: 60s }
    postgres: { users: { app: { password: test, owner: true } } }
    recovery_points: { ${points}keep: { last: 9 } }
`,
  );
  await made.up();
  const connect = async () => {
    const target = { host: '127.0.0.1', port, user: 'app', password: 'test', database: 'app' };
    const client = new pg.Client(target);
    client.on('error', () => undefined);
    await client.connect();
    return client;
  };
  return { made, connect };
}

interface Written {
  readonly row: number;
  readonly sentAt: number;
  readonly ackedAt: number;
}

/** One row after the other until the table is gone. */
async function write(client: pg.Client, written: Written[]): Promise<void> {
  for (let row = 1; ; row += 1) {
    const sentAt = Date.now();
    try {
      await client.query('insert into rows values ($1)', [row]);
    } catch {
      return;
    }
    written.push({ row, sentAt, ackedAt: Date.now() });
  }
}

test('a dropped table is back as it was just before; the standby follows', async (t) => {
  const { made, connect } = await database(t, 2);
  const [client, other] = [await connect(), await connect()];
  await client.query('create table rows (number int primary key)');
  assert.equal((await made.daruma('backup', 'db')).code, 0);
  const written: Written[] = [];
  const writing = write(client, written);
  await until('it is under load', () => written.length > 100);
  const moment = Date.now() + 5;
  await until('the moment has come', () => Date.now() > moment);
  await other.query('drop table rows');
  await writing;
  await Promise.all([client.end(), other.end()]);
  const time = new Date(moment).toISOString();
  const run = await made.daruma('restore', 'db', '--to', time, '--before', '--yes');
  assert.equal(run.code, 0, run.stdout + run.stderr);
  const after = await connect();
  const { rows } = await after.query<{ number: number }>('select number from rows order by 1');
  await after.end();
  const found = new Set(rows.map(({ number }) => number));
  for (const { row, sentAt, ackedAt } of written) {
    if (ackedAt < moment) assert.ok(found.has(row), `${row} was acknowledged before`);
    if (sentAt > moment) assert.ok(!found.has(row), `${row} came after`);
  }
  const group = await until('the standby is in step again', async () => {
    const seen = (await made.view()).services[0]?.group;
    return seen?.eligible.join() === 'db/2' ? seen : null;
  });
  assert.deepEqual([group.primary, group.epoch], ['db/1', 2]);
});

/** Writes over the middle of a table's first page, behind an instance's back. */
async function damage({ made, connect }: Stand, name = 'db.1'): Promise<void> {
  const client = await connect();
  await client.query('create table rows as select generate_series(1, 20000) as number');
  const { rows } = await client.query(`select pg_relation_filepath('rows') as file`);
  await client.end();
  assert.equal((await made.daruma('stop', 'db')).code, 0);
  const data = readlinkOr(path.join(made.stateDir, 'data', name));
  const file = openSync(path.join(data, rows[0]?.file), 'r+');
  writeSync(file, Buffer.alloc(64, 0x5a), 0, 64, 4096);
  closeSync(file);
  assert.equal((await made.daruma('start', 'db')).code, 0);
}

function readlinkOr(file: string): string {
  try {
    return readlinkSync(file);
  } catch {
    return file;
  }
}

test('a damaged page is found, told, and restored once a person consents', async (t) => {
  const stand = await database(t, 1);
  const { made } = stand;
  assert.equal((await made.daruma('backup', 'db')).code, 0);
  await damage(stand);
  const failed = await made.daruma('backup', 'db');
  assert.notEqual(failed.code, 0);
  const incident = await until('a person is asked', async () => {
    const open = (await made.incidents()).filter(({ state }) => state === 'needs-person');
    return open.find(({ causes }) => causes[0]?.fault === 'corruption');
  });
  assert.equal(incident.causes[0]?.component, 'db/1');
  assert.match(incident.summary, /a restore needs consent: it restores point/);
  assert.equal((await made.daruma('approve', incident.id)).code, 0);
  await until('it is restored', async () => {
    const now = (await made.incidents()).find(({ id }) => id === incident.id);
    return now?.state === 'resolved';
  });
  const client = await stand.connect();
  const { rows } = await client.query('select count(*) from rows');
  await client.end();
  assert.equal(Number(rows[0]?.count), 20_000);
  const { points } = await pointsOf(made, 'db', 1);
  assert.equal(points.length, 1, 'no point holds the damage');
});

test('a damaged page of a primary is failed over, and copied from the sound one', async (t) => {
  const stand = await database(t, 2);
  const { made } = stand;
  await damage(stand);
  await until('it is read', async () => {
    const client = await stand.connect();
    const read = await client.query('select count(*) from rows').catch(() => null);
    await client.end();
    return read === null || (await group(made)).epoch > 1;
  });
  await until('the other one leads, and this one follows with a fresh copy', async () => {
    const { primary, eligible } = await group(made);
    return primary === 'db/2' && eligible.join() === 'db/1';
  });
  const client = await stand.connect();
  const { rows } = await client.query('select count(*) from rows');
  await client.end();
  assert.equal(Number(rows[0]?.count), 20_000);
  const [incident] = (await made.incidents()).filter(({ causes }) => causes.length > 0);
  assert.equal(incident?.causes[0]?.fault, 'corruption');
});

test('a damaged standby keeps no point from being made: the primary is copied', async (t) => {
  const stand = await database(t, 2);
  const { made } = stand;
  await damage(stand, 'db.2');
  const run = await made.daruma('backup', 'db');
  assert.equal(run.code, 0, run.stdout + run.stderr);
  await until('it is told of the standby, which is copied anew', async () => {
    const records = (await made.events()).map(({ record }) => record);
    return records.some((one) => one.kind === 'symptom-ended' && one.id === 'db/2#integrity');
  });
  const { primary, eligible, epoch } = await inStep(made);
  assert.deepEqual([primary, eligible.join(), epoch], ['db/1', 'db/2', 1]);
  assert.equal((await made.daruma('restore-drill', 'db')).code, 0);
});

test('a point is made at a switchover', async (t) => {
  const { made } = await database(t, 2, 'on: [switchover], ');
  await inStep(made);
  const run = await made.daruma('switchover', 'db');
  assert.equal(run.code, 0, run.stdout + run.stderr);
  const { points } = await pointsOf(made, 'db', 1);
  assert.deepEqual(
    points.map(({ why }) => why),
    ['switchover'],
  );
});

/** On a busy machine a standby may fall behind for a while. */
function inStep(made: Bench) {
  return until('the standby is in step', async () => {
    const seen = await group(made);
    return seen.eligible.length > 0 ? seen : null;
  });
}

async function group(made: Bench) {
  const seen = (await made.view()).services[0]?.group;
  assert.ok(seen);
  return seen;
}
