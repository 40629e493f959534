/** A cluster that Daruma does not start fails over by its own commands. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { freePort } from '../free-port.ts';
import { type Bench, bench, until } from './harness.ts';

const member = path.join(import.meta.dirname, 'services/member.sh');

async function cluster(t: TestContext, fence: string) {
  const ports = [await freePort(), await freePort(), await freePort()];
  const call = (what: string) => `sh ${member} ${what} \${INSTANCE_NUMBER}`;
  const made = await bench(
    t,
    `name: cluster
services:
  far:
    driver: external
    replicas: 2
    endpoint: ${ports[0]}
    environment: { NODE: "${process.execPath}" }
    external:
      start: ${call('start')} \${PORT}
      stop: ${call('stop')}
      status: ${call('status')}
      ports: [${ports[1]}, ${ports[2]}]
    healthcheck: { http: /, interval: 200ms, timeout: 5s }
    failover:
      role: ${call('role')}
      promote: ${call('promote')}
      demote: ${call('demote')}
${fence === '' ? '' : `      fence: ${call(fence)}\n`}`,
  );
  await made.up();
  return { made, says: () => ask(ports[0] ?? 0) };
}

async function ask(port: number): Promise<string | null> {
  const answer = await fetch(`http://127.0.0.1:${port}/`).catch(() => null);
  return answer === null ? null : answer.text();
}

function killPrimary(made: Bench): void {
  process.kill(Number(readFileSync(path.join(made.directory, 'pid.1'), 'utf8')), 'SIGKILL');
}

test('fenced by its own command, then another is promoted', async (t) => {
  const { made, says } = await cluster(t, 'fence');
  await until('the first is primary', async () => (await says()) === '1 primary');
  killPrimary(made);
  await until('the second is primary', async () => (await says()) === '2 primary');
  const acts = readFileSync(path.join(made.directory, 'acts'), 'utf8').trim().split('\n');
  assert.deepEqual(acts.slice(-2), ['fence 1', 'promote 2 2']);
  const back = await until('the former is a standby', async () => {
    const one = await made.instance('far/1');
    return one.phase === 'ready' ? one : null;
  });
  assert.equal(back.role, 'standby');
  assert.equal(readFileSync(path.join(made.directory, 'role.1'), 'utf8'), 'standby\n');
});

test('without a way to fence nothing is promoted', async (t) => {
  const { made, says } = await cluster(t, '');
  await until('the first is primary', async () => (await says()) === '1 primary');
  killPrimary(made);
  await until('the first is primary again', async () => {
    const { pid, phase } = await made.instance('far/1');
    return phase === 'ready' && pid !== undefined && (await says()) === '1 primary';
  });
  const acts = readFileSync(path.join(made.directory, 'acts'), 'utf8');
  assert.doesNotMatch(acts, /promote 2|fence/);
});

test('what a person promoted instead is taken over, and recorded', async (t) => {
  const { made, says } = await cluster(t, '');
  await until('the first is primary', async () => (await says()) === '1 primary');
  const role = (number: number) => path.join(made.directory, `role.${number}`);
  writeFileSync(role(1), 'standby\n');
  writeFileSync(role(2), 'primary\n');
  await until('the endpoint leads to the second', async () => (await says()) === '2 primary');
  const chosen = await until('it is recorded', async () => {
    const records = (await made.events()).map(({ record }) => record);
    const last = records.findLast((one) => one.kind === 'primary-chosen');
    return last?.kind === 'primary-chosen' && last.epoch === 2 && last;
  });
  assert.match(
    chosen.reason,
    /^F7: far\/2 is primary of epoch 2: somebody else made it so, and F1/,
  );
  assert.equal(readFileSync(role(1), 'utf8'), 'standby\n');
  const acts = readFileSync(path.join(made.directory, 'acts'), 'utf8');
  assert.doesNotMatch(acts, /promote 2/);
});
