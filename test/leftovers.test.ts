import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { removeLeftovers } from './leftovers.ts';

test('what killed tests have left is removed, and nothing else', (t) => {
  const base = mkdtempSync(path.join(tmpdir(), 'daruma-leftovers-'));
  t.after(() => rmSync(base, { recursive: true }));
  const shared = path.join(base, 'shared');
  const hash = '0123456789ab';
  const hourAgo = Date.now() / 1_000 - 3_700;
  const names = ['daruma-test-killed', 'daruma-test-inused', 'daruma-test-recent', 'my-shop'];
  for (const name of names) {
    mkdirSync(path.join(base, name), { recursive: true });
    const data = path.join(shared, `${name}-${hash}`);
    mkdirSync(data, { recursive: true });
    writeFileSync(path.join(data, 'PG_VERSION'), '18\n');
    if (name !== 'daruma-test-recent') utimesSync(data, hourAgo, hourAgo);
  }
  const user = spawn('sleep', ['1000'], {
    env: { ...process.env, STATE: path.join(base, 'daruma-test-inused') },
  });
  t.after(() => user.kill('SIGKILL'));
  assert.deepEqual(removeLeftovers(shared, base), [`daruma-test-killed-${hash}`]);
  const left = names.slice(1);
  assert.deepEqual(readdirSync(shared).sort(), left.map((name) => `${name}-${hash}`).sort());
  assert.deepEqual(readdirSync(base).sort(), [...left, 'shared'].sort());
  assert.deepEqual(removeLeftovers(path.join(base, 'nothing'), base), []);
});
