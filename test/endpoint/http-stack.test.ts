/** A whole stack with `protocol: http`: what the endpoint counts becomes a symptom. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { freePort } from '../free-port.ts';
import { bench, until } from '../scenarios/harness.ts';

const program = path.resolve(import.meta.dirname, 'http-instance.ts');

test('requests and their answers are signals, which expressions may use', async (t) => {
  const port = await freePort();
  const made = await bench(
    t,
    `name: counted
services:
  api:
    command: ["${process.execPath}", "${program}", api, "\${PORT}"]
    endpoint: { listen: ${port}, protocol: http }
    healthcheck: { http: /, interval: 1s, timeout: 10s, start_period: 30s }
    symptoms:
      - name: unknown pages
        expr: endpoint.status_4xx > 0.5 * endpoint.requests && endpoint.latency.p99 > 0
`,
  );
  await made.up();
  const incident = await until('the symptom', async () => {
    for (let index = 0; index < 10; index++) {
      const { status } = await fetch(`http://127.0.0.1:${port}/unknown`);
      assert.equal(status, 404);
    }
    const [latest] = await made.incidents();
    return latest;
  });
  assert.deepEqual(
    incident.symptoms.map(({ name }) => name),
    ['unknown pages'],
  );
  assert.match(incident.symptoms[0]?.evidence ?? '', /endpoint\.status_4xx = /);
});
