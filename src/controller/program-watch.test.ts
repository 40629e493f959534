import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { InstanceId } from '../model/ids.ts';
import type { Clock } from '../ports/clock.ts';
import { ProgramWatch } from './program-watch.ts';

function setUp(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'daruma-program-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'program');
  const told: InstanceId[] = [];
  const needy: InstanceId[] = ['api/1'];
  let now = 1_000;
  let timer: (() => void) | null = null;
  const clock: Clock = {
    now: () => now,
    after: (_, callback) => {
      timer = callback;
      return () => {
        timer = null;
      };
    },
  };
  const onChanged = (instance: InstanceId) => told.push(instance);
  const watch = new ProgramWatch({ clock, needy: () => needy, files: () => [file], onChanged });
  const looks = (count: number): void => {
    for (let look = 0; look < count; look += 1) {
      now += 500;
      timer?.();
    }
  };
  const write = (text: string): void => {
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  };
  return { file, told, needy, watch, looks, write, watches: () => timer !== null };
}

test('a change is told once, when the file is at rest', (t) => {
  const { told, watch, looks, write } = setUp(t);
  watch.look();
  looks(3);
  assert.deepEqual(told, []);
  write('half');
  looks(1);
  write('whole');
  looks(1);
  assert.deepEqual(told, []);
  looks(10);
  assert.deepEqual(told, ['api/1']);
});

test('so is a file that comes, and a mode that changes', (t) => {
  const { file, told, watch, looks, write } = setUp(t);
  watch.look();
  write('it is there');
  looks(2);
  assert.equal(told.length, 1);
  chmodSync(file, 0o755);
  looks(10);
  assert.equal(told.length, 2);
});

test('what changes while it is tried is its own doing', (t) => {
  const { told, needy, watch, looks, write } = setUp(t);
  watch.look();
  needy.pop();
  looks(1);
  write('its data');
  needy.push('api/1');
  looks(10);
  assert.deepEqual(told, []);
});

test('changes that do not help are told ever more rarely', (t) => {
  const { told, watch, looks, write } = setUp(t);
  watch.look();
  const counts = [60, 60, 60, 60].map((many) => {
    const before = told.length;
    for (let change = 0; change < many; change += 1) {
      write(`${before} ${change}`);
      looks(2);
    }
    return told.length - before;
  });
  assert.deepEqual(counts, [6, 1, 1, 1]);
});

test('nothing is looked at while nothing needs a person', (t) => {
  const { needy, watch, looks, watches } = setUp(t);
  needy.pop();
  watch.look();
  assert.ok(!watches());
  needy.push('api/1');
  watch.look();
  assert.ok(watches());
  needy.pop();
  looks(200);
  assert.ok(!watches());
});
