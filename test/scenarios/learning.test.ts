/** Three drills teach; what was learned can be carried elsewhere, and survives the controller. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import type { DetectorView, Knowledge, ServiceLearned } from '../../src/model/knowledge.ts';
import { freePort } from '../free-port.ts';
import { type Bench, bench, until } from './harness.ts';

const service = path.join(import.meta.dirname, 'services/api.ts');

/** Many retries: on a busy machine two checks failed before the exit was told. */
const stack = (port: number) => `
name: learning
services:
  api:
    command: ["\${DARUMA_NODE}", ${service}]
    endpoint: ${port}
    environment: { INSTANCE: "\${INSTANCE}" }
    healthcheck: { http: /healthz, interval: 500ms, timeout: 20s, retries: 20, start_period: 30s }
    recovery: { max_actions: 1000 per 1m }
`;

/** Without the time that goes on. */
function counted(knowledge: Knowledge): unknown {
  return JSON.parse(JSON.stringify(knowledge, (key, value) => (key === 'observedMs' ? 0 : value)));
}

function exported(stand: Bench): Promise<Knowledge> {
  return stand.json<Knowledge>('knowledge', 'export');
}

test('three kills teach what a kill shows and what mends it', async (t) => {
  const stand = await bench(t, stack(await freePort()));
  await stand.up();
  const summaries: string[] = [];
  for (let count = 0; count < 3; count += 1) {
    const { summary, end } = await stand.json<{ summary: string; end: string }>(
      'drill',
      'kill',
      'api/1',
    );
    assert.equal(end, 'recovered');
    summaries.push(summary);
  }
  assert.match(summaries[0] ?? '', /; by default table a restart mends this$/);
  assert.match(summaries[2] ?? '', /; restart mended 2 of 2 such faults, [\d.]+ m?s expected$/);

  const detectors = await stand.json<DetectorView[]>('detectors');
  const exit = detectors.find(({ detector }) => detector === 'exit');
  assert.deepEqual([exit?.hits, exit?.misses, exit?.falseAlarms], [3, 0, 0]);
  assert.match(
    (await stand.daruma('detectors')).stdout,
    /api +exit +3 +0 +0 +crash >0.9 \(3 of 3\)/,
  );
  const [api] = await stand.json<ServiceLearned[]>('knowledge', 'show');
  assert.deepEqual(api?.faults, [], 'drills say nothing of how often faults happen');
  assert.equal(api?.remedies[0]?.yes, 3);

  await carriesOver(stand);
  await survives(stand);
  await foretells(stand);
});

async function carriesOver(stand: Bench): Promise<void> {
  const before = await exported(stand);
  const file = path.join(stand.directory, 'known.json');
  const written = await stand.daruma('knowledge', 'export', '--output', file);
  assert.equal(written.code, 0, written.stderr);
  assert.deepEqual(counted(JSON.parse(await readFile(file, 'utf8'))), counted(before));

  const unasked = await stand.daruma('knowledge', 'reset');
  assert.equal(unasked.code, 8);
  assert.match(unasked.stderr, /needs --yes/);
  assert.deepEqual(counted(await exported(stand)), counted(before));
  assert.equal((await stand.daruma('knowledge', 'reset', '--yes')).code, 0);
  assert.match((await stand.daruma('knowledge')).stdout, /no cases yet: by default table/);

  const wrong = path.join(stand.directory, 'wrong.json');
  await writeFile(wrong, JSON.stringify({ ...before, version: 'one' }));
  const refused = await stand.daruma('knowledge', 'import', wrong, '--yes');
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /knowledge\.version/);

  assert.equal((await stand.daruma('knowledge', 'import', file, '--yes')).code, 0);
  assert.deepEqual(counted(await exported(stand)), counted(before));
  const kinds = (await stand.events()).map(({ record }) => record.kind);
  assert.deepEqual(
    kinds.filter((kind) => kind.startsWith('knowledge')),
    ['knowledge-reset', 'knowledge-imported'],
  );
}

/** A new controller reads the log again. */
async function survives(stand: Bench): Promise<void> {
  const before = counted(await exported(stand));
  const { end } = await stand.json<{ end: string }>('drill', 'controller-kill');
  assert.equal(end, 'recovered');
  await until('all is ready', async () => (await stand.instance('api/1')).phase === 'ready');
  assert.deepEqual(counted(await exported(stand)), before);
}

interface Foretold {
  readonly rates: string;
  readonly faults: readonly { readonly fault: string; readonly perYear: number }[];
}

/** A forecast goes by what the running stack has learned, and else by the default tables. */
async function foretells(stand: Bench): Promise<void> {
  const few = ['simulate', stand.file, '--seeds', '5', '--threads', '1'];
  const crashes = ({ faults }: Foretold) =>
    faults.reduce((sum, { fault, perYear }) => sum + (fault === 'crash' ? perYear : 0), 0);
  const before = await exported(stand);
  const file = path.join(stand.directory, 'frail.json');
  const frail = { ...before.services['api'], observedMs: 3.6e9, faults: { crash: 40 } };
  await writeFile(file, JSON.stringify({ ...before, services: { api: frail } }));
  assert.equal((await stand.daruma('knowledge', 'import', file, '--yes')).code, 0);
  const learned = await stand.json<Foretold>(...few);
  assert.equal(learned.rates, 'what was learned');
  assert.ok(crashes(learned) > 30, JSON.stringify(learned.faults));
  assert.equal((await stand.daruma('down')).code, 0);
  const unknown = await stand.json<Foretold>(...few);
  assert.equal(unknown.rates, 'default table');
  assert.ok(crashes(unknown) < 30, JSON.stringify(unknown.faults));
}
