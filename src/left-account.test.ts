import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { leftAccount } from './left-account.ts';
import { layout } from './model/layout.ts';
import type { LogRecord } from './model/record.ts';
import { openStore } from './store/store.ts';

test('what was left in the backlog is told too', async (t) => {
  const stateDir = mkdtempSync(join(tmpdir(), 'daruma-left-'));
  const store = await openStore({ file: layout(stateDir).database });
  t.after(async () => {
    await store.close();
    rmSync(stateDir, { recursive: true });
  });
  const records: LogRecord[] = [
    { at: 1, kind: 'store', writable: true, reason: '' },
    { at: 2, kind: 'timer-set', timer: 'verify:i1', due: 3 },
  ];
  await store.append(records.slice(0, 1));
  await store.append(records.slice(1), { lasts: 'boot' });
  const account = await leftAccount(stateDir);
  assert.ok(account !== null);
  const told = await account.records(0, 10);
  await account.close();
  assert.deepEqual(
    told.map(({ record }) => record),
    records,
  );
  assert.equal(account.lastAt, 2);
});
