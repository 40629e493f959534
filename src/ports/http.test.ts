import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const src = fileURLToPath(new URL('..', import.meta.url));

test('it loads no fetch', () => {
  const script = `
    await import('./ports/http.ts');
    console.log(process.moduleLoadList.filter((name) => name.includes('undici')).join());
  `;
  const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', script];
  assert.equal(execFileSync(process.execPath, args, { cwd: src, encoding: 'utf8' }), '\n');
});

test('nobody gets round it', () => {
  const value = /^import (?!type\b)[^;]*from 'node:https?';$/m;
  const files = globSync('**/*.ts', { cwd: src }).filter((file) => !file.endsWith('.test.ts'));
  assert.deepEqual(
    files.filter((file) => value.test(readFileSync(`${src}/${file}`, 'utf8'))),
    [],
  );
});
