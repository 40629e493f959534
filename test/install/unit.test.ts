/**
 * The units of `install` and `eject`: checked by systemd where it is present, their commands run
 * as systemd would run them, beside a `systemctl` that tells of the job at hand.
 */

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { eject } from '../../src/install/eject.ts';
import { install, reloadSystemd } from '../../src/install/install.ts';
import { carryOut } from '../../src/install/plan.ts';
import { keeperCommand } from '../../src/keeper/start.ts';
import { entry } from '../../src/model/entry.ts';
import { layout } from '../../src/model/layout.ts';
import { keeperArgv } from '../../src/ports/keeper.ts';
import { readStack } from '../../src/stack/read.ts';
import { splitWords } from '../../src/stack/words.ts';
import { freePort } from '../free-port.ts';
import { type Bench, bench, until } from '../scenarios/harness.ts';

const controllerMain = fileURLToPath(
  entry(new URL('../../src/x.ts', import.meta.url).href, './controller-main'),
);

type Installed = Extract<Awaited<ReturnType<typeof install>>, { ok: true }>;

async function installed(at: Bench, root = true): Promise<Installed> {
  const result = await install({
    file: at.file,
    environment: at.environment,
    stateDir: at.stateDir,
    root,
    home: at.directory,
    nodePath: process.execPath,
    keeperArgv: ({ file, stateDir }) => {
      const args = ['--state-dir', stateDir, '--file', file];
      return keeperArgv(keeperCommand(stateDir, [process.execPath, controllerMain, ...args]), []);
    },
  });
  assert.ok(result.ok);
  return result;
}

/** systemd's own opinion of these units; nothing where systemd isn't present. */
function complaints(paths: readonly string[]): string {
  const found = spawnSync('systemd-analyze', ['verify', '--man=no', ...paths], {
    encoding: 'utf8',
  });
  if (found.error !== undefined) return '';
  return found.status === 0
    ? found.stderr.replace(/^.*(?:lib|etc)\/systemd.*\n/gm, '')
    : found.stderr;
}

function lineOf(text: string, name: string): string {
  return new RegExp(`^${name}=(.*)$`, 'm').exec(text)?.[1] ?? '';
}

/** systemd's quoting is, for paths such as these, that of a shell. */
function argvOf(text: string, name: string): [string, ...string[]] {
  const split = splitWords(lineOf(text, name));
  assert.ok(split.ok);
  const [program = '', ...args] = split.words;
  return [program, ...args];
}

class Unit {
  readonly #at: Bench;
  readonly #text: string;
  readonly #environment: Record<string, string>;
  readonly #jobs: string;

  constructor(at: Bench, { plan }: Installed) {
    const bin = join(at.directory, 'bin');
    this.#at = at;
    this.#text = plan.files[0]?.text ?? '';
    this.#jobs = join(at.directory, 'jobs');
    this.#environment = { ...at.environment, PATH: `${bin}:${at.environment['PATH']}` };
    mkdirSync(bin);
    writeFileSync(join(bin, 'systemctl'), `#!/bin/sh\ncat ${this.#jobs}\n`);
    chmodSync(join(bin, 'systemctl'), 0o755);
  }

