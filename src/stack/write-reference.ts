/** Writes docs/reference/stack-file.md: `npm run reference`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { referencePage } from './reference.ts';

const page = new URL('../../docs/reference/stack-file.md', import.meta.url);
mkdirSync(new URL('.', page), { recursive: true });
writeFileSync(page, referencePage());
