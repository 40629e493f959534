/**
 * Everything back on a bare machine with nothing but the vault and the key, by the lines of
 * docs/operating/recovery-points.md: Daruma's own state and the stack file by hand, the data of
 * services by Daruma.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { stateService } from '../../src/model/recovery-point.ts';
import { freePort } from '../free-port.ts';
import { type Bench, bench, endProcessesOf } from '../scenarios/harness.ts';
import { linesOfPage, newKey } from './bare-scene.ts';
import { emptyDirectory } from './source-scene.ts';

const run = promisify(execFile);
const main = resolve(import.meta.dirname, '../../src/main.ts');
const service = fileURLToPath(new URL('./bare-service.ts', import.meta.url));

const [, byHand = ''] = linesOfPage('By hand');
const [unpackState = '', goOn = ''] = linesOfPage('A bare machine');

function stackFile(port: number, vault: string, recipient: string): string {
  const points = `
  to: [${vault}]
  encrypt_to: [${recipient}]
  every: 1h`;
  return `
name: bare
recovery_points:${points}
services:
  files:
    command: ${process.execPath} --disable-warning=ExperimentalWarning ${service} \${DATA_DIR}
    data_dir: ./files
    endpoint: ${port}
    healthcheck: { http: /, interval: 1s }
    environment: { GREETING: "\${GREETING}" }
    recovery_points:${points.replaceAll('\n', '\n    ')}
`;
}

/** The command as it is when the package is installed. */
function installDaruma(directory: string): string {
  const bin = join(directory, 'bin');
  mkdirSync(bin);
  const command = `exec '${process.execPath}' --disable-warning=ExperimentalWarning '${main}' "$@"`;
  writeFileSync(join(bin, 'daruma'), `#!/bin/sh\n${command}\n`, { mode: 0o755 });
  return `${bin}:/usr/local/bin:/usr/bin:/bin`;
}

async function ask(port: number, path: string, body?: string): Promise<string> {
  const method = body === undefined ? 'GET' : 'PUT';
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    ...(body === undefined ? {} : { body }),
  });
  return answer.ok ? answer.text() : `HTTP ${answer.status}`;
}

/** A machine that works, and makes its points. */
async function firstMachine(t: TestContext, stack: string, port: number): Promise<Bench> {
  const machine = await bench(t, stack);
  writeFileSync(join(machine.directory, '.env'), 'GREETING=hello\n', { mode: 0o600 });
  await machine.up();
  await ask(port, '/letter', 'to be kept');
  for (const name of ['files', stateService]) {
    const { code, stdout, stderr } = await machine.daruma('backup', name);
    assert.equal(code, 0, stdout + stderr);
  }
  return machine;
}

function newestPoint(vault: string): string {
  const names = readdirSync(join(vault, stateService)).filter((name) => name.endsWith('.json'));
  return names.sort().at(-1)?.replace('.json', '') ?? '';
}

test('everything back on a bare machine, with nothing but the vault and the key', async (t) => {
  const outside = emptyDirectory(t);
  const [vault, port] = [join(outside, 'vault'), await freePort()];
  const key = await newKey(outside);
  const recipient = key.spec.kind === 'recipient' ? key.spec.recipient : '';
  const first = await firstMachine(t, stackFile(port, vault, recipient), port);
  const before = await first.events();
  await first.daruma('down');
  await endProcessesOf(first.directory);
  rmSync(first.directory, { recursive: true });

  const second = await bench(t, '');
  rmSync(second.file);
  const environment = {
    ...{ PATH: installDaruma(outside), HOME: outside, NO_COLOR: '1' },
    ...{ VAULT: vault, KEY: key.file, SERVICE: stateService, POINT: newestPoint(vault) },
  };
  const lines = (text: string) =>
    run('bash', ['-euc', text], { cwd: second.directory, env: environment });
  await lines(byHand);
  await lines(unpackState);
  assert.match(readFileSync(join(second.directory, '.env'), 'utf8'), /GREETING=hello/);
  await lines(goOn);
  assert.equal(await ask(port, '/letter'), 'to be kept');
  assert.equal(await ask(port, '/'), join(second.directory, 'files'));
  // What was learned and told before goes on.
  const after = await second.events();
  assert.deepEqual(after.slice(0, 5), before.slice(0, 5));
  assert.deepEqual(
    readdirSync(second.directory).filter((name) => name.startsWith('files')),
    ['files'],
  );
});
