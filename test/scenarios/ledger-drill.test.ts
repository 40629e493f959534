import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LedgerReport } from '../../src/cli/ledger-drill.ts';
import { freePort } from '../free-port.ts';
import { bench } from './harness.ts';

test('a database is killed in several ways while its writes are counted', async (t) => {
  const port = await freePort();
  const stand = await bench(
    t,
    `name: ledger\nservices:\n  db:\n    driver: postgres\n    endpoint: ${port}\n`,
  );
  await stand.up();
  const only = 'kill-tree,kill-postmaster,kill-backend,kill-controller,kill-endpoint';
  const options = ['--faults', '5', '--only', only, '--seed', '7', '--yes', '--json'];
  const run = await stand.daruma('drill', 'ledger', 'db', ...options);
  const report: LedgerReport = JSON.parse(run.stdout);
  const { lost, doubled, invented, overlaps, acknowledged } = report.judgement;
  assert.deepEqual({ lost, doubled, invented, overlaps }, emptyJudgement);
  assert.ok(acknowledged > 0);
  assert.equal(report.rounds.length, 5);
  assert.ok(report.whole);
  assert.equal(run.code, 0, run.stderr);

  const again = await stand.daruma('drill', 'ledger', 'web', '--yes');
  assert.notEqual(again.code, 0);
  assert.match(again.stderr, /there is no service web/);
});

const emptyJudgement = { lost: [], doubled: [], invented: [], overlaps: [] };
