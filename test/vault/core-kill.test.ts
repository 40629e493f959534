/** A job that is killed anywhere leaves no half point, and what it leaves is swept away. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { listPoints, restoreFiles, sweep, verifyVault } from '../../src/vault/vault.ts';
import { filesBelow, type Scene, scene, unlimited } from './core-scene.ts';

let here: Scene;
const making = fileURLToPath(new URL('./core-making.ts', import.meta.url));
const kills = 10;

before(async () => {
  here = await scene();
});
after(() => here.remove());

/** Makes points one after the other; killed after so many of the lines that it prints. */
async function killedAfter(lines: number): Promise<void> {
  const file = join(here.root, 'context.json');
  writeFileSync(file, JSON.stringify(here.context));
  const argv = ['--disable-warning=ExperimentalWarning', making, file];
  const child: ChildProcess = spawn(process.execPath, argv, {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  assert.ok(child.stdout);
  let seen = 0;
  for await (const _ of createInterface({ input: child.stdout })) {
    seen += 1;
    if (seen === lines) child.kill('SIGKILL');
  }
  const [, signal] = await ended;
  assert.equal(signal, 'SIGKILL');
}

test('killed ten times', async () => {
  for (let kill = 1; kill <= kills; kill++) {
    await killedAfter(1 + ((kill * 7) % 23));
    await sweep(here.context);
    const { points, problems } = await listPoints(here.context);
    assert.deepEqual(problems, []);
    const listed = points.flatMap(({ id, archive }) => [archive.file, `${id}.json`]);
    assert.deepEqual(readdirSync(join(here.root, 'vault/files')).sort(), listed.sort());
    assert.deepEqual(readdirSync(join(here.root, 'vault/.partial')), []);
    assert.deepEqual(readdirSync(join(here.root, 'scratch')).sort(), ['notes']);
    assert.deepEqual(readdirSync(join(here.root, 'scratch/notes')), []);
  }
  assert.deepEqual(await verifyVault(here.context, here.identities, unlimited), []);
  const { points } = await listPoints(here.context);
  assert.ok(points.length > 0);
  for (const { id } of points) {
    const into = join(here.root, `restored-${id}`);
    const how = { signal: unlimited, onProgress: () => undefined };
    await restoreFiles(here.context, id, into, here.identities, how);
    const { round, ...others } = filesBelow(into);
    assert.match(round ?? '', /^\d+$/);
    assert.equal(Object.keys(others).length, 4);
  }
});
