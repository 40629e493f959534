import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { layout } from '../model/layout.ts';
import { InstanceLogs } from './instance-logs.ts';

const logging = { maxSizeBytes: 1e6, maxFiles: 3 };

test('a log that stood still is looked at every fourth time, one that grew the next', async (t) => {
  const stateDir = mkdtempSync(`${tmpdir()}/daruma-instance-logs-`);
  t.after(() => rmSync(stateDir, { recursive: true, force: true }));
  const logs = new InstanceLogs(layout(stateDir), (what) => assert.fail(what));
  const looks = (count: number) => Array.from({ length: count }, () => logs.hasGrown('api/1'));
  const log = await logs.open('api/1', logging);
  assert.deepEqual(looks(1), [true]);
  await logs.rotate('api/1', logging);
  assert.deepEqual(looks(1), [false]);
  appendFileSync(log, 'line\n');
  assert.deepEqual(looks(4), [false, false, false, true]);
  await logs.rotate('api/1', logging);
  appendFileSync(log, 'line\n');
  assert.deepEqual(looks(1), [true]);
});
