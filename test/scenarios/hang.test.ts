/** An instance that hangs is taken out of the endpoint, restarted, and called so. */

import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { atEnd } from '../at-end.ts';
import { freePort } from '../free-port.ts';
import { type Bench, bench, until } from './harness.ts';
import { Load } from './load.ts';

const rounds = process.env['DARUMA_TEST_LONG'] === '1' ? 10 : 1;
const service = path.join(import.meta.dirname, 'services/api.ts');

const stack = (port: number, more = '') => `
name: hung
services:
  api:
    command: ["\${DARUMA_NODE}", ${service}]
    replicas: 2
    endpoint: ${port}
    environment: { INSTANCE: "\${INSTANCE}"${more} }
    healthcheck: { http: /healthz, interval: 500ms, timeout: 5s, retries: 2, start_period: 30s }
    recovery: { max_actions: 1000 per 1m }
    restart: { backoff: { initial: 1ms, max: 1ms } }
recovery: { max_actions: 1000 per 1m }
`;

/** Waits until another process serves as this instance. */
function replaced(stand: Bench, id: string, pid: number): Promise<number> {
  return until(`${id} is replaced`, async () => {
    const now = await stand.instance(id);
    return now.phase === 'ready' && now.routed === 'serving' && now.pid !== pid && now.pid;
  });
}

/** The latest incident blames a hang of this instance, and nothing else was touched. */
async function explainedAsHang(stand: Bench, id: string): Promise<void> {
  // On a busy machine a check of the other one may fail for a moment; for that nothing is done.
  const acted = (await stand.incidents()).filter(({ actions }) =>
    actions.some(({ begun }) => begun !== null),
  );
  const incident = acted.sort((a, b) => b.onset - a.onset)[0];
  assert.equal(incident?.component, id);
  assert.equal(incident.causes[0]?.fault, 'hang');
  const begun = incident.actions.filter((action) => action.begun !== null);
  assert.deepEqual([...new Set(begun.map(({ target }) => target))], [id]);
  assert.ok(begun.some(({ kind }) => kind === 'restart'));
  assert.match((await stand.daruma('explain', incident.id)).stdout, /restart api\/\d: it hangs/);
}

test('SIGSTOP: out of the endpoint, restarted, explained as a hang', async (t) => {
  const port = await freePort();
  const stand = await bench(t, stack(port));
  await stand.up();
  const load = new Load(port);
  atEnd(t, () => load.end());
  await until('both serve', () => load.answered.size === 2);
  for (let round = 0; round < rounds; round += 1) {
    const pid = await stand.pid('api/1');
    process.kill(pid, 'SIGSTOP');
    await replaced(stand, 'api/1', pid);
    await explainedAsHang(stand, 'api/1');
  }
  await load.end();
  const others = load.failures.filter(({ boundTo }) => boundTo === 'api/2');
  const told = (await stand.incidents()).map(({ onset, summary }) => `${onset} ${summary}`);
  assert.deepEqual(others, [], `nobody bound to the other one noticed; ${told.join('\n')}`);
});

test('SIGSTOP right after a start, before it was ever ready', async (t) => {
  const stand = await bench(t, stack(await freePort(), ', START_MS: 5000'));
  await stand.up();
  for (let round = 0; round < rounds; round += 1) {
    const first = await stand.pid('api/1');
    process.kill(first, 'SIGKILL');
    const second = await until('it was started again', async () => {
      const { pid, phase } = await stand.instance('api/1');
      return pid !== first && phase !== 'ready' && pid;
    });
    process.kill(second, 'SIGSTOP');
    await replaced(stand, 'api/1', second);
    await explainedAsHang(stand, 'api/1');
  }
});

test('a blocked event loop, as soon as it serves and later', async (t) => {
  const stand = await bench(t, stack(await freePort()));
  await stand.up();
  for (let round = 0; round < rounds + 1; round += 1) {
    const { pid, port } = await stand.instance('api/2');
    assert.ok(pid !== null && port !== null);
    await fetch(`http://127.0.0.1:${port}/block`);
    await until('it gets no new connections', async () => {
      const now = await stand.instance('api/2');
      return now.pid !== pid || now.routed !== 'serving';
    });
    await replaced(stand, 'api/2', pid);
    await explainedAsHang(stand, 'api/2');
  }
  assert.equal((await stand.instance('api/1')).restarts, 0);
});
