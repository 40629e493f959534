/** Recovery points at an S3 server that goes away, and comes back. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { PlaceSpec } from '../../src/model/recovery-point.ts';
import {
  catchUp,
  listPoints,
  restoreFiles,
  sweep,
  verifyPoint,
  verifyVault,
} from '../../src/vault/vault.ts';
import { entry, filesBelow, make, type Scene, scene, sourceOf, unlimited } from './core-scene.ts';
import { S3Scene } from './s3-scene.ts';

let s3: S3Scene;
let here: Scene;
const how = { signal: unlimited, onProgress: () => undefined };

before(async () => {
  s3 = await S3Scene.open();
  process.env['TEST_S3_KEY'] = 'S3RVER';
});
after(() => s3.close());
beforeEach(async () => {
  here = await scene();
  s3.cuts = [];
  s3.requests.length = 0;
});
afterEach(() => here.remove());

let prefixes = 0;

/** A place that no other test uses. */
function bucket(): PlaceSpec {
  prefixes += 1;
  const key = { from: 'environment', name: 'TEST_S3_KEY' } as const;
  const { endpoint, bucket, region } = s3.access;
  const prefix = `vault-${prefixes}`;
  return {
    kind: 's3',
    name: `s3://backups/${prefix}`,
    maxBytes: null,
    ...{ endpoint, bucket, region, prefix, accessKey: key, secretKey: key },
  };
}

describe('points at an S3 server', () => {
  test('increments are made and restored, though connections break', async () => {
    const context = here.with({ to: [bucket()] });
    const files = { big: randomBytes(40 << 20), 'dir/a': 'a' };
    s3.cuts = [
      { way: 'up', afterBytes: 9 << 20 },
      { way: 'down', afterBytes: 12 << 20 },
    ];
    const first = await make(context, sourceOf(files));
    assert.deepEqual([first.failed, s3.cuts], [[], []]);
    s3.cuts = [{ way: 'down', afterBytes: 20 << 20 }];
    const { summary } = await make(context, sourceOf({ ...files, 'dir/a': 'A' }));
    assert.deepEqual(summary.needs, [first.summary.id]);
    const into = join(here.root, 'restored');
    await restoreFiles(context, summary.id, into, here.identities, how);
    assert.ok(files.big.equals(readFileSync(join(into, 'big'))));
    assert.equal(readFileSync(join(into, 'dir/a'), 'utf8'), 'A');
    assert.deepEqual(s3.cuts, []);
  });

  test('a byte that changes at the server is found and named', async () => {
    const to = bucket();
    const context = here.with({ to: [to] });
    const { summary } = await make(context, sourceOf({ a: 'text' }));
    const stored = join(s3.directory, 'backups', to.name.slice('s3://backups/'.length), 'files');
    const names = readdirSync(stored).filter((name) => name.endsWith('_object'));
    assert.equal(names.length, 2);
    for (const name of names) {
      const sound = readFileSync(join(stored, name));
      const changed = Buffer.from(sound);
      changed[100] = (changed[100] ?? 0) ^ 1;
      writeFileSync(join(stored, name), changed);
      const found = await verifyPoint(context, summary.id, here.identities, unlimited);
      assert.deepEqual(
        found.map(({ place, key, error }) => [place, key, error.code]),
        [[to.name, `files/${name.replace('._S3rver_object', '')}`, 'POINT_DAMAGED']],
      );
      writeFileSync(join(stored, name), sound);
    }
    assert.deepEqual(await verifyVault(context, here.identities, unlimited), []);
  });

  test('a server that goes away during a point: the other has it, this one later', async () => {
    const context = here.with({ to: [here.place('vault'), bucket()] });
    const [, away] = context.spec.to;
    const source = sourceOf({});
    const slow = async function* () {
      for (let n = 0; n < 30; n++) {
        yield entry(`file-${n}`, randomBytes(1 << 20));
        if (n === 20) await s3.killServer();
      }
    };
    const open = async (signal: AbortSignal) => {
      return { ...(await source.open(signal)), entries: slow() };
    };
    const { summary, stored, failed } = await make(context, { ...source, open });
    assert.deepEqual(stored, ['vault']);
    assert.deepEqual(
      failed.map(({ place, error }) => [place, error.code]),
      [[away?.name, 'PLACE_UNREACHABLE']],
    );
    assert.deepEqual(
      (await listPoints(context)).points.map((point) => point.places),
      [['vault']],
    );
    await s3.startServer();
    await sweep(context);
    const { copied, problems } = await catchUp(context, unlimited);
    assert.deepEqual([copied, problems], [[`${away?.name}: files/${summary.archive.file}`], []]);
    const alone = here.with({ to: [away ?? here.place('none')] });
    const into = join(here.root, 'restored');
    await restoreFiles(alone, summary.id, into, here.identities, how);
    assert.equal(Object.keys(filesBelow(into)).length, 30);
  });

  test('a job that is killed during an upload: the next sweep aborts that', async () => {
    const to = bucket();
    const context = here.with({ to: [to] });
    const file = join(here.root, 'context.json');
    writeFileSync(file, JSON.stringify(context));
    const program = fileURLToPath(new URL('./s3-uploading.ts', import.meta.url));
    const argv = ['--disable-warning=ExperimentalWarning', program, file];
    const child = spawn(process.execPath, argv, { stdio: 'inherit' });
    const ended = once(child, 'exit');
    const endsAt = performance.now() + 60_000;
    while (!s3.requests.some((line) => line.includes('partNumber=1'))) {
      assert.ok(performance.now() < endsAt, 'no upload was begun');
      await pause(10);
    }
    child.kill('SIGKILL');
    await ended;
    assert.equal(readdirSync(join(context.scratchDir, 'uploads')).length, 1);
    await sweep(context);
    assert.deepEqual(readdirSync(join(context.scratchDir, 'uploads')), []);
    assert.ok(s3.requests.some((line) => /^DELETE \S+\.age\?uploadId=/.test(line)));
    assert.deepEqual(await listPoints(context), { points: [], problems: [] });
  });
});
