import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { lstat, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { findAccount } from '../../src/drivers/account.ts';
import { createDrivers } from '../../src/drivers/index.ts';
import type { ServiceSpec } from '../../src/model/stack-spec.ts';
import type { DriverContext, Launch, ProcessDriver } from '../../src/ports/driver.ts';
import { atEnd } from '../at-end.ts';
import { freePort } from '../free-port.ts';
import {
  contextOf,
  end,
  makeScene,
  postgresService,
  removeScene,
  type Scene,
  start,
  until,
} from './scene.ts';

let scene: Scene;
let driver: ProcessDriver;
let running: { child: ChildProcess; launch: Launch }[] = [];

beforeEach(async () => {
  scene = await makeScene();
  driver = postgresDriver(scene);
});

afterEach(async () => {
  for (const { child, launch } of running) await end(child, launch, 'SIGKILL');
  running = [];
  await removeScene(scene);
});

function postgresDriver({ sharedDir }: Scene): ProcessDriver {
  const { postgres } = createDrivers({ sharedDir });
  assert.equal(postgres.kind, 'process');
  return postgres;
}

async function run(launch: Launch): Promise<ChildProcess> {
  const account = launch.user === null ? null : await findAccount(launch.user);
  const child = start(launch, account === null ? null : { uid: account.uid, gid: account.gid });
  running.push({ child, launch });
  return child;
}

async function launchAndSettle(context: DriverContext): Promise<[Launch, ChildProcess]> {
  const launch = await driver.launch(context);
  const child = await run(launch);
  await driver.settle?.(context);
  return [launch, child];
}

async function context(over: Parameters<typeof postgresService>[1] = {}): Promise<DriverContext> {
  return contextOf(postgresService(await freePort(), over), scene.stateDir);
}

async function asApplication<T>(
  service: ServiceSpec,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const { url = '' } = await driver.attributes(service, scene.stateDir);
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

async function rowOf(client: Client, query: string): Promise<unknown> {
  return (await client.query(query)).rows[0];
}

test('makes a database that its own user may use, and that survives kill -9', async () => {
  const here = await context();
  const [launch, child] = await launchAndSettle(here);
  await driver.check?.(here, 10_000);
  await asApplication(here.service, async (client) => {
    await client.query('create table kept (number int)');
    await client.query('insert into kept values ($1)', [7]);
    const me = 'select usename as name, usesuper from pg_user where usename = current_user';
    assert.deepEqual(await rowOf(client, me), { name: 'app', usesuper: false });
    assert.deepEqual(await rowOf(client, 'show data_checksums'), { data_checksums: 'on' });
  });
  await end(child, launch, 'SIGKILL');
  await assert.rejects(async () => driver.check?.(here, 10_000), { code: 'ECONNREFUSED' });
  const [again, second] = await launchAndSettle(here);
  assert.deepEqual(again, launch);
  const { rows } = await asApplication(here.service, (client) => client.query('table kept'));
  assert.deepEqual(rows, [{ number: 7 }]);
  assert.equal(await end(second, again, 'SIGINT'), 0);
});

test('settles again what has changed, and keeps what has not', async () => {
  const users = [
    { name: "o'brien", password: 'it\'s "\\ 50% #1', owner: true },
    { name: 'reader', password: null, owner: false },
  ];
  const here = await context({ users, database: 'Data' });
  await launchAndSettle(here);
  await driver.settle?.(here);
  await asApplication(here.service, async (client) => {
    const row = await rowOf(client, 'select current_user as user, current_database() as database');
    assert.deepEqual(row, { user: "o'brien", database: 'Data' });
  });
  const attributes = await driver.attributes(here.service, scene.stateDir);
  assert.equal(attributes['password'], 'it\'s "\\ 50% #1');
  assert.equal(attributes['host'], '127.0.0.1');
});

test('settings of the stack file hold, and its own port wins over them', async () => {
  const here = await context({ settings: { work_mem: '9MB', port: '1', cluster_name: "it's" } });
  await launchAndSettle(here);
  await asApplication(here.service, async (client) => {
    assert.deepEqual(await rowOf(client, 'show work_mem'), { work_mem: '9MB' });
    assert.deepEqual(await rowOf(client, 'show cluster_name'), { cluster_name: "it's" });
  });
  await driver.sql?.(here, 'select count(*) from pg_class', 10_000);
  await assert.rejects(async () => driver.sql?.(here, 'select * from nothing', 10_000), {
    code: '42P01',
  });
});

test('a cluster whose making was killed midway is made anew', async () => {
  const life = fileURLToPath(new URL('postgres-life.ts', import.meta.url));
  const args = [life, scene.stateDir, scene.sharedDir];
  const killed = spawn(process.execPath, args, { stdio: 'ignore' });
  await until(async () => (await halfMade()).some((path) => path.endsWith('/PG_VERSION')));
  killed.kill('SIGKILL');
  const here = await context();
  await launchAndSettle(here);
  await driver.check?.(here, 10_000);
  assert.deepEqual(await halfMade(), []);
});

async function halfMade(): Promise<string[]> {
  // A directory may vanish while we look: then there is nothing to be seen yet.
  const names = await readdir(scene.root, { recursive: true }).catch(() => []);
  return names.filter((name) => name.includes('.new-'));
}

test('secrets are private, and lost ones are set anew', async () => {
  const here = await context();
  const [launch, child] = await launchAndSettle(here);
  const secrets = join(scene.stateDir, 'secrets');
  assert.equal((await stat(secrets)).mode & 0o777, 0o700);
  assert.equal((await stat(join(secrets, 'db.json'))).mode & 0o777, 0o600);
  await end(child, launch, 'SIGINT');
  await rm(secrets, { recursive: true });
  driver = postgresDriver(scene);
  await launchAndSettle(here);
  await driver.check?.(here, 10_000);
});

test('refuses data of another major version, and a directory with other things', async () => {
  const dataDir = join(scene.root, 'data');
  const here = await context({ dataDir });
  await mkdir(dataDir);
  await writeFile(join(dataDir, 'letter.txt'), 'dear');
  await assert.rejects(driver.launch(here), { code: 'REQUIREMENT_UNMET', message: /not empty/ });
  await rm(join(dataDir, 'letter.txt'));
  const { workingDir } = await driver.launch(here);
  assert.equal(workingDir, dataDir);
  await writeFile(join(dataDir, 'PG_VERSION'), '12\n');
  await assert.rejects(driver.launch(here), {
    code: 'REQUIREMENT_UNMET',
    message: /made by PostgreSQL 12.*`bin_dir` of version 12/,
  });
});

test('refuses a living server that is not ours, and no other', async () => {
  const here = await context();
  const launch = await driver.launch(here);
  const foreign = { ...launch, argv: launch.argv.slice(0, -2) };
  const child = await run(foreign);
  await driver.settle?.(here);
  await assert.rejects(driver.launch(here), { code: 'START_FAILED', message: /already runs on/ });
  await end(child, launch, 'SIGINT');
  await launchAndSettle(here);
  assert.deepEqual(await driver.launch(here), launch);
});

test('a stale lock file whose process id another program has now is no obstacle', async () => {
  const here = await context();
  const launch = await driver.launch(here);
  const account = launch.user === null ? null : await findAccount(launch.user);
  const other = spawn('sleep', ['600'], account === null ? {} : { uid: account.uid });
  try {
    const lock = `${other.pid}\n${launch.workingDir}\n1700000000\n5432\n\n127.0.0.1\n`;
    await writeFile(join(launch.workingDir, 'postmaster.pid'), lock);
    await launchAndSettle(here);
  } finally {
    other.kill('SIGKILL');
  }
});

test('a stopped server fails its check in time, and no connection is left', async () => {
  const here = await context();
  const [, child] = await launchAndSettle(here);
  child.kill('SIGSTOP');
  for (let turn = 0; turn < 3; turn += 1) {
    await assert.rejects(async () => driver.check?.(here, 200), { code: 'TIMED_OUT' });
  }
  child.kill('SIGCONT');
  await assert.rejects(async () => driver.sql?.(here, 'select pg_sleep(60)', 300));
  await asApplication(here.service, (client) => until(async () => (await ours(client)) === 0));
  await until(() => !process.getActiveResourcesInfo().includes('TCPSocketWrap'));
});

/** How many connections of the driver the server has. */
async function ours(client: Client): Promise<number | null> {
  const query = "select from pg_stat_activity where application_name = 'daruma'";
  return (await client.query(query)).rowCount;
}

test('a server that is killed while it is asked fails the question', async () => {
  const here = await context();
  const [launch, child] = await launchAndSettle(here);
  const failed = assert.rejects(async () => driver.sql?.(here, 'select pg_sleep(60)', 60_000));
  await asApplication(here.service, (client) => until(async () => (await ours(client)) === 1));
  await end(child, launch, 'SIGKILL');
  await failed;
});

test('variables that are meant for another server change nothing', async (t) => {
  const here = await context();
  const foreign = { PGOPTIONS: '-c no_such=1', PGSSLMODE: 'require', PGSSLNEGOTIATION: 'direct' };
  Object.assign(process.env, foreign);
  atEnd(t, () => {
    for (const name of Object.keys(foreign)) delete process.env[name];
  });
  await launchAndSettle(here);
  await driver.check?.(here, 10_000);
});

test('refuses what it can not do: no such user, no such programs, several replicas', async () => {
  const here = await context();
  const unknown = { ...here, service: { ...here.service, user: 'no-such-user' } };
  await assert.rejects(driver.launch(unknown), { code: 'USER_UNKNOWN' });
  await assert.rejects(driver.launch({ ...here, instance: 'db/2' }), { code: 'STACK_INVALID' });
  await assert.rejects(driver.launch(await context({ binDir: '/nonexistent' })), {
    code: 'REQUIREMENT_UNMET',
    message: /bin_dir \/nonexistent/,
  });
});

if (process.geteuid?.() === 0) {
  test('as root: another user, its data within its reach, a link where one looks', async () => {
    const here = await context();
    const launch = await driver.launch(here);
    const account = await findAccount(launch.user ?? '');
    assert.notEqual(account?.uid, 0);
    assert.ok(launch.workingDir.startsWith(scene.sharedDir));
    assert.equal((await stat(launch.workingDir)).uid, account?.uid);
    assert.ok((await lstat(join(scene.stateDir, 'data', 'db.1'))).isSymbolicLink());
    assert.equal((await stat(scene.stateDir)).mode & 0o777, 0o700);
    assert.match(await readFile(join(scene.stateDir, 'data/db.1/PG_VERSION'), 'utf8'), /^18/);
    const rooted = { ...here, service: { ...here.service, user: 'root' } };
    await assert.rejects(driver.launch(rooted), { message: /refuses to run as root/ });
  });
}
