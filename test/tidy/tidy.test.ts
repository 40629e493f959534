/** Holds the house rules over all sources, and the rules over a house that breaks each. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readImportTable } from './import-table.ts';
import { type Rule, rules } from './rules.ts';
import { readSources, type SourceFile } from './sources.ts';

const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

describe('the house', () => {
  const table = readImportTable(readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8'));
  const sources = readSources(root);
  for (const [title, rule] of Object.entries(rules)) {
    test(title, () => {
      const broken = rule(sources, table);
      assert.equal(broken.length, 0, `\n${broken.join('\n')}`);
    });
  }
});

/** One house in which each rule is broken once, and what is to be said of it. */
const badHouse: Readonly<Record<string, string>> = {
  'tsconfig.json': '{ "compilerOptions": { "noEmit": true }, "include": ["src", "test"] }',
  'src/main.ts': "import { step } from './engine/step.ts';\nstep();\n",
  'src/engine/step.ts': [
    "import { readFileSync } from 'node:fs';",
    "import { open } from '../store/log.ts';",
    'export async function step() {',
    '  const seconds = Date.now() + Math.random();',
    `  return open(readFileSync, seconds, ${' '.repeat(80)}/* wide */);`,
    '}',
    'export const unused = 1;',
    '',
  ].join('\n'),
  'src/store/log.ts': [
    "import { step } from '../engine/step.ts';",
    'export function open(...given: unknown[]) {',
    '  try { step(); } catch {}',
    ...Array.from({ length: 70 }, () => '  //'),
    '  return given;',
    '}',
    '',
  ].join('\n'),
  'src/store/diskUtils.ts': 'export interface IDisk {}\n',
  'test/store/log.test.ts': [
    "import { test } from 'node:test';",
    `test('a', (t) => ${'t.'}after(() => undefined));`,
    '',
  ].join('\n'),
  'src/store/log.test.ts': [
    "import { test } from 'node:test';",
    "import '../main.ts';",
    "test.skip('a', () => undefined);",
    ...Array.from({ length: 800 }, () => '//'),
  ].join('\n'),
};

const expected: Readonly<Record<keyof typeof rules, readonly string[]>> = {
  'rooms import what the table allows': [
    'src/engine/step.ts:2: engine may not import src/store/log.ts',
    'src/store/log.ts:1: store may not import src/engine/step.ts',
  ],
  'nobody imports main.ts': ['src/store/log.test.ts:2: imports main.ts'],
  'no import cycles': [
    'src/engine/step.ts:1: src/engine/step.ts → src/store/log.ts → src/engine/step.ts',
  ],
  'functions are short': ['src/store/log.ts:2: open has 74 lines'],
  'files are short': ['src/store/log.test.ts:1: has 803 lines'],
  'lines are short': ['src/engine/step.ts:5: has 129 columns'],
  'the core has no clock, chance, I/O or promise': [
    'src/engine/step.ts:1: imports node:fs',
    'src/engine/step.ts:4: uses Date',
    'src/engine/step.ts:4: uses Math.random',
    'src/engine/step.ts:3: is asynchronous',
  ],
  'names are good': [
    'src/store/diskUtils.ts:1: diskUtils.ts is not in kebab-case',
    'src/store/diskUtils.ts:1: IDisk has an I prefix',
  ],
  'no test is switched off': ['src/store/log.test.ts:3: test.skip switches tests off'],
  'tests end first what they made last': ['test/store/log.test.ts:2: say atEnd(t, …)'],
  'no empty catch': ['src/store/log.ts:3: an error is dropped without a word'],
  'no dead files': ['src/store/diskUtils.ts:1: nothing leads here'],
  'no dead exports': [
    'src/engine/step.ts:7: nobody uses unused',
    'src/store/diskUtils.ts:1: nobody uses IDisk',
  ],
};

describe('a house that breaks every rule', () => {
  let sources: readonly SourceFile[] = [];
  let bad = '';

  before(() => {
    bad = mkdtempSync(join(tmpdir(), 'daruma-tidy-'));
    for (const [path, text] of Object.entries(badHouse)) {
      mkdirSync(dirname(join(bad, path)), { recursive: true });
      writeFileSync(join(bad, path), text);
    }
    sources = readSources(bad);
  });
  after(() => rmSync(bad, { recursive: true }));

  const table = readImportTable(
    '| room | its job | may import |\n|---|---|---|\n| engine |||\n| store |||',
  );
  for (const [title, rule] of Object.entries(rules) as [string, Rule][]) {
    test(title, () =>
      assert.deepEqual(rule(sources, table).sort(), [...(expected[title] ?? [])].sort()),
    );
  }
});
