/** Writes docs/reference/stack-file.md: `node scripts/reference.ts`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { referencePage } from '../src/stack/reference.ts';

const page = new URL('../docs/reference/stack-file.md', import.meta.url);
mkdirSync(new URL('.', page), { recursive: true });
writeFileSync(page, referencePage());
