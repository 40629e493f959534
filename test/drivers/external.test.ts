import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { createDrivers } from '../../src/drivers/index.ts';
import type { ExternalSpec } from '../../src/model/stack-spec.ts';
import type { DriverContext, ExternalDriver } from '../../src/ports/driver.ts';
import {
  contextOf,
  endpointSpec,
  externalService,
  makeScene,
  removeScene,
  type Scene,
  serviceSpec,
  until,
} from './scene.ts';

let scene: Scene;
const driver = externalDriver();

beforeEach(async () => {
  scene = await makeScene();
});

afterEach(() => removeScene(scene));

function externalDriver(): ExternalDriver {
  const { external } = createDrivers();
  assert.equal(external.kind, 'external');
  return external;
}

function context(over: Partial<ExternalSpec>): DriverContext {
  return contextOf(externalService(over), scene.stateDir);
}

function shell(script: string): { argv: string[] } {
  return { argv: ['/bin/sh', '-c', script] };
}

const statuses: readonly (readonly [string, string, boolean | null])[] = [
  ['systemctl is-active', 'echo active', true],
  ['systemctl is-active', 'echo inactive; exit 3', false],
  ['systemctl is-active', 'echo failed; exit 3', false],
  ['systemctl is-active, starting', 'echo activating; exit 3', null],
  ['supervisorctl', 'echo "web  RUNNING   pid 41, uptime 0:00:05"', true],
  ['supervisorctl', 'echo "web  FATAL     Exited too quickly"; exit 3', false],
  ['supervisorctl, old', 'echo "web  STOPPED   Not started"; exit 0', false],
  ['supervisorctl, starting', 'echo "web  STARTING"; exit 3', null],
  ['supervisorctl, no supervisord', 'echo "unix:///x.sock no such file"; exit 4', null],
  ['docker inspect', 'echo true', true],
  ['docker inspect', 'echo false', false],
  ['docker inspect, no daemon', 'echo "Cannot connect" >&2; exit 1', null],
  ['LSB', 'exit 0', true],
  ['LSB', 'exit 3', false],
  ['LSB', 'exit 1', null],
  ['killed', 'kill -9 $$', null],
];

for (const [name, script, running] of statuses) {
  test(`status of ${name}: «${script}» means ${running}`, async () => {
    const status = await driver.status(context({ status: shell(script) }), 60_000);
    assert.equal(status.running, running);
  });
}

test('a status command that can not be run or does not end leaves it unknown', async () => {
  const missing = context({ status: { argv: ['/nonexistent/program'] } });
  const unknown = await driver.status(missing, 60_000);
  assert.equal(unknown.running, null);
  assert.match(unknown.text, /could not be run.*ENOENT/);
  const late = await driver.status(context({ status: shell('sleep 600') }), 100);
  assert.deepEqual([late.running, late.text.includes('did not end within 0.1 s')], [null, true]);
});

test('the main process is known by its pid file, or by what supervisorctl says', async () => {
  const pidFile = join(scene.root, 'web.pid');
  const here = context({ pidFile });
  assert.deepEqual((await driver.status(here, 1_000)).running, false);
  await writeFile(pidFile, `${process.pid}\n`);
  const { running, pid } = await driver.status(here, 1_000);
  assert.deepEqual([running, pid], [true, process.pid]);
  const supervised = context({ status: shell('echo "web RUNNING pid 41, uptime 1:00"') });
  assert.equal((await driver.status(supervised, 60_000)).pid, 41);
});

test('a pid file whose process has ended contradicts a status that says it runs', async () => {
  const pidFile = join(scene.root, 'web.pid');
  const here = context({ pidFile, status: shell('exit 0') });
  assert.equal((await driver.status(here, 60_000)).running, true, 'no file yet');
  await writeFile(pidFile, '4194305\n');
  assert.equal((await driver.status(here, 60_000)).running, null);
});

test('start returns although the service it left behind keeps its output open', async () => {
  const pidFile = join(scene.root, 'web.pid');
  const script = `echo hello; (while :; do echo tick; sleep 0.05; done) & echo $! > ${pidFile}`;
  const here = context({ start: shell(script), pidFile });
  await driver.start(here);
  const { pid } = await driver.status(here, 1_000);
  assert.ok(pid !== null);
  try {
    const output = join(scene.stateDir, 'logs/web.1/start.out');
    await until(async () => (await readFile(output, 'utf8')).split('tick').length > 3);
    assert.equal((await driver.status(here, 1_000)).running, true);
  } finally {
    process.kill(pid, 'SIGKILL');
  }
});

test('an error carries the last lines, and templates are expanded', async () => {
  const script = 'echo one; echo "no such unit on $0" >&2; exit 5';
  const here = context({ start: { argv: ['/bin/sh', '-c', script, '${PORT}'] } });
  await assert.rejects(driver.start(here), {
    code: 'START_FAILED',
    message: 'the start command exited with code 5: one | no such unit on 4711',
  });
  const logs = driver.logs(context({ logs: { argv: ['tail', '-f', '${PORT}.log'] } }));
  assert.deepEqual(logs, { argv: ['tail', '-f', '4711.log'] });
  assert.equal(driver.logs(context({})), null);
  await assert.rejects(driver.stop(context({})), { code: 'REFUSED' });
});

test('the time-out kills all that the command started', async () => {
  const pidFile = join(scene.root, 'child.pid');
  const script = `sleep 600 & echo $! > ${pidFile}; wait`;
  const here = context({ stop: shell(script), timeoutMs: 5_000 });
  await assert.rejects(driver.stop(here), { code: 'TIMED_OUT', message: /did not end within/ });
  const pid = Number(await readFile(pidFile, 'utf8'));
  await until(async () => {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') Z');
    return stat.slice(stat.lastIndexOf(')')).startsWith(') Z');
  });
});

test('addresses: of the endpoint, or none', async () => {
  await mkdir(scene.sharedDir);
  const { process: plain } = createDrivers();
  const service = serviceSpec({ endpoint: { ...endpointSpec(8080), host: '::' } });
  const address = { host: '::1', port: '8080' };
  assert.deepEqual(await driver.attributes(service, scene.stateDir), address);
  assert.deepEqual(await plain.attributes(service, scene.stateDir), {
    ...address,
    url: 'http://[::1]:8080',
  });
  assert.deepEqual(await plain.attributes(serviceSpec({}), scene.stateDir), {});
});