  job(type: string): void {
    const others = `7 other.service ${type === 'stop' ? 'restart' : 'stop'} running\n`;
    writeFileSync(this.#jobs, `${others}8 daruma-hooked.service ${type} running\n`);
  }

  /** Resolves once the keeper runs and what follows its start is done. */
  async start(): Promise<void> {
    const [program, ...args] = argvOf(this.#text, 'ExecStart');
    spawn(program, args, { env: this.#environment, stdio: 'ignore', detached: true }).unref();
    await this.#run('ExecStartPost', {});
  }

  async stop(): Promise<void> {
    const { pid } = JSON.parse(readFileSync(layout(this.#at.stateDir).keeperFile, 'utf8'));
    await this.#run('ExecStop', { MAINPID: String(pid) });
    assert.ok(!lives(pid));
  }

  #run(name: string, more: Record<string, string>): Promise<void> {
    const [program, ...args] = argvOf(this.#text, name);
    const env = { ...this.#environment, ...more };
    const child = spawn(program, args, { env, stdio: 'ignore' });
    return new Promise((resolve, reject) => {
      child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`${name}: ${code}`))));
    });
  }
}

/** A zombie has ended; that nobody has collected it is its parent's business. */
function lives(pid: number): boolean {
  try {
    return !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

async function ready(at: Bench, ids: readonly string[]): Promise<number[]> {
  return until('all are ready', async () => {
    const instances = await Promise.all(ids.map((id) => at.instance(id)));
    const pids = instances.flatMap(({ phase, pid }) => (phase === 'ready' && pid ? [pid] : []));
    return pids.length === ids.length ? pids : null;
  });
}

const stack = `name: hooked
services:
  a: { command: sleep 1000, replicas: 2 }
  b: { command: sleep 1000, depends_on: [a] }
`;

const web = (port: number) => `
  web:
    command: |
      node -e "require('http').createServer((_, s) => s.end('yes')).listen(process.env.PORT)"
    endpoint: ${port}
`;

async function liveThrough(unit: Unit, at: Bench, port: number): Promise<void> {
  const served = async () => (await fetch(`http://127.0.0.1:${port}`)).text();
  const ids = ['a/1', 'a/2', 'b/1', 'web/1'];
  await unit.start();
  const first = await ready(at, ids);
  unit.job('restart');
  await unit.stop();
  assert.deepEqual(first.map(lives), [true, true, true, true]);
  assert.equal(await served(), 'yes', 'also while nobody is in charge');
  await unit.start();
  assert.deepEqual(await ready(at, ids), first);
  await at.daruma('stop', 'b');
  await until('b has ended', async () => (await at.instance('b/1')).phase === 'stopped');
  await unit.stop();
  await unit.start();
  assert.equal((await at.instance('b/1')).pid, null, 'what was stopped on purpose stays so');
  unit.job('stop');
  await unit.stop();
  assert.deepEqual(first.map(lives), [false, false, false, false]);
  await assert.rejects(served());
  await unit.start();
  await ready(at, ids);
}

test('stop ends all, restart lets go of it, start brings back what is wanted', async (t) => {
  const port = await freePort();
  const at = await bench(t, stack + web(port));
  try {
    await liveThrough(new Unit(at, await installed(at)), at, port);
  } finally {
    // It may have failed while nobody was in charge; now there is somebody for `down` to ask.
    await at.daruma('up', '--detach');
  }
});

test('systemd understands the unit, and secrets are in a file of their own', async (t) => {
  const at = await bench(t, `${stack}  c: { command: "c \${TOKEN}" }\n`, {
    TOKEN: 'a secret: "100%" $x',
    UNUSED: 'not kept',
  });
  const system = await installed(at);
  assert.deepEqual(
    system.plan.files.map(({ path, mode }) => [path, mode]),
    [
      ['/etc/systemd/system/daruma-hooked.service', 0o644],
      [join(at.stateDir, 'environment'), 0o600],
    ],
  );
  const [unit, environment] = system.plan.files;
  assert.ok(unit !== undefined && environment !== undefined);
  for (const line of ['Type=notify', 'Restart=always', 'KillMode=process', 'WatchdogSec=30']) {
    assert.ok(unit.text.split('\n').includes(line), line);
  }
  assert.ok(!unit.text.includes('a secret'));
  assert.match(environment.text, /^TOKEN="a secret: \\"100%\\" \\\$x"$/m);
  assert.ok(!environment.text.includes('UNUSED'));
  const written = join(at.directory, 'daruma-hooked.service');
  writeFileSync(written, unit.text);
  assert.equal(complaints([written]), '');
  assert.equal(reloadSystemd(['true']), true);
  assert.equal(reloadSystemd(['no-such-systemctl', '--user']), false);
  const own = await installed(at, false);
  assert.equal(
    own.plan.files[0]?.path,
    join(at.directory, '.config/systemd/user/daruma-hooked.service'),
  );
  assert.match(own.plan.files[0]?.text ?? '', /--unit daruma-hooked\.service --user$/m);
  assert.match(own.plan.files[0]?.text ?? '', /^WantedBy=default\.target$/m);
});

test('variables that hold secrets are kept, also those that are named by default', async (t) => {
  const to = 'to: [{ path: "s3://bucket" }], encrypt_to: [{ passphrase_env: WORDS }]';
  const points = `recovery_points: { every: 1h, paths: [.], ${to} }`;
  const at = await bench(
    t,
    `${stack}  c: { command: c, ${points} }\nnotify: { targets: [{ webhook_env: HOOK }] }\n`,
    {
      AWS_ACCESS_KEY_ID: 'id',
      AWS_SECRET_ACCESS_KEY: 'key',
      HOOK: 'http://127.0.0.1/',
      WORDS: 'three',
    },
  );
  const environment = (await installed(at)).plan.files[1]?.text ?? '';
  for (const line of [
    'AWS_ACCESS_KEY_ID="id"',
    'AWS_SECRET_ACCESS_KEY="key"',
    'HOOK="http',
    'WORDS="three"',
  ]) {
    assert.ok(environment.includes(`\n${line}`), line);
  }
});

test('root’s state goes to /var/lib unless there is some beside the stack file', async (t) => {
  const at = await bench(t, stack);
  const options = {
    file: at.file,
    environment: at.environment,
    stateDir: null,
    root: true,
    home: at.directory,
    nodePath: process.execPath,
    keeperArgv: () => ['/bin/true'],
  };
  const fresh = await install(options);
  assert.ok(fresh.ok);
  assert.equal(fresh.stateDir, '/var/lib/daruma/hooked');
  assert.deepEqual(fresh.plan.link, { path: at.stateDir, target: '/var/lib/daruma/hooked' });
  mkdirSync(at.stateDir);
  const kept = await install(options);
  assert.ok(kept.ok);
  assert.equal(kept.stateDir, at.stateDir);
  assert.equal(kept.plan.link, null);
});

test('ejected units hold all that the running instances have', async (t) => {
  const port = await freePort();
  const at = await bench(
    t,
    `name: shop
services:
  db:
    command: [node, -e, "require('net').createServer().listen(process.env.PORT)", "100% $$x"]
    endpoint: ${port}
    environment: { PASSWORD: 'p"w $$1' }
    limits: { memory: 256m, cpus: 0.5, pids: 100 }
    stop_signal: INT
  seed: { command: "true", depends_on: { db: { condition: service_healthy } } }
  api:
    command: sleep 1000
    replicas: 2
    depends_on:
      db: {}
      seed: { condition: service_completed_successfully, required: false }
  off: { command: "sleep \${INSTANCE_NUMBER}000", environment: { DB: "\${services.db.url}" } }
`,
  );
  await at.up();
  await at.daruma('stop', 'off');
  await until('off has ended', async () => (await at.instance('off/1')).phase === 'stopped');
  const read = await readStack({ file: at.file, environment: at.environment });
  assert.ok(read.ok);
  const directory = join(at.directory, 'ejected');
  const view = await at.view();
  const plan = eject({ spec: read.spec, view, directory, root: true, nodePath: process.execPath });
  carryOut(plan, { force: false });
  const text = (name: string) => readFileSync(join(directory, name), 'utf8');
  const api = text('shop-api-2.service');
  assert.equal(lineOf(api, 'Requires'), 'shop-db-1.service shop-db-endpoint.socket');
  assert.equal(lineOf(api, 'Wants'), 'shop-seed-1.service');
  assert.equal(
    lineOf(api, 'After'),
    'shop-db-1.service shop-db-endpoint.socket shop-seed-1.service',
  );
  const db = text('shop-db-1.service');
  assert.match(lineOf(db, 'ExecStart'), /^\S*\/node -e "require.+" "100%% \$\$x"$/);
  assert.equal(lineOf(db, 'MemoryMax'), String(256 * 2 ** 20));
  assert.equal(lineOf(db, 'CPUQuota'), '50%');
  assert.equal(lineOf(db, 'KillSignal'), 'SIGINT');
  assert.equal(lineOf(db, 'KillMode'), 'mixed');
  const instance = await at.instance('db/1');
  assert.match(text('shop-db-1.env'), /^PASSWORD="p\\"w \\\$1"$/m);
  assert.match(text('shop-db-1.env'), new RegExp(`^PORT="${instance.port}"$`, 'm'));
  assert.ok(!text('shop-db-1.env').includes('DARUMA_'));
  assert.equal(statSync(join(directory, 'shop-db-1.env')).mode & 0o777, 0o600);
  assert.match(
    text('shop-db-endpoint.socket'),
    new RegExp(`^ListenStream=127.0.0.1:${port}$`, 'm'),
  );
  assert.equal(lineOf(text('shop-seed-1.service'), 'Type'), 'oneshot');
  assert.match(text('shop-off-1.service'), /^ExecStart=\/usr\/bin\/env sleep 1000$/m);
  assert.match(text('shop-off-1.env'), /^# TODO: DB=/m);
  const units = plan.files.map(({ path }) => path).filter((path) => !path.endsWith('.env'));
  const proxy = '/usr/lib/systemd/systemd-socket-proxyd';
  const checkable = units.filter((path) => existsSync(proxy) || !path.includes('endpoint'));
  assert.equal(complaints(checkable), '');
});
