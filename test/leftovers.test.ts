import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { atEnd } from './at-end.ts';
import { removeLeftovers } from './leftovers.ts';
import { canMount } from './store/state-dir.ts';

const hash = '0123456789ab';
const hourAgo = Date.now() / 1_000 - 3_700;

function makeData(shared: string, name: string): string {
  const data = path.join(shared, name);
  mkdirSync(data, { recursive: true });
  writeFileSync(path.join(data, 'PG_VERSION'), '18\n');
  return data;
}

test('what killed tests have left is removed, and nothing else', (t) => {
  const base = mkdtempSync(path.join(tmpdir(), 'daruma-leftovers-'));
  atEnd(t, () => rmSync(base, { recursive: true }));
  const shared = path.join(base, 'shared');
  const names = ['daruma-test-killed', 'daruma-test-inused', 'daruma-test-recent', 'my-shop'];
  for (const name of names) {
    const directory = path.join(base, name);
    const data = makeData(shared, `${name}-${hash}`);
    mkdirSync(directory);
    if (name === 'daruma-test-recent') continue;
    for (const each of [data, directory]) utimesSync(each, hourAgo, hourAgo);
  }
  const user = spawn('sleep', ['1000'], {
    env: { ...process.env, STATE: path.join(base, 'daruma-test-inused') },
  });
  atEnd(t, () => user.kill('SIGKILL'));
  const killed = ['daruma-test-killed', `daruma-test-killed-${hash}`];
  assert.deepEqual(removeLeftovers(shared, base), killed);
  const left = names.slice(1);
  assert.deepEqual(readdirSync(shared).sort(), left.map((name) => `${name}-${hash}`).sort());
  assert.deepEqual(readdirSync(base).sort(), [...left, 'shared'].sort());
  assert.deepEqual(removeLeftovers(path.join(base, 'nothing'), base), []);
});

test('what a killed test has mounted is unmounted first, and keeps what is in it', (t) => {
  const base = mkdtempSync(path.join(tmpdir(), 'daruma-leftovers-'));
  atEnd(t, () => rmSync(base, { recursive: true }));
  const [elsewhere, killed] = [path.join(base, 'elsewhere'), path.join(base, 'daruma-test-killed')];
  for (const directory of [elsewhere, killed])
    mkdirSync(path.join(directory, '.daruma'), { recursive: true });
  writeFileSync(path.join(elsewhere, 'kept'), 'for ever');
  // Where nothing may be mounted there is nothing to unmount.
  if (canMount()) {
    for (const from of [elsewhere, killed]) {
      execFileSync('mount', ['--bind', from, path.join(killed, '.daruma')]);
    }
  }
  utimesSync(killed, hourAgo, hourAgo);
  assert.deepEqual(removeLeftovers(path.join(base, 'shared'), base), ['daruma-test-killed']);
  assert.deepEqual(readdirSync(base), ['elsewhere']);
  assert.deepEqual(readdirSync(elsewhere).sort(), ['.daruma', 'kept']);
});

test('data of an example that was copied is found by its links', (t) => {
  const base = mkdtempSync(path.join(tmpdir(), 'daruma-leftovers-'));
  atEnd(t, () => rmSync(base, { recursive: true }));
  const shared = path.join(base, 'shared');
  const mine = makeData(shared, `accounts-${hash}`);
  makeData(shared, 'accounts-ffffffffffff');
  const links = path.join(base, 'daruma-clone-killed/daruma/examples/accounts/.daruma/data');
  mkdirSync(links, { recursive: true });
  symlinkSync(path.join(mine, 'db.1'), path.join(links, 'db.1'));
  symlinkSync(path.join(base, 'elsewhere/db.2'), path.join(links, 'db.2'));
  mkdirSync(path.join(base, 'elsewhere'));
  utimesSync(path.join(base, 'daruma-clone-killed'), hourAgo, hourAgo);
  assert.deepEqual(removeLeftovers(shared, base), [`accounts-${hash}`, 'daruma-clone-killed']);
  assert.deepEqual(readdirSync(shared), ['accounts-ffffffffffff']);
  assert.deepEqual(readdirSync(base).sort(), ['elsewhere', 'shared']);
});
