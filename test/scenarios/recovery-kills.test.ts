/**
 * The process that makes or restores a point, or the controller, is killed at every named point.
 * Whatever the moment: a restore is completed or leaves the old data serving, what is listed
 * restores and verifies, and nothing is left over.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { recoveryPoints } from '../../src/ports/fault-point.ts';
import { arm } from './fault-arming.ts';
import { type Bench, type RunResult, until } from './harness.ts';
import { listed, type Notes, notes } from './recovery-stand.ts';

type Point = (typeof recoveryPoints)[number];

/** In what each point is passed. */
const passed: Readonly<Record<Point, 'preparing' | 'exchanging' | 'undoing' | 'making'>> = {
  'restore.commanded': 'preparing',
  'restore.before-prepare': 'preparing',
  'restore.prepared': 'preparing',
  'restore.before-swap': 'exchanging',
  'restore.between-renames': 'exchanging',
  'restore.after-swap': 'exchanging',
  'restore.before-undo': 'undoing',
  'restore.after-undo': 'undoing',
  'point.begun': 'making',
  'point.made': 'making',
};

function passedIn(what: (typeof passed)[Point]): readonly Point[] {
  return recoveryPoints.filter((point) => passed[point] === what);
}

async function strike(stand: Notes, point: Point, ...args: string[]) {
  const struck = await arm(stand.made, point);
  rmSync(struck);
  const run = await stand.made.daruma(...args);
  assert.ok(existsSync(struck), 'the fault point was passed');
  return run;
}

async function serves(stand: Notes, expected: readonly string[]): Promise<void> {
  await until('it serves what it should', async () => {
    const found = await stand.read();
    return found.join() === expected.join();
  });
}

async function allSound(made: Bench): Promise<void> {
  const { points, problems } = await listed(made, 'notes');
  assert.deepEqual(problems, []);
  const verified = await made.daruma('vault', 'verify', 'notes');
  assert.equal(verified.code, 0, verified.stdout + verified.stderr);
  for (const { id } of points) {
    const copy = path.join(made.directory, 'copy');
    const run = await made.daruma('restore', 'notes', '--to', id, '--as-copy', copy);
    assert.equal(run.code, 0, run.stderr);
    rmSync(copy, { recursive: true });
  }
}

function asideIn(directory: string): readonly string[] {
  return readdirSync(directory).filter((name) => /\.(before|restored)-/.test(name));
}

/** With the notes `one` and `two`, and the point `first`, which has `one` only. */
async function withFirst(t: TestContext): Promise<Notes> {
  const stand = await notes(t, 'keep: { last: 50 }');
  await stand.made.up();
  await stand.add('one');
  assert.equal((await stand.made.daruma('backup', 'notes', '--name', 'first')).code, 0);
  await stand.add('two');
  return stand;
}

const restoring = ['restore', 'notes', '--to', 'first', '--yes'] as const;
const undoing = ['restore', 'notes', '--undo', '--yes'] as const;

async function undone(stand: Notes, { code, stdout, stderr }: RunResult): Promise<void> {
  assert.equal(code, 0, stdout + stderr);
  await serves(stand, ['one', 'two']);
  assert.deepEqual(asideIn(stand.made.directory), []);
}

describe('killed', { concurrency: 2 }, () => {
  for (const what of ['preparing', 'exchanging'] as const) {
    test(`while ${what} data: the restore is completed, and can be undone`, async (t) => {
      const stand = await withFirst(t);
      for (const point of passedIn(what)) {
        await t.test(point, async () => {
          const run = await strike(stand, point, ...restoring);
          assert.equal(run.code, 0, run.stdout + run.stderr);
          await serves(stand, ['one']);
          await undone(stand, await stand.made.daruma(...undoing));
        });
      }
      await allSound(stand.made);
    });
  }

  test('while undoing a restore: what was before serves again', async (t) => {
    const stand = await withFirst(t);
    for (const point of passedIn('undoing')) {
      await t.test(point, async () => {
        assert.equal((await stand.made.daruma(...restoring)).code, 0);
        await serves(stand, ['one']);
        await undone(stand, await strike(stand, point, ...undoing));
      });
    }
    await allSound(stand.made);
  });

  test('while making a point: that fails, the next one is made, and none is half', async (t) => {
    const stand = await notes(t, 'keep: { last: 50 }');
    await stand.made.up();
    for (const point of passedIn('making')) {
      await t.test(point, async () => {
        await stand.add(point);
        const run = await strike(stand, point, 'backup', 'notes');
        assert.notEqual(run.code, 0);
        assert.equal((await stand.made.daruma('backup', 'notes')).code, 0);
      });
    }
    await allSound(stand.made);
  });
});
