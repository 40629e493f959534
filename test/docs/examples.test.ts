import assert from 'node:assert/strict';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readStack } from '../../src/stack/read.ts';
import { atEnd } from '../at-end.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const pages = globSync(['README*.md', 'docs/**/*.md'], { cwd: root });

test('stack files in the documents are right', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'daruma-docs-'));
  atEnd(t, () => rmSync(directory, { recursive: true }));
  const file = join(directory, 'daruma.yaml');
  let count = 0;
  for (const page of pages) {
    for (const [, yaml = ''] of textOf(page).matchAll(/^```yaml\n(.*?)^```$/gms)) {
      if (!/^services:/m.test(yaml)) continue;
      count += 1;
      writeFileSync(file, yaml);
      const result = await readStack({ file, environment: {} });
      assert.deepEqual(result.ok ? [] : result.problems, [], page);
    }
  }
  assert.ok(count >= 5);
});

test('links in the documents lead somewhere', () => {
  const broken = [...pages, 'ARCHITECTURE.md', 'CONTRIBUTING.md'].flatMap((page) => {
    const targets = [...textOf(page).matchAll(/\]\((?!https?:)([^)#\s]+)(#[^)]*)?\)/g)];
    return targets
      .map(([, target = '']) => join(root, page, '..', target))
      .filter((path) => globSync(path).length === 0)
      .map((path) => `${page}: ${path}`);
  });
  assert.deepEqual(broken, []);
});

function textOf(page: string): string {
  return readFileSync(join(root, page), 'utf8');
}
