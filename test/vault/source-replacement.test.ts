/** Renames in the place of data, killed after each of their steps: by a file system call that ends
 * the process, in a process of its own. */
import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { PointSourceSpec } from '../../src/model/recovery-point.ts';
import {
  discardOld,
  landings,
  putBack,
  putInPlace,
  stage,
} from '../../src/vault/sources/replacement.ts';
import { emptyDirectory } from './source-scene.ts';
import { killedAtStep } from './source-steps.ts';

interface Scene {
  readonly directory: string;
  readonly spec: PointSourceSpec;
  /** All that lies at the data's place, by name. */
  readonly old: Readonly<Record<string, string>>;
  readonly restored: Readonly<Record<string, string>>;
}

const scenes: Readonly<Record<string, (t: TestContext) => Scene>> = {
  directories: (t) => {
    const directory = emptyDirectory(t);
    for (const name of ['data', 'uploads']) {
      mkdirSync(join(directory, name));
      writeFileSync(join(directory, name, 'file'), `old ${name}`);
    }
    const paths = ['data', 'uploads'].map((name) => join(directory, name));
    return {
      ...{ directory, spec: { kind: 'directory', paths } },
      old: { 'data/file': 'old data', 'uploads/file': 'old uploads' },
      restored: { 'data/file': 'new data', 'uploads/file': 'new uploads' },
    };
  },
  sqlite: (t) => {
    const directory = emptyDirectory(t);
    const old = { 'app.db': 'old', 'app.db-wal': 'old wal', 'app.db-shm': 'old shm' };
    for (const [name, text] of Object.entries(old)) writeFileSync(join(directory, name), text);
    const spec = { kind: 'sqlite', files: [join(directory, 'app.db')] } as const;
    return { directory, spec, old, restored: { 'app.db': 'new' } };
  },
};

/** Where `data_dir` is a link, it stays one. */
function linked(t: TestContext): Scene {
  const directory = emptyDirectory(t);
  mkdirSync(join(directory, 'disk/real'), { recursive: true });
  writeFileSync(join(directory, 'disk/real/file'), 'old');
  symlinkSync('disk/real', join(directory, 'data'));
  return {
    ...{ directory, spec: { kind: 'directory', paths: [join(directory, 'data')] } },
    old: { 'data/file': 'old', 'disk/real/file': 'old' },
    restored: { 'data/file': 'new', 'disk/real/file': 'new' },
  };
}

async function restoreFake(into: string, [root = '']: readonly string[]): Promise<void> {
  mkdirSync(into);
  if (root === 'app.db') return writeFileSync(join(into, root), 'new');
  mkdirSync(join(into, root));
  const text = { data: 'new', 'data-only': 'new' }[root] ?? 'new';
  const named = into.includes('/disk/') ? text : `new ${root}`;
  writeFileSync(join(into, root, 'file'), named);
}

/** All files, by what they hold. */
function filesIn(directory: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const entry of readdirSync(directory, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    found[path.slice(directory.length + 1)] = readFileSync(path, 'utf8');
  }
  return found;
}

for (const [title, make] of Object.entries(scenes)) {
  test(`${title}: restored, put in place, put back, and for good`, async (t) => {
    const { directory, spec, old, restored } = make(t);
    const all = landings(spec);
    await stage(all, 'a1', restoreFake);
    await putBack(all, 'a1');
    assert.deepEqual(filesIn(directory), old, 'given up before the swap');
    await stage(all, 'a1', restoreFake);
    await putInPlace(all, 'a1');
    await putInPlace(all, 'a1');
    for (const [name, text] of Object.entries(restored)) {
      assert.equal(readFileSync(join(directory, name), 'utf8'), text);
    }
    assert.equal(existsSync(join(directory, 'app.db-wal')), false);
    await putBack(all, 'a1');
    assert.deepEqual(filesIn(directory), old, 'put back');
    await stage(all, 'a2', restoreFake);
    await putInPlace(all, 'a2');
    await discardOld(all, 'a2');
    await discardOld(all, 'a2');
    assert.deepEqual(filesIn(directory), restored, 'for good');
  });

  for (const after of ['finished', 'undone'] as const) {
    test(`${title}: killed at each step of the swap and ${after}`, async (t) => {
      for (let step = 1; ; step += 1) {
        const { directory, spec, old, restored } = make(t);
        const all = landings(spec);
        await stage(all, 'a', restoreFake);
        const killed = await killedAtStep(step, 'putInPlace', spec, 'a');
        if (after === 'finished') await putInPlace(landings(spec), 'a');
        // The undoing may be killed in turn, at any of its own steps.
        else await undoneWithKills(spec, 'a');
        if (after === 'finished') await discardOld(all, 'a');
        assert.deepEqual(filesIn(directory), after === 'finished' ? restored : old, `step ${step}`);
        if (!killed) break;
      }
    });
  }
}

async function undoneWithKills(spec: PointSourceSpec, id: string): Promise<void> {
  for (let step = 1; await killedAtStep(step, 'putBack', spec, id); step += 1);
}

test('where the data directory is a link, what it leads to is replaced', async (t) => {
  const { directory, spec, restored, old } = linked(t);
  const all = landings(spec);
  await stage(all, 'a', restoreFake);
  await killedAtStep(1, 'putInPlace', spec, 'a');
  assert.equal(existsSync(join(directory, 'data')), false, 'the link leads nowhere now');
  await putInPlace(landings(spec), 'a');
  for (const [name, text] of Object.entries(restored)) {
    assert.equal(readFileSync(join(directory, name), 'utf8'), text);
  }
  await putBack(landings(spec), 'a');
  for (const [name, text] of Object.entries(old)) {
    assert.equal(readFileSync(join(directory, name), 'utf8'), text);
  }
});

test('a point that holds nothing for a target is refused before anything is moved', async (t) => {
  const { directory, spec, old } = scenes['directories']?.(t) ?? linked(t);
  const nothing = async (into: string) => void mkdirSync(into);
  await assert.rejects(stage(landings(spec), 'a', nothing), { code: 'NOT_FOUND' });
  await putBack(landings(spec), 'a');
  assert.deepEqual(filesIn(directory), old);
});
