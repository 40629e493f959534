/** Makes points until it is killed; prints a line at each step of the work. */
import { readFileSync } from 'node:fs';
import type { VaultContext } from '../../src/ports/vault.ts';
import { makePoint } from '../../src/vault/vault.ts';
import { sourceOf } from './core-scene.ts';

const context = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as VaultContext;
const noise = Buffer.from(Array.from({ length: 300_000 }, (_, n) => (n * n * 31) >> (n % 13)));

for (let round = 0; ; round++) {
  const files = { round: String(Date.now()), a: noise, b: noise, c: 'c', d: String(round % 3) };
  console.log('begin');
  await makePoint(context, sourceOf(files), {
    name: null,
    why: 'person',
    now: Date.now,
    chance: Math.random,
    signal: new AbortController().signal,
    onProgress: ({ bytes }) => console.log(bytes),
  });
  console.log('end');
}
