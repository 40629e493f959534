/**
 * The process that makes or restores a point, or the controller, is killed at every named point.
 * Whatever the moment: a restore is completed or leaves the old data serving, what is listed
 * restores and verifies, and nothing is left over.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { recoveryPoints } from '../../src/ports/fault-point.ts';
import { arm } from './fault-arming.ts';
import { type Bench, until } from './harness.ts';
import { listed, type Notes, notes } from './recovery-stand.ts';

type Point = (typeof recoveryPoints)[number];

const undoing: readonly Point[] = ['restore.before-undo', 'restore.after-undo'];
const making: readonly Point[] = ['point.begun', 'point.made'];
const restoring = recoveryPoints.filter((one) => !undoing.includes(one) && !making.includes(one));

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

describe('killed at', () => {
  test('a point of a restore', async (t) => {
    const stand = await notes(t, 'keep: { last: 50 }');
    const { made } = stand;
    await made.up();
    await stand.add('one');
    await made.daruma('backup', 'notes', '--name', 'first');
    await stand.add('two');
    for (const point of restoring) {
      await t.test(point, async () => {
        const run = await strike(stand, point, 'restore', 'notes', '--to', 'first', '--yes');
        assert.equal(run.code, 0, run.stdout + run.stderr);
        await serves(stand, ['one']);
        const back = await made.daruma('restore', 'notes', '--undo', '--yes');
        assert.equal(back.code, 0, back.stderr);
        await serves(stand, ['one', 'two']);
        assert.deepEqual(asideIn(made.directory), []);
      });
    }
    for (const point of undoing) {
      await t.test(point, async () => {
        await made.daruma('restore', 'notes', '--to', 'first', '--yes');
        const run = await strike(stand, point, 'restore', 'notes', '--undo', '--yes');
        assert.equal(run.code, 0, run.stdout + run.stderr);
        await serves(stand, ['one', 'two']);
        assert.deepEqual(asideIn(made.directory), []);
      });
    }
    await allSound(made);
  });

  test('a point of making one', async (t) => {
    const stand = await notes(t, 'keep: { last: 50 }');
    await stand.made.up();
    for (const point of making) {
      await stand.add(point);
      const run = await strike(stand, point, 'backup', 'notes');
      assert.notEqual(run.code, 0);
      assert.equal((await stand.made.daruma('backup', 'notes')).code, 0);
    }
    await allSound(stand.made);
  });
});
