/**
 * A directory as services have them: 5,000 files of 0.5 to 700 KB, evenly by the order of size, 479
 * MB in all. Half of them hold what can't be made smaller, as pictures do, half text. Always the
 * same.
 */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Dice } from '../../src/sim/dice.ts';

const files = 5_000;
const totalBytes = 479_000_000;
const smallest = 512;
const largest = 700_000;
const filesPerDirectory = 50;
const words = 4_000;
const changedBytes = 96_000;

export function makeData(directory: string): void {
  const chance = new Dice('files');
  const drawn = Array.from(
    { length: files },
    () => smallest * (largest / smallest) ** chance.next(),
  );
  const scale = totalBytes / drawn.reduce((sum, size) => sum + size);
  const vocabulary = Array.from({ length: words }, () => word(chance));
  for (const [index, size] of drawn.entries()) {
    const folder = join(directory, `folder-${Math.floor(index / filesPerDirectory)}`);
    mkdirSync(folder, { recursive: true });
    const bytes = Math.round(size * scale);
    const isText = chance.next() < 0.5;
    const content = isText ? text(chance, vocabulary, bytes) : noise(chance, bytes);
    writeFileSync(join(folder, `file-${index}.${isText ? 'txt' : 'jpg'}`), content);
  }
}

/** Writes another text in the place of one of them. */
export function changeOne(directory: string, round: number): void {
  const chance = new Dice(`round ${round}`);
  const vocabulary = Array.from({ length: words }, () => word(chance));
  const folder = join(directory, 'folder-7');
  const name = readdirSync(folder).find((each) => each.endsWith('.txt')) ?? '';
  writeFileSync(join(folder, name), text(chance, vocabulary, changedBytes));
}

function noise(chance: Dice, bytes: number): Buffer {
  const words = Uint32Array.from({ length: Math.ceil(bytes / 4) }, () => chance.next() * 2 ** 32);
  return Buffer.from(words.buffer, 0, bytes);
}

function word(chance: Dice): string {
  const length = 2 + Math.floor(chance.next() * 10);
  return Array.from({ length }, () =>
    String.fromCharCode(97 + Math.floor(chance.next() * 26)),
  ).join('');
}

function text(chance: Dice, vocabulary: readonly string[], bytes: number): Buffer {
  const parts: string[] = [];
  for (let length = 0; length < bytes; ) {
    // Few words are used often.
    const chosen = vocabulary[Math.floor(chance.next() ** 3 * vocabulary.length)] ?? '';
    parts.push(chosen);
    length += chosen.length + 1;
  }
  return Buffer.from(parts.join(' ')).subarray(0, bytes);
}
