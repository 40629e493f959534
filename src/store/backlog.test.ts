import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Backlog } from './backlog.ts';

function backlogFile(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'daruma-backlog-'));
  t.after(() => rmSync(dir, { recursive: true }));
  return join(dir, 'backlog');
}

function opened(t: TestContext, path: string, lastSeq: number): Backlog {
  const backlog = new Backlog(path);
  t.after(() => backlog.close());
  backlog.follow(lastSeq);
  return backlog;
}

test('what was kept is found by the next one, after what the database has', (t) => {
  const path = backlogFile(t);
  const first = opened(t, path, 4);
  assert.ok(first.keep(5, ['"a"', '"b"']));
  assert.ok(first.keep(7, ['"ç"']));
  assert.deepEqual(first.after(5), [
    [6, '"b"', 0],
    [7, '"ç"', 0],
  ]);
  for (const [lastSeq, records] of [
    [4, ['"a"', '"b"', '"ç"']],
    [5, ['"b"', '"ç"']],
    [7, []],
    [9, []],
    [3, []],
  ] as const) {
    assert.deepEqual(opened(t, path, lastSeq).records, records, `database up to ${lastSeq}`);
  }
});

test('it goes on behind what it has found', (t) => {
  const path = backlogFile(t);
  opened(t, path, 0).keep(1, ['1', '2']);
  const next = opened(t, path, 1);
  assert.ok(next.keep(3, ['3']));
  assert.deepEqual(opened(t, path, 1).records, ['2', '3']);
});

test('what the database has taken makes room and is never found again', (t) => {
  const path = backlogFile(t);
  const backlog = opened(t, path, 0);
  backlog.keep(1, ['1', '2']);
  backlog.keep(3, ['3']);
  backlog.settle(2);
  assert.deepEqual([backlog.firstSeq, backlog.lastSeq, backlog.records], [3, 3, ['3']]);
  backlog.settle(3);
  assert.deepEqual([backlog.firstSeq, backlog.lastSeq, backlog.records], [null, null, []]);
  backlog.keep(4, ['4']);
  backlog.settle(3);
  assert.deepEqual(opened(t, path, 3).records, ['4']);
});

test('an entry that is torn ends it', (t) => {
  const path = backlogFile(t);
  const backlog = opened(t, path, 0);
  backlog.keep(1, ['"one"']);
  backlog.keep(2, ['"two"']);
  const whole = readFileSync(path, 'latin1');
  for (let length = 0; length <= whole.indexOf('"two'); length += 1) {
    writeFileSync(path, whole.slice(0, length).padEnd(whole.length, '\0'), 'latin1');
    const { records } = opened(t, path, 0);
    assert.deepEqual(records, length <= whole.indexOf('\n') ? [] : ['"one"'], `${length} bytes`);
  }
});

test('without room, or a file, nothing is kept', (t) => {
  const path = backlogFile(t);
  const backlog = opened(t, path, 0);
  const large = JSON.stringify('x'.repeat(100_000));
  assert.deepEqual(
    [1, 2, 3].map((seq) => backlog.keep(seq, [large])),
    [true, true, false],
  );
  assert.ok(backlog.keep(3, ['3']), 'what is smaller still is');
  assert.equal(opened(t, path, 0).records.length, 3);
  assert.equal(opened(t, `${path}.absent/backlog`, 0).keep(1, ['1']), false);
});

test('a file of another length is none', (t) => {
  const path = backlogFile(t);
  opened(t, path, 0).keep(1, ['1']);
  truncateSync(path, 5);
  const backlog = opened(t, path, 0);
  assert.deepEqual(backlog.records, []);
  assert.ok(backlog.keep(1, ['1']));
});
