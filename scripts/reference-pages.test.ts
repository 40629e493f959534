import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { referencePages } from './reference-pages.ts';

for (const [name, text] of referencePages()) {
  test(`docs/reference/${name} is current (else: npm run reference)`, () => {
    const page = new URL(`../docs/reference/${name}`, import.meta.url);
    assert.equal(readFileSync(page, 'utf8'), text);
  });
}
