import assert from 'node:assert/strict';
import { chownSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { AccountsDb } from './accounts-db.ts';

const nobody = 65_534;

test('it is for the owner of the state alone, whoever makes it', (t) => {
  const directory = mkdtempSync(path.join(tmpdir(), 'daruma-test-'));
  t.after(() => rmSync(directory, { recursive: true }));
  if (process.getuid?.() === 0) chownSync(directory, nobody, nobody);
  const file = path.join(directory, 'accounts.db');
  new AccountsDb(file).close();
  const { mode, uid, gid } = statSync(file);
  const owner = statSync(directory);
  assert.deepEqual([mode & 0o777, uid, gid], [0o600, owner.uid, owner.gid]);
});
