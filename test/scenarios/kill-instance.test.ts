/** An instance is killed under load. */

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { atEnd } from '../at-end.ts';
import { freePort } from '../free-port.ts';
import { type Bench, bench, isAlive, until } from './harness.ts';
import { readLedger } from './ledger.ts';
import { type Failure, Load } from './load.ts';

const rounds = process.env['DARUMA_TEST_LONG'] === '1' ? 20 : 2;
const service = path.join(import.meta.dirname, 'services/api.ts');

const stack = (port: number, ledger: string) => `
name: killed
services:
  api:
    command: ["\${DARUMA_NODE}", ${service}]
    replicas: 2
    endpoint: ${port}
    environment: { LEDGER: ${ledger}, INSTANCE: "\${INSTANCE}", WORK_MS: 20 }
    healthcheck: { http: /healthz, interval: 500ms, timeout: 20s, retries: 2, start_period: 30s }
    recovery: { max_actions: 1000 per 1m }
    restart: { backoff: { initial: 1ms, max: 1ms } }
recovery: { max_actions: 1000 per 1m }
`;

/** Null: it was in flight on the instance that was killed, so it had to fail. */
function complaint(failure: Failure, killed: { pid: number; diedAt: number }, ledger: string) {
  const { id, beganAt, boundTo, error } = failure;
  const others = readLedger(ledger).filter(({ pid }) => pid !== killed.pid);
  const own = readLedger(ledger).find(({ pid }) => pid === killed.pid);
  if (others.some(({ accepted }) => accepted.has(id))) return `${id} was another's: ${error}`;
  if (own?.answered.has(id)) return `${id} was answered: ${error}`;
  if (own?.accepted.has(id) || boundTo === own?.instance) return null;
  // Not yet read by the program, or its kept connection had just been cut.
  return beganAt <= killed.diedAt ? null : `${id} began after the kill: ${error}`;
}

async function killOnce(stand: Bench, load: Load, ledger: string): Promise<void> {
  const before = load.failures.length;
  const pid = await stand.pid('api/1');
  const answeredBefore = load.answered.get('api/1') ?? 0;
  process.kill(pid, 'SIGKILL');
  await until('it is dead', () => !isAlive(pid));
  const killed = { pid, diedAt: performance.now() };
  const again = async () => {
    const { phase, pid: newPid, routed } = await stand.instance('api/1');
    return phase === 'ready' && routed === 'serving' && newPid !== pid;
  };
  await until('it is back', again);
  const atReturn = load.answered.get('api/1') ?? 0;
  await until('it serves again', () => (load.answered.get('api/1') ?? 0) > atReturn + 10);
  assert.ok(atReturn >= answeredBefore);
  const complaints = load.failures
    .slice(before)
    .map((failure) => complaint(failure, killed, ledger))
    .filter((text) => text !== null);
  assert.deepEqual(complaints, []);
}

test('kill -9 under load: only what was in flight on that instance may fail', async (t) => {
  const port = await freePort();
  const stand = await bench(t, '');
  const ledger = path.join(stand.directory, 'ledger');
  await mkdir(ledger);
  await stand.rewrite(stack(port, ledger));
  await stand.up();
  const load = new Load(port);
  atEnd(t, () => load.end());
  await until('both serve', () => load.answered.size === 2);
  for (let round = 0; round < rounds; round += 1) await killOnce(stand, load, ledger);
  await load.end();
  assert.equal((await stand.instance('api/1')).restarts, rounds);
  assert.equal((await stand.instance('api/2')).restarts, 0, 'the other one was left alone');
  const blamed = (await stand.incidents()).map(({ component }) => component);
  assert.deepEqual([...new Set(blamed)], ['api/1']);
});
