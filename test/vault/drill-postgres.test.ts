/** Restore drills of a database: a second server on a free port, asked in SQL, and nothing left. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { Client } from 'pg';
import type { PointProof } from '../../src/model/recovery-point.ts';
import { freePort } from '../free-port.ts';
import { type Bench, bench, processesOf } from '../scenarios/harness.ts';
import { newKey } from './bare-scene.ts';
import { emptyDirectory } from './source-scene.ts';

async function write(machine: Bench, port: number): Promise<void> {
  const secrets = readFileSync(join(machine.stateDir, 'secrets/db.json'), 'utf8');
  const password = String(JSON.parse(secrets).superuser);
  const client = new Client({
    ...{ host: '127.0.0.1', port, user: 'postgres', database: 'postgres', password },
  });
  await client.connect();
  await client.query("CREATE TABLE letter (text text); INSERT INTO letter VALUES ('kept')");
  await client.end();
}

function stackFile(
  port: number,
  key: Awaited<ReturnType<typeof newKey>>,
  expected: number,
): string {
  const recipient = key.spec.kind === 'recipient' ? key.spec.recipient : '';
  return `
name: tried
services:
  db:
    driver: postgres
    endpoint: ${port}
    postgres: { database: postgres }
    recovery_points: { every: 1h, encrypt_to: [${recipient}] }
    restore_drill:
      identity: ${key.file}
      verify:
        - { sql: SELECT count(*) = ${expected} FROM letter }
        - { command: 'test -e \${DATA_DIR}/PG_VERSION' }
`;
}

test('a point of a database is proven, or is not, and nothing is left of it', async (t) => {
  const key = await newKey(emptyDirectory(t));
  const port = await freePort();
  const machine = await bench(t, stackFile(port, key, 1));
  await machine.up();
  await write(machine, port);
  const made = await machine.daruma('backup', 'db');
  assert.equal(made.code, 0, made.stdout + made.stderr);

  const proof = await machine.json<PointProof>('restore-drill', 'db');
  assert.deepEqual(proof.error, null);
  assert.ok(proof.restoreMs > 0 && proof.lossMs >= 0);
  assert.deepEqual(proof.notes ?? [], []);

  await machine.rewrite(stackFile(port, key, 2));
  await machine.up();
  const disproven = await machine.daruma('restore-drill', 'db');
  assert.notEqual(disproven.code, 0);
  assert.match(disproven.stdout + disproven.stderr, /SELECT count\(\*\) = 2 FROM letter.*false/);

  const data = realpathSync(join(machine.stateDir, 'data/db.1'));
  const left = readdirSync(dirname(data)).filter((name) => name.includes('.drill-'));
  assert.deepEqual(left, []);
  assert.deepEqual(processesOf(`${data}.drill-`), []);
});
