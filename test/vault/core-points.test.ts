import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { DarumaError, errorInfo } from '../../src/model/errors.ts';
import type { PointSource } from '../../src/ports/vault.ts';
import {
  catchUp,
  listPoints,
  makePoint,
  prunePoints,
  restoreFiles,
  sweep,
  verifyVault,
} from '../../src/vault/vault.ts';
import { entry, filesBelow, make, type Scene, scene, sourceOf, unlimited } from './core-scene.ts';

let here: Scene;
let restores = 0;

beforeEach(async () => {
  here = await scene();
});
afterEach(() => here.remove());

async function restored(
  id: string,
  context = here.context,
  only?: readonly string[],
): Promise<Record<string, string | null>> {
  restores += 1;
  const into = join(here.root, `restored-${restores}`);
  const how = { signal: unlimited, onProgress: () => undefined };
  await restoreFiles(context, id, into, here.identities, only ? { ...how, only } : how);
  return filesBelow(into);
}

class NotFound extends DarumaError {
  constructor() {
    super('NOT_FOUND', 'it is gone');
  }
}

const files = { dir: null, 'dir/a.txt': 'a', 'dir/b.txt': 'b'.repeat(3_000_000), empty: '' };

describe('points', () => {
  test('what was copied is restored, with modes and times', async () => {
    const { summary, stored, failed } = await make(here.context, sourceOf(files));
    assert.deepEqual([stored, failed], [['vault'], []]);
    assert.equal(summary.dataBytes, 3_000_001);
    assert.deepEqual(await restored(summary.id), files);
    const file = statSync(join(here.root, `restored-${restores}`, 'dir/a.txt'));
    assert.deepEqual([file.mode & 0o7777, file.mtimeMs], [0o640, 1_700_000_000_000]);
    const { points, problems } = await listPoints(here.context);
    assert.deepEqual(points, [{ ...summary, places: ['vault'] }]);
    assert.deepEqual(problems, []);
  });

  test('the second holds only what changed, and is restored with the first', async () => {
    const { summary: first } = await make(here.context, sourceOf(files));
    const { empty: _, ...others } = files;
    const changed = { ...others, 'dir/a.txt': 'A', new: 'n' };
    const { summary: second } = await make(here.context, sourceOf(changed));
    const { summary: third } = await make(here.context, sourceOf({ ...changed, new: 'm' }));
    assert.deepEqual([second.parent, second.needs], [first.id, [first.id]]);
    assert.deepEqual([third.parent, third.needs], [second.id, [first.id, second.id]]);
    assert.ok(second.archive.bytes < 3000);
    assert.deepEqual(await restored(first.id), files);
    assert.deepEqual(await restored(second.id), changed);
    assert.deepEqual(await restored(third.id), { ...changed, new: 'm' });
    assert.deepEqual(await verifyVault(here.context, here.identities, unlimited), []);
  });

  test('a part is restored alone', async () => {
    await make(here.context, sourceOf(files));
    const { summary } = await make(here.context, sourceOf({ ...files, other: 'o' }));
    assert.deepEqual(await restored(summary.id, here.context, ['dir/a.txt']), {
      dir: null,
      'dir/a.txt': 'a',
    });
    const none = restored(summary.id, here.context, ['dir/a.txt', 'dir/a']);
    await assert.rejects(none, { code: 'NOT_FOUND', message: /holds no dir\/a$/ });
  });

  test('without the index the next point is a full one', async () => {
    await make(here.context, sourceOf(files));
    rmSync(here.context.indexDir, { recursive: true });
    const { summary } = await make(here.context, sourceOf(files));
    assert.deepEqual([summary.parent, summary.needs], [null, undefined]);
  });

  test('a point that rests on what is gone, or on other keys, is a full one', async () => {
    const { summary } = await make(here.context, sourceOf(files));
    const clear = here.with({ encryptTo: [] });
    assert.equal((await make(clear, sourceOf(files))).summary.parent, null);
    rmSync(join(here.root, 'vault/files', `${summary.id}.json`));
    assert.equal((await make(here.context, sourceOf(files))).summary.parent, null);
  });

  test('in the clear', async () => {
    const clear = here.with({ encryptTo: [] });
    const { summary } = await make(clear, sourceOf(files));
    assert.equal(summary.archive.file, `${summary.id}.tar.zst`);
    assert.deepEqual(await restored(summary.id, clear), files);
  });

  test('a later entry takes the place of an earlier one; what is gone is left out', async () => {
    const gone = { ...entry('gone', 'g'), open: () => Promise.reject(new NotFound()) };
    const source = sourceOf({ a: 'old', b: 'b' });
    const changing: PointSource = {
      ...source,
      open: async (signal) => {
        const open = await source.open(signal);
        const told = await open.end();
        const entries = [gone, entry('a', 'newer')];
        return { ...open, end: async () => ({ ...told, entries }) };
      },
    };
    const { summary } = await make(here.context, changing);
    assert.equal(summary.dataBytes, 6);
    assert.deepEqual(await restored(summary.id), { a: 'newer', b: 'b' });
  });

  test('links come back as they were and lead nowhere else meanwhile', async () => {
    const outside = join(here.root, 'outside');
    writeFileSync(outside, 'untouched');
    const source = sourceOf({ 'd/file': 'content' });
    const link = { path: 'link', mode: 0o777, uid: 0, gid: 0, mtimeMs: 0, bytes: 0, link: outside };
    const linking: PointSource = {
      ...source,
      open: async (signal) => {
        const open = await source.open(signal);
        const told = await open.end();
        return { ...open, end: async () => ({ ...told, entries: [{ ...link, type: 'link' }] }) };
      },
    };
    const { summary } = await make(here.context, linking);
    assert.deepEqual(await restored(summary.id), {
      d: null,
      'd/file': 'content',
      link: 'untouched',
    });
  });
});

