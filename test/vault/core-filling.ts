/** Makes a point of 20 MB that can't be compressed; prints why it failed. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { errorInfo } from '../../src/model/errors.ts';
import type { VaultContext } from '../../src/ports/vault.ts';
import { makePoint } from '../../src/vault/vault.ts';
import { sourceOf, unlimited } from './core-scene.ts';

const context = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as VaultContext;
try {
  await makePoint(context, sourceOf({ a: 'a', noise: randomBytes(20 << 20) }), {
    name: null,
    why: 'person',
    now: Date.now,
    chance: Math.random,
    signal: unlimited,
    onProgress: () => undefined,
  });
} catch (error) {
  console.log(JSON.stringify(errorInfo(error)));
}
