/** Under maintenance what dies stays down, over a kill of the controller too, until that ends. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { freePort } from '../free-port.ts';
import { type Bench, bench, until } from './harness.ts';
import { killController } from './own-processes.ts';

const service = path.join(import.meta.dirname, 'services/api.ts');

const stack = (port: number) => `
name: rested
services:
  api:
    command: ["\${DARUMA_NODE}", ${service}]
    endpoint: ${port}
    environment: { INSTANCE: "\${INSTANCE}" }
    healthcheck: { http: /healthz, interval: 200ms, timeout: 20s, retries: 2, start_period: 30s }
  other:
    command: ["\${DARUMA_NODE}", ${service}]
    environment: { INSTANCE: "\${INSTANCE}" }
    healthcheck: { http: /healthz, interval: 200ms, timeout: 20s, retries: 2, start_period: 30s }
`;

function ready(stand: Bench, id: string, than: number | null): Promise<number> {
  return until(`${id} is ready anew`, async () => {
    const { phase, pid } = await stand.instance(id);
    return phase === 'ready' && pid !== than && pid;
  });
}

/** It was planned to be restarted, and is held. */
function leftAlone(stand: Bench, id: string): Promise<string> {
  return until(`${id} is left alone`, async () => {
    const { phase, note } = await stand.instance(id);
    return phase === 'held' && note;
  });
}

test('what dies under maintenance is restarted when that ends', async (t) => {
  const stand = await bench(t, stack(await freePort()));
  await stand.up();
  const { message } = await stand.json<{ message: string }>('maintenance', 'api', '--for', '10m');
  assert.equal(message, 'api is under maintenance: watched, and not acted on');
  assert.match((await stand.daruma('ps')).stdout, /api: under maintenance for (10|9) min/);

  const first = await stand.pid('api/1');
  process.kill(first, 'SIGKILL');
  assert.match(await leftAlone(stand, 'api/1'), /would restart api\/1: .*; api is under maint/);
  const other = await stand.pid('other/1');
  process.kill(other, 'SIGKILL');
  await ready(stand, 'other/1', other);

  await killController(stand);
  const { services } = await stand.view();
  assert.ok(services.find(({ name }) => name === 'api')?.maintenance);
  await leftAlone(stand, 'api/1');

  assert.equal((await stand.daruma('start', 'api')).code, 0);
  const second = await ready(stand, 'api/1', first);
  process.kill(second, 'SIGKILL');
  await leftAlone(stand, 'api/1');
  assert.equal((await stand.daruma('maintenance', 'api', '--end')).code, 0);
  await ready(stand, 'api/1', second);
  assert.equal((await stand.daruma('maintenance')).stdout, 'no service is under maintenance\n');
});

test('it ends by itself: when its time is over, or when the service is healthy', async (t) => {
  const stand = await bench(t, stack(await freePort()));
  await stand.up();
  const first = await stand.pid('api/1');
  await stand.daruma('maintenance', 'api', '--for', '3s');
  process.kill(first, 'SIGKILL');
  await ready(stand, 'api/1', first);
  assert.deepEqual(await ends(stand), ['its time is over']);

  await stand.daruma('maintenance', 'api', '--until-healthy');
  process.kill(await stand.pid('api/1'), 'SIGKILL');
  await leftAlone(stand, 'api/1');
  await stand.daruma('start', 'api');
  await until('it is over', async () => (await ends(stand)).length === 2);
  assert.deepEqual(await ends(stand), ['its time is over', 'api is healthy']);
});

async function ends(stand: Bench): Promise<string[]> {
  return (await stand.events()).flatMap(({ record }) =>
    record.kind === 'maintenance-ended' ? [record.reason] : [],
  );
}

test('what makes no sense is refused, with what to do', async (t) => {
  const stand = await bench(t, stack(await freePort()));
  await stand.up();
  for (const [args, code, said] of [
    [['api'], 2, /--for, --until-healthy/],
    [['--for', '1m'], 2, /which service/],
    [['api', '--for', '1m', '--end'], 2, /say one/],
    [['nobody', '--for', '1m'], 9, /there are: api, other/],
    [['api', '--end'], 8, /not under maintenance/],
  ] as const) {
    const { code: ended, stderr } = await stand.daruma('maintenance', ...args);
    assert.match(stderr, said);
    assert.equal(ended, code, args.join(' '));
  }
});
