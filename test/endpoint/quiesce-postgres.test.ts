import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import type { Client } from 'pg';
import type { HeldStats } from '../../src/ports/endpoints.ts';
import { freePort } from '../free-port.ts';
import { Rig, spec, target, until } from '../keeper/rig.ts';
import { Postgres } from './postgres-rig.ts';

const administratorCommand = '57P01';
const longMs = 60_000;

describe('a PostgreSQL endpoint that is to fall quiet', () => {
  let postgres: Postgres;
  let direct: Client;
  let rig: Rig;
  let port: number;

  before(async () => {
    postgres = await Postgres.start();
    direct = await postgres.client();
    await direct.query('create table facts (writer int, number int)');
  });
  after(async () => {
    await direct.end();
    await postgres.end();
  });
  beforeEach(async () => {
    await direct.query('truncate facts');
    rig = new Rig();
    await rig.started();
    port = await freePort();
    const endpoint = spec(port, { session: 'postgres', holdMs: longMs });
    await rig.ask({ kind: 'listen', endpoints: [{ service: 'db', endpoint }] });
    await route(1);
  });
  afterEach(() => rig.end());

  async function route(epoch: number): Promise<void> {
    const group = { epoch, read: [], hold: false };
    const targets = [target('db', 1, postgres.port)];
    await rig.ask({ kind: 'route', service: 'db', targets, group });
  }

  const quiesce = async (limitMs = longMs) =>
    (await rig.askNow({ kind: 'quiesce', service: 'db', limitMs })).busy;

  /** From now on connections are held. */
  async function begun(): Promise<{ readonly busy: Promise<number | undefined> }> {
    const idle = await postgres.client(port);
    const busy = quiesce();
    await until('idle one closed', async () => {
      const error: unknown = await idle.query('select 1').then(() => null, Object);
      return error !== null && postgres.code(idle, error) === administratorCommand;
    });
    await idle.end();
    return { busy };
  }

  const release = () => rig.ask({ kind: 'release', service: 'db' });

  /** Sessions of others. */
  async function sessions(): Promise<number> {
    const { rows } = await direct.query<{ count: number }>(
      `select count(*)::int from pg_stat_activity
       where backend_type = 'client backend' and pid <> pg_backend_pid()`,
    );
    return rows[0]?.count ?? -1;
  }

  function heldNow(): Promise<unknown> {
    return until('somebody held', () => {
      const told = rig.notes().flatMap((note) => note.split(' held ')[1] ?? []);
      const last = JSON.parse(told.at(-1) ?? '[]') as HeldStats[];
      return last.some(({ connections }) => connections > 0);
    });
  }

  /** Runs transactions until the connection is closed; says how far it came, and how it ended. */
  async function write(writer: number, done: () => boolean): Promise<{ acknowledged: number }> {
    let acknowledged = 0;
    const client = await postgres.client(port);
    const insert = 'insert into facts values ($1, $2)';
    let inTransaction = false;
    try {
      while (!done()) {
        await client.query('begin');
        inTransaction = true;
        await client.query(insert, [writer, acknowledged]);
        // Some by the simple protocol, some by the extended one.
        await client.query(`insert into facts values (${writer}, ${acknowledged})`);
        await client.query('commit');
        acknowledged++;
        inTransaction = false;
        await client.query(insert, [writer, -1]);
      }
    } catch (error) {
      assert.equal(postgres.code(client, error), administratorCommand);
      assert.equal(inTransaction, false, 'within a transaction');
    }
    await client.end();
    return { acknowledged };
  }

  test('under load: transactions end, and clients are told between them', async () => {
    for (let round = 0; round < 5; round++) {
      await direct.query('truncate facts');
      let over = false;
      const writers = [1, 2, 3, 4, 5, 6].map((writer) => write(writer, () => over));
      await until('written', async () => {
        const { rows } = await direct.query(
          'select 1 from facts group by writer having count(*) > 9',
        );
        return rows.length === 6;
      });
      assert.equal(await quiesce(), 0);
      const results = await Promise.all(writers);
      over = true;
      await until('all sessions ended', async () => (await sessions()) === 0);
      const { rows } = await direct.query<{ writer: number; count: number }>(
        'select writer, count(*)::int from facts where number >= 0 group by 1 order by 1',
      );
      assert.deepEqual(
        rows.map(({ count }) => count),
        results.map(({ acknowledged }) => 2 * acknowledged),
      );
      await release();
    }
  });

  test('waits for a transaction, holds who comes, and goes on after release', async () => {
    const busy = await postgres.client(port);
    await busy.query('begin');
    await busy.query('insert into facts values (1, 1)');
    const quiet = await begun();
    const held = postgres.client(port);
    await heldNow();
    await busy.query('insert into facts values (1, 2)');
    await busy.query('commit');
    assert.equal(await quiet.busy, 0);
    await until('all sessions ended', async () => (await sessions()) === 0);
    await release();
    const client = await held;
    const { rows } = await client.query('select number from facts order by 1');
    assert.deepEqual(rows, [{ number: 1 }, { number: 2 }]);
    for (const one of [client, busy]) await one.end();
  });

  test('tells how many are busy at the limit; they go on', async () => {
    const clients = [await postgres.client(port), await postgres.client(port)];
    for (const client of clients) await client.query('begin');
    const [first, second] = clients;
    assert.equal(await quiesce(100), 2);
    await first?.query('insert into facts values (1, 1)');
    await release();
    await first?.query('commit');
    assert.equal((await first?.query('select 1 from facts'))?.rowCount, 1);
    await second?.query('rollback');
    const another = await postgres.client(port);
    assert.equal((await another.query('select 1 from facts')).rowCount, 1);
    for (const one of [...clients, another]) await one.end();
  });

  test('still holds after its process was killed, until a newer epoch', async () => {
    const busy = await postgres.client(port);
    await busy.query('begin');
    const quiet = await begun();
    const waiting = postgres.client(port).then(
      () => 'served',
      () => 'lost',
    );
    await heldNow();
    const { endpoint } = await rig.settled('serving', (now) => now.endpoint.pid !== null);
    process.kill(endpoint.pid ?? 0, 'SIGKILL');
    assert.equal(await waiting, 'lost');
    await assert.rejects(busy.query('commit'));
    assert.equal(await quiet.busy, 0, 'asked again of the next process');
    const held = postgres.client(port);
    await until('held by the next process', () => {
      const notes = rig.notes().map((note) => note.split(' held ')[1]);
      return /"connections":1/.test(notes.at(-1) ?? notes.at(-2) ?? '');
    });
    await route(2);
    const client = await held;
    assert.equal((await client.query('select 1 from facts')).rowCount, 0);
    await client.end();
  });

  test('waits for transactions in a process that it has taken over from', async () => {
    const busy = await postgres.client(port);
    await busy.query('begin');
    const idle = await postgres.client(port);
    const before = await rig.settled('serving', (now) => now.endpoint.pid !== null);
    const endpoints = [
      { service: 'db', endpoint: spec(port, { session: 'postgres', holdMs: longMs }) },
      { service: 'web', endpoint: spec(await freePort()) },
    ];
    await rig.ask({ kind: 'listen', endpoints });
    const after = await rig.settled('serving', (now) => now.endpoint.pid !== null);
    assert.notEqual(after.endpoint.pid, before.endpoint.pid);
    assert.equal(await quiesce(2_000), 1);
    await until('idle one closed', async () => (await sessions()) === 1);
    await release();
    await busy.query('insert into facts values (1, 1)');
    const quiet = await begun();
    await busy.query('commit');
    assert.equal(await quiet.busy, 0);
    await until('all sessions ended', async () => (await sessions()) === 0);
    for (const one of [busy, idle]) await one.end();
  });

  test('lets a transaction be cancelled meanwhile', async () => {
    const busy = await postgres.client(port);
    await busy.query('begin');
    const { rows } = await busy.query<{ pid: number }>('select pg_backend_pid() as pid');
    const sleeps = busy
      .query('select pg_sleep(1000)')
      .catch((error: unknown) => postgres.code(busy, error));
    await until('asleep', async () => {
      const asked = 'select 1 from pg_stat_activity where pid = $1 and wait_event = $2';
      return (await direct.query(asked, [rows[0]?.pid, 'PgSleep'])).rowCount === 1;
    });
    const quiet = await begun();
    const held = postgres.client(port);
    await heldNow();
    postgres.cancel(busy, port);
    assert.equal(await sleeps, '57014');
    await busy.query('rollback');
    assert.equal(await quiet.busy, 0);
    await release();
    await (await held).end();
    await busy.end();
  });
});
