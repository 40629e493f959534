/** The system itself lets a file grow no further, as on a full disk. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { listPoints, sweep } from '../../src/vault/vault.ts';
import { filesBelow, make, type Scene, scene, sourceOf } from './core-scene.ts';

let here: Scene;
const filling = fileURLToPath(new URL('./core-filling.ts', import.meta.url));

before(async () => {
  here = await scene();
});
after(() => here.remove());

test('a full disk: the point before is listed, this one is not, and it is told', async () => {
  const { summary } = await make(here.context, sourceOf({ a: 'a' }));
  const file = join(here.root, 'context.json');
  writeFileSync(file, JSON.stringify(here.context));
  // In units of 512 bytes: 5 MB.
  const limited = 'ulimit -f 10000; exec "$@"';
  const node = [process.execPath, '--disable-warning=ExperimentalWarning', filling, file];
  const { stdout } = spawnSync('sh', ['-c', limited, 'sh', ...node], { encoding: 'utf8' });
  const { code, message } = JSON.parse(stdout) as { code: string; message: string };
  assert.equal(code, 'PLACE_FULL');
  assert.match(message, /vault: can't write: EFBIG/);
  assert.deepEqual(
    (await listPoints(here.context)).points.map(({ id }) => id),
    [summary.id],
  );
  assert.deepEqual(readdirSync(join(here.root, 'vault/.partial')), []);
  assert.deepEqual(await sweep(here.context), []);
  const left = Object.keys(filesBelow(join(here.root, 'vault/files')));
  assert.deepEqual(left.sort(), [summary.archive.file, `${summary.id}.json`].sort());
});