describe('a source that fails', () => {
  const broken = (error: Error): PointSource => {
    const source = sourceOf(files);
    const failing = async function* () {
      yield entry('a', 'a');
      throw error;
    };
    const open = async (signal: AbortSignal) => {
      return { ...(await source.open(signal)), entries: failing() };
    };
    return { ...source, open };
  };

  test('no point comes of it, its error is told, nothing is left', async () => {
    await assert.rejects(make(here.context, broken(new Error('the disk is on fire'))), {
      message: 'the disk is on fire',
    });
    assert.deepEqual((await listPoints(here.context)).points, []);
    assert.deepEqual(readdirSync(join(here.root, 'vault/.partial')), []);
    assert.deepEqual(readdirSync(join(here.root, 'scratch/notes')), []);
  });

  test('a file that gives less than it said', async () => {
    const short = { ...entry('a', 'abc'), bytes: 5 };
    const source = sourceOf({});
    const open = async (signal: AbortSignal) => {
      return { ...(await source.open(signal)), entries: Readable.from([short]) };
    };
    await assert.rejects(make(here.context, { ...source, open }), /gave 3 of 5 bytes of a/);
  });

  test('one that is stopped', async () => {
    const stop = new AbortController();
    const source = sourceOf(files);
    const endless = async function* () {
      for (let n = 0; ; n++) {
        yield entry(`file-${n}`, 'x'.repeat(100_000));
        if (n === 20) stop.abort();
      }
    };
    const open = async (signal: AbortSignal) => {
      return { ...(await source.open(signal)), entries: endless() };
    };
    await assert.rejects(make(here.context, { ...source, open }, stop.signal), {
      name: 'AbortError',
    });
    assert.deepEqual(readdirSync(join(here.root, 'vault/.partial')), []);
  });
});

