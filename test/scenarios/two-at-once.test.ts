/** Two services are killed within the same second. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { freePort } from '../free-port.ts';
import { type Bench, bench, isAlive, until } from './harness.ts';

const service = path.join(import.meta.dirname, 'services/api.ts');

async function stackOf(dependsOn: string): Promise<string> {
  const one = async (name: string, rest: string) => `
  ${name}:
    command: ["\${DARUMA_NODE}", ${service}]
    endpoint: ${await freePort()}
    environment: { INSTANCE: "\${INSTANCE}" }
    healthcheck: { http: /healthz, interval: 500ms, timeout: 20s, retries: 2, start_period: 30s }
    ${rest}`;
  return `name: twice\nservices:${await one('back', '')}${await one('front', dependsOn)}\n`;
}

async function killBoth(stand: Bench): Promise<void> {
  const instances = ['back/1', 'front/1'];
  const pids = await Promise.all(instances.map((id) => stand.pid(id)));
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  await until('both are dead', () => pids.every((pid) => !isAlive(pid)));
  await until('both are back', async () => {
    const now = await Promise.all(instances.map((id) => stand.instance(id)));
    return now.every(({ phase, pid }) => phase === 'ready' && pid !== null && !pids.includes(pid));
  });
}

async function blamed(stand: Bench): Promise<string[]> {
  const records = (await stand.events()).map(({ record }) => record);
  const located = records.flatMap((one) => (one.kind === 'incident-located' ? [one] : []));
  const sure = located
    .filter(({ unsure }) => !unsure)
    .flatMap(({ causes }) => causes.filter(({ probability }) => probability >= 0.6))
    .map(({ component, fault }) => `${component} ${fault}`);
  return [...new Set(sure)].sort();
}

for (const [name, rest] of [
  ['nothing to do with each other', ''],
  ['one that depends on the other', 'depends_on: { back: { condition: service_healthy } }'],
] as const) {
  test(`${name}: both are blamed, for sure, and mended`, async (t) => {
    const stand = await bench(t, await stackOf(rest));
    await stand.up();
    await killBoth(stand);
    assert.deepEqual(await blamed(stand), ['back/1 crash', 'front/1 crash']);
    for (const id of ['back/1', 'front/1']) assert.equal((await stand.instance(id)).restarts, 1);
    const { code } = await stand.daruma('explain');
    assert.equal(code, 0);
  });
}
