import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { drillTranscript, formOf } from '../../scripts/drill-transcript.ts';
import { readBlock } from '../../scripts/readme-block.ts';

test('the drill in README.md reads as a drill does (else: npm run transcript)', async () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  assert.equal(formOf(readBlock(readme)), formOf(await drillTranscript({ patient: true })));
});
