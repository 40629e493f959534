import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { drillTranscript, formOf } from '../../scripts/drill-transcript.ts';
import { readBlock } from '../../scripts/readme-block.ts';

test('the drill in README.md reads as a drill does (else: npm run transcript)', async () => {
  const [english = '', chinese] = ['README.md', 'README.zh-CN.md'].map((name) =>
    readBlock(readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')),
  );
  assert.equal(chinese, english);
  assert.equal(formOf(english), formOf(await drillTranscript({ patient: true })));
});