describe('several places', () => {
  test('each has each point; one that is gone gets it later', async () => {
    const both = here.with({ to: [here.place('one'), here.place('two')] });
    await make(both, sourceOf(files));
    rmSync(join(here.root, 'two'), { recursive: true });
    const { stored, failed, summary } = await make(both, sourceOf({ ...files, more: 'm' }));
    assert.deepEqual(stored, ['one']);
    assert.deepEqual(
      failed.map(({ place, error }) => [place, error.code]),
      [['two', 'PLACE_UNREACHABLE']],
    );
    assert.match(failed[0]?.error.message ?? '', /is its disk mounted\?/);
    // As the message says, to begin anew.
    rmSync(join(here.context.indexDir, 'places'), { recursive: true });
    const { copied, problems } = await catchUp(both, unlimited);
    assert.deepEqual([copied.length, problems], [2, []]);
    rmSync(join(here.root, 'one/files'), { recursive: true });
    assert.deepEqual(await restored(summary.id, both), { ...files, more: 'm' });
    assert.deepEqual(await catchUp(both, unlimited).then((all) => all.copied.length), 2);
  });

  test('what is damaged in one is restored from the other', async () => {
    const both = here.with({ to: [here.place('one'), here.place('two')] });
    const { summary } = await make(both, sourceOf(files));
    writeFileSync(join(here.root, 'one/files', summary.archive.file), 'damaged');
    assert.deepEqual(await restored(summary.id, both), files);
    const [problem, ...others] = await verifyVault(both, null, unlimited);
    assert.deepEqual([problem?.place, others], ['one', []]);
    assert.match(problem?.error.message ?? '', /is damaged: .*; sound in two$/);
  });

  test('with room, a new point goes where there is some', async () => {
    const to = [here.place('one', 120_000), here.place('two', 110_000)];
    const spread = here.with({ to, spread: 'room' });
    const where: (readonly string[])[] = [];
    for (let n = 1; n <= 4; n++) {
      rmSync(here.context.indexDir, { recursive: true, force: true });
      const made = await make(spread, sourceOf({ noise: randomBytes(50_000) }));
      assert.deepEqual(made.failed, []);
      where.push(made.stored);
      assert.equal(made.foreseen.length, n < 4 ? 0 : 2);
    }
    assert.deepEqual(where, [['one'], ['two'], ['one'], ['two']]);
    rmSync(here.context.indexDir, { recursive: true, force: true });
    await assert.rejects(make(spread, sourceOf({})), { code: 'PLACE_FULL' });
  });
});

describe('a place that is full', () => {
  test('nothing is left of a point that finds no room, and it is told', async () => {
    const small = here.with({ to: [here.place('small', 5000)] });
    const random = randomBytes(50_000);
    await assert.rejects(make(small, sourceOf({ random })), (error) => {
      assert.equal(errorInfo(error).code, 'PLACE_FULL');
      assert.match(errorInfo(error).message, /small would hold more than the 5000 bytes it may/);
      return true;
    });
    assert.deepEqual(Object.keys(filesBelow(join(here.root, 'small'))).sort(), [
      '.daruma-vault',
      '.partial',
    ]);
  });

  test('it is told before it happens, and then nothing is begun', async () => {
    const tight = here.with({ to: [here.place('tight', 150_000)], encryptTo: [] });
    const random = randomBytes(100_000);
    const first = await make(tight, sourceOf({ random }));
    assert.deepEqual(
      first.foreseen.map(({ place, error }) => [place, error.code]),
      [['tight', 'PLACE_FULL']],
    );
    rmSync(here.context.indexDir, { recursive: true });
    const never: PointSource = { ...sourceOf({}), open: () => assert.fail('it was begun') };
    await assert.rejects(make(tight, never), { code: 'PLACE_FULL' });
  });
});

