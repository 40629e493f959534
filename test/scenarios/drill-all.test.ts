/** `drill --all`: every fault that the stack can take, and a scorecard beside the one before. */

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import type { Scorecard } from '../../src/cli/scorecard.ts';
import { layout } from '../../src/model/layout.ts';
import { AccountsDb } from '../../src/server/api/accounts-db.ts';
import { DrillBook } from '../../src/server/api/drill-book.ts';
import { atEnd } from '../at-end.ts';
import { freePort } from '../free-port.ts';
import { bench } from './harness.ts';

const api = path.join(import.meta.dirname, 'services/api.ts');

const stack = (port: number) => `
name: drilled
services:
  job:
    command: "true"
    restart: on-failure
  api:
    command: ["\${DARUMA_NODE}", ${api}]
    endpoint: ${port}
    environment: { INSTANCE: "\${INSTANCE}" }
    depends_on: { job: { condition: service_completed_successfully } }
    healthcheck: { http: /healthz, interval: 300ms, timeout: 2s, retries: 2, start_period: 30s }
    restart: { backoff: { initial: 10ms, max: 100ms } }
`;

interface Printed extends Scorecard {
  readonly before: Scorecard | null;
}

test('every fault that the stack can take, one after the other', async (t) => {
  const stand = await bench(t, stack(await freePort()));
  await stand.up();
  const asked = await stand.daruma('drill', '--all');
  assert.deepEqual([asked.code, /needs --yes/.test(asked.stderr)], [8, true]);
  assert.deepEqual(await stand.incidents(), [], 'nothing was done without consent');

  const options = ['drill', '--all', '--yes', '--seed', '5', '--kills', '2', '--timeout', '240'];
  const first = await stand.json<Printed>(...options);
  const done = first.drills.flatMap(({ result }) => result ?? []);
  assert.deepEqual(
    done.map(({ fault }) => fault).toSorted(),
    ['controller-kill', 'crash-loop', 'hang', 'kill', 'slow'],
    JSON.stringify(first),
  );
  for (const { fault, end, blamed, detectedMs, recoveredMs, target } of done) {
    assert.equal(end, 'recovered', fault);
    assert.notEqual(recoveredMs, null, fault);
    if (fault === 'controller-kill') continue;
    assert.deepEqual([target, blamed?.right], ['api/1', true], fault);
    assert.notEqual(detectedMs, null, `${fault}, of an incident that came back too`);
  }
  const accounts = new AccountsDb(layout(stand.stateDir).accountsDatabase);
  atEnd(t, () => accounts.close());
  const kept = new DrillBook(accounts).list().toReversed();
  assert.deepEqual(
    kept.map(({ fault, target, result }) => ({ fault, target, result })),
    done.map((result) => ({ fault: result.fault, target: result.target, result })),
    'the console knows of them too',
  );
  const skipped = first.drills.filter(({ skipped }) => skipped !== null);
  assert.deepEqual(new Set(skipped.map(({ service }) => service)), new Set(['job', 'api']));
  assert.match(skipped.find(({ service }) => service === 'api')?.skipped ?? '', /memory limit/);
  assert.equal(first.before, null);

  // Only the controller is left, so that the second one is short.
  assert.equal((await stand.daruma('stop', 'api')).code, 0);
  const cards = path.join(stand.stateDir, 'drills.json');
  const file = await readFile(cards, 'utf8');
  await writeFile(cards, JSON.stringify(Array.from({ length: 30 }, () => JSON.parse(file)[0])));
  const again = await stand.daruma('drill', '--all', '--yes', '--seed', '5');
  assert.equal(again.code, 0, again.stderr);
  assert.match(again.stdout, /kill +api +(– +)+skipped: it is stopped/);
  assert.match(again.stdout, /controller-kill +controller .* was \d/);
  assert.match(again.stdout, /before: .* --seed 5\n$/);
  const all: Scorecard[] = JSON.parse(await readFile(cards, 'utf8'));
  assert.equal(all.length, 20);
});
