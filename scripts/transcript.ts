/** Puts what a drill on the accounts example said into both READMEs: `npm run transcript`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { drillTranscript } from './drill-transcript.ts';
import { replaceBlock } from './readme-block.ts';

const text = await drillTranscript();
for (const name of ['README.md', 'README.zh-CN.md']) {
  const file = new URL(`../${name}`, import.meta.url);
  writeFileSync(file, replaceBlock(readFileSync(file, 'utf8'), text));
}
console.log(text);