describe('keeping', () => {
  test('what no rule keeps goes, with all that was stored of it', async () => {
    const two = here.with({ keep: { ...here.context.spec.keep, last: 2 } });
    const ids: string[] = [];
    for (let n = 0; n < 4; n++) {
      rmSync(here.context.indexDir, { recursive: true, force: true });
      ids.push((await make(two, sourceOf({ file: String(n) }))).summary.id);
    }
    const asked = { dryRun: true, consent: false };
    const told = await prunePoints(two, Date.now(), asked);
    assert.deepEqual(told.removed, ids.slice(0, 2));
    assert.equal((await listPoints(two)).points.length, 4);
    await prunePoints(two, Date.now(), { ...asked, dryRun: false });
    assert.deepEqual(
      (await listPoints(two)).points.map(({ id }) => id),
      ids.slice(2),
    );
    assert.equal(readdirSync(join(here.root, 'vault/files')).length, 4);
  });

  test('what a kept point needs stays; what is replaced meanwhile does not', async () => {
    const one = here.with({ keep: { ...here.context.spec.keep, last: 1 } });
    const { summary: base } = await make(one, sourceOf({ big: 'b'.repeat(100_000), file: '1' }));
    await make(one, sourceOf({ big: 'b'.repeat(100_000), file: '2' }));
    const last = { big: 'b'.repeat(100_000), file: '3' };
    const { summary } = await make(one, sourceOf(last));
    const { removed, kept } = await prunePoints(one, Date.now(), { dryRun: false, consent: false });
    assert.equal(removed.length, 1);
    assert.deepEqual(kept, [
      { id: base.id, why: `needed by ${summary.id}` },
      { id: summary.id, why: 'the newest, one of the last 1' },
    ]);
    assert.deepEqual(await restored(summary.id, one), last);
  });
});

describe('sweep', () => {
  test('an archive without summary goes when it is a day old, and not before', async () => {
    await make(here.context, sourceOf(files));
    const old = join(here.root, 'vault/files/20200101T000000.000Z-aaaa.tar.zst.age');
    const future = join(here.root, 'vault/files/29990101T000000.000Z-aaaa.tar.zst.age');
    for (const file of [old, future]) writeFileSync(file, 'half');
    const removed = await sweep(here.context);
    assert.deepEqual(removed, ['vault: files/20200101T000000.000Z-aaaa.tar.zst.age']);
    assert.equal((await listPoints(here.context)).points.length, 1);
  });

  test('an archive whose summary is damaged stays', async () => {
    const { summary } = await make(here.context, sourceOf(files));
    writeFileSync(join(here.root, 'vault/files', `${summary.id}.json`), '{}');
    assert.deepEqual(await sweep(here.context), []);
    const { points, problems } = await listPoints(here.context);
    assert.deepEqual(points, []);
    assert.deepEqual(
      problems.map(({ key, error }) => [key, error.code]),
      [[`files/${summary.id}.json`, 'POINT_DAMAGED']],
    );
  });

  test('another stack’s points in the same place are let be', async () => {
    const { summary } = await make(here.with({}, { stack: 'other' }), sourceOf(files));
    assert.deepEqual(await listPoints(here.context), { points: [], problems: [] });
    assert.deepEqual(await sweep(here.context), []);
    await assert.rejects(restored(summary.id), { code: 'POINT_FOREIGN' });
    symlinkSync('/nowhere', join(here.root, 'vault/files/link'));
    assert.deepEqual(await listPoints(here.context), { points: [], problems: [] });
  });
});

test('points begun in the same instant have different names', async () => {
  let drawn = 0;
  const how = {
    name: 'a name',
    why: 'person',
    now: () => 1_800_000_000_000,
    chance: () => (drawn++ < 2 ? 0.1 : 0.7),
    signal: unlimited,
    onProgress: () => undefined,
  };
  const first = await makePoint(here.context, sourceOf(files), how);
  const second = await makePoint(here.context, sourceOf(files), how);
  assert.notEqual(first.summary.id, second.summary.id);
});
