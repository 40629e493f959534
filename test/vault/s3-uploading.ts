/** Begins a point that never ends. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { VaultContext } from '../../src/ports/vault.ts';
import { entry, make, sourceOf, unlimited } from './core-scene.ts';

const context = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as VaultContext;
const source = sourceOf({});

async function* endless() {
  for (let n = 0; ; n++) yield entry(`file-${n}`, randomBytes(1 << 20));
}

const open = async () => ({ ...(await source.open(unlimited)), entries: endless() });
await make(context, { ...source, open });
