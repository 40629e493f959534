/** A whole stack with `protocol: http`: what the endpoint counts becomes a symptom. */
import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
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

/** Answers with its name; `api/1` answers nothing while the file is there. */
const mute = `
const { existsSync } = require('node:fs');
const [, file, instance, port] = process.argv;
require('node:http').createServer((_, response) => {
  const answer = () => {
    if (instance === 'api/1' && existsSync(file)) setTimeout(answer, 20);
    else response.end(instance);
  };
  answer();
}).listen(Number(port), '127.0.0.1');
`;

test('an instance that gives requests no answer is suspected before its next check', async (t) => {
  const port = await freePort();
  const made = await bench(
    t,
    `name: muted
services:
  api:
    command: ["${process.execPath}", "-e", ${JSON.stringify(mute)}, mute, "\${INSTANCE}", "\${PORT}"]
    replicas: 2
    endpoint: { listen: ${port}, protocol: http }
    healthcheck: { http: /, interval: 600s, timeout: 300s, start_period: 30s, start_interval: 100ms }
`,
  );
  await made.up();
  const ask = async () => (await fetch(`http://127.0.0.1:${port}/`)).text();
  await until('served', ask);
  for (let index = 0; index < 80; index++) await ask();
  const file = path.join(made.directory, 'mute');
  await writeFile(file, '');
  const routed = async () => (await made.instance('api/1')).routed;
  await until('taken out', async () => {
    for (let index = 0; index < 10; index++) assert.equal(await ask(), 'api/2');
    return (await routed()) === 'draining';
  });
  await rm(file);
  await until('trusted again', async () => (await routed()) === 'serving');
  assert.deepEqual(await made.incidents(), []);
});
