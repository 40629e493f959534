import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { ofInstallation } from './compile-cache.js';

test('compiled code of the installations used last is kept, of others removed', (t) => {
  const all = mkdtempSync(join(tmpdir(), 'daruma-compiled-'));
  t.after(() => rmSync(all, { recursive: true }));
  // As it was before each installation had its own.
  mkdirSync(join(all, 'v24.0.0-x64-00000000-0'));
  writeFileSync(join(all, 'v24.0.0-x64-00000000-0', 'code'), 'old');
  utimesSync(join(all, 'v24.0.0-x64-00000000-0'), 1, 1);
  const own: string[] = [];
  for (let number = 1; number <= 5; number += 1) {
    own.push(ofInstallation(all, `file:///opt/${number}`));
    utimesSync(own[number - 1] ?? '', number + 1, number + 1);
  }
  const names = own.map((path) => basename(path));
  assert.deepEqual(readdirSync(all).sort(), names.toSorted());
  assert.equal(ofInstallation(all, 'file:///opt/1'), own[0]);
  ofInstallation(all, 'file:///opt/6');
  assert.ok(readdirSync(all).includes(names[0] ?? ''), 'it was used again');
  assert.ok(!readdirSync(all).includes(names[1] ?? ''));
});
