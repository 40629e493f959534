/** What the console says: all of it is used, and both languages say the same. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { chinese } from '../../web/src/words/chinese.ts';
import { english } from '../../web/src/words/english.ts';

const sources = resolve(import.meta.dirname, '../../web/src');
/** Words that are values of the API too, and said as they come. */
const values = new Set(['primary', 'standby']);

function placesIn(text: string): string[] {
  return [...new Set(text.match(/\{\w+\}/g) ?? [])].sort();
}

test('no word is there that nobody says', () => {
  const files = globSync('**/*.{ts,tsx}', { cwd: sources });
  const all = files
    .filter((file) => !file.startsWith('words/'))
    .map((file) => readFileSync(`${sources}/${file}`, 'utf8'))
    .join('\n');
  const said = new Set([...all.matchAll(/['"`]([a-zA-Z]+)['"`]/g)].map(([, word]) => word));
  const unsaid = Object.keys(english).filter((word) => !said.has(word) && !values.has(word));
  assert.deepEqual(unsaid, []);
});

test('what stands for a value stands in both languages', () => {
  for (const [word, text] of Object.entries(english)) {
    assert.deepEqual(placesIn(chinese[word as keyof typeof english]), placesIn(text), word);
  }
});
