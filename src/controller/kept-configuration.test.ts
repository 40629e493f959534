import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { layout } from '../model/layout.ts';
import type { StackSpec } from '../model/stack-spec.ts';
import {
  type AskedConfiguration,
  ask,
  forgetAsked,
  keep,
  readAsked,
  readKept,
} from './kept-configuration.ts';

function asked(asOf: string): AskedConfiguration {
  const spec = { name: 'shop' } as unknown as StackSpec;
  return { asOf, upBy: 'eve', readAt: 7, spec, sources: { '/srv/daruma.yaml': 'ab' } };
}

describe('what was asked', () => {
  let stateDir: string;
  beforeEach(() => {
    stateDir = mkdtempSync(`${tmpdir()}/daruma-kept-`);
  });
  afterEach(() => rmSync(stateDir, { recursive: true, force: true }));
  const inRun = () => readdirSync(layout(stateDir).runDir);

  test('is for the controllers of that moment only, and for nobody else to read', async () => {
    await ask(stateDir, asked('a'));
    assert.deepEqual(await readAsked(stateDir, 'a'), asked('a'));
    assert.equal(await readAsked(stateDir, 'b'), null);
    const { runDir } = layout(stateDir);
    for (const name of inRun()) assert.equal(statSync(`${runDir}/${name}`).mode & 0o077, 0);
  });

  test('stays while it is not carried out, also when another was faster', async () => {
    await ask(stateDir, asked('slower'));
    await ask(stateDir, asked('faster'));
    await keep(stateDir, asked('faster'));
    assert.deepEqual(await readAsked(stateDir, 'faster'), asked('faster'));
    assert.equal(await readAsked(stateDir, 'slower'), null);
    await forgetAsked(stateDir, 'faster');
    assert.deepEqual([await readAsked(stateDir, 'faster'), inRun()], [null, []]);
    await forgetAsked(stateDir, 'faster');
  });

  test('is kept without who asked', async () => {
    await ask(stateDir, asked('a'));
    await keep(stateDir, asked('a'));
    const { upBy, ...kept } = asked('a');
    assert.deepEqual(await readKept(stateDir), kept);
  });

  test('counts as nothing when it can not be read', async () => {
    await ask(stateDir, asked('a'));
    writeFileSync(`${layout(stateDir).runDir}/${inRun()[0]}`, '{"asOf":');
    assert.equal(await readAsked(stateDir, 'a'), null);
  });
});
