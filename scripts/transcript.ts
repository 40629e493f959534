/** Puts what a drill on the accounts example said into README.md: `npm run transcript`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { drillTranscript } from './drill-transcript.ts';
import { replaceBlock } from './readme-block.ts';

const file = new URL('../README.md', import.meta.url);
const text = await drillTranscript();
writeFileSync(file, replaceBlock(readFileSync(file, 'utf8'), text));
console.log(text);
