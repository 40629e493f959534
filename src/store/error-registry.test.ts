import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ErrorReport } from '../model/error-record.ts';
import { ErrorRegistry } from './error-registry.ts';

function happening(at: number, message: string): ErrorReport {
  const origin = { service: 'api', instance: 'api/1', host: 'h' } as const;
  return { at, code: 'E_TEST', message, origin, source: 'application' };
}

/** Distinct after normalising. */
function word(index: number): string {
  return [...String(index)].map((digit) => 'abcdefghij'[Number(digit)]).join('');
}

test('a flood of a million with changing numbers is one record, counted right', () => {
  const registry = new ErrorRegistry([]);
  for (let at = 1; at <= 1_000_000; at += 1) registry.report(happening(at, `no user ${at}`));
  const records = registry.list(10);
  assert.equal(records.length, 1);
  const [record] = records;
  assert.equal(record?.count, 1_000_000);
  assert.equal(record?.message, 'no user 1000000');
  assert.deepEqual([record?.firstSeen, record?.lastSeen], [1, 1_000_000]);
});

test('a flood of distinct errors stays bounded, keeps the repeated one, counts the dropped', () => {
  const registry = new ErrorRegistry([]);
  for (let at = 1; at <= 20_000; at += 1) {
    registry.report(happening(at, `once ${word(at)}`));
    if (at % 2 === 0) registry.report(happening(at, 'again and again'));
  }
  const records = registry.list(5000);
  assert.equal(records.length, 1001);
  assert.equal(records.find(({ message }) => message === 'again and again')?.count, 10_000);
  assert.equal(records.find(({ code }) => code === 'ERRORS_DROPPED')?.count, 20_000 - 999);
});

test('the least recently seen single one goes first; acknowledged and repeated ones stay', () => {
  const registry = new ErrorRegistry([], 10);
  const acknowledged = 'b';
  for (const [at, message] of ['a', acknowledged, 'c', 'd', 'd'].entries()) {
    registry.report(happening(at, message));
  }
  const id = registry.list(10).find(({ message }) => message === acknowledged)?.id ?? '';
  assert.equal(registry.acknowledge(id, 'eve'), true);
  for (let at = 10; at < 17; at += 1) registry.report(happening(at, `new ${word(at)}`));
  const kept = registry.list(20).map(({ message }) => message);
  assert.equal(kept.includes('a'), false);
  for (const message of [acknowledged, 'c', 'd']) assert.equal(kept.includes(message), true);
});

test('among repeated ones a new error still finds a place to be seen again', () => {
  const registry = new ErrorRegistry([], 10);
  const seeTwice = (at: number, message: string) => {
    registry.report(happening(at, message));
    registry.report(happening(at, message));
  };
  for (let at = 0; at < 10; at += 1) seeTwice(at, `old ${word(at)}`);
  for (const message of ['one', 'two', 'one', 'two']) registry.report(happening(20, message));
  const kept = registry.list(20);
  assert.equal(kept.find(({ message }) => message === 'one')?.count, 2);
  assert.equal(kept.find(({ message }) => message === 'two')?.count, 2);
});

test('acknowledging: by whom is kept until it happens again', () => {
  const registry = new ErrorRegistry([]);
  registry.report(happening(1, 'it broke'));
  const id = registry.list(1)[0]?.id ?? '';
  assert.equal(registry.acknowledge(id, 'eve'), true);
  assert.equal(registry.list(1)[0]?.acknowledgedBy, 'eve');
  registry.report(happening(2, 'it broke'));
  assert.equal(registry.list(1)[0]?.acknowledgedBy, null);
  assert.equal(registry.acknowledge('nonesuch', 'eve'), false);
});

test('the newest comes first', () => {
  const registry = new ErrorRegistry([]);
  for (const [at, message] of ['a', 'b', 'c', 'a'].entries())
    registry.report(happening(at, message));
  assert.deepEqual(
    registry.list(2).map(({ message }) => message),
    ['a', 'c'],
  );
});

test('changes are given once, and again when they could not be saved', () => {
  const registry = new ErrorRegistry([], 2);
  registry.report(happening(1, 'a'));
  const first = registry.takeChanges();
  assert.equal(first.changed.length, 1);
  assert.deepEqual(registry.takeChanges(), { changed: [], removed: [] });
  registry.putBack(first);
  for (const message of ['b', 'c']) registry.report(happening(2, message));
  const second = registry.takeChanges();
  assert.deepEqual(
    second.removed,
    first.changed.map(({ id }) => id),
  );
  assert.equal(second.changed.length, 3);
});

test('any flood: bounded, no happening lost from the counts, the same after saving', () => {
  const messages = fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 300 });
  fc.assert(
    fc.property(messages, fc.integer({ min: 1, max: 12 }), (words, limit) => {
      const registry = new ErrorRegistry([], limit);
      const saved = new Map<string, ReturnType<typeof registry.list>[number]>();
      for (const [at, index] of words.entries()) {
        registry.report(happening(at, word(index)));
        if (at % 7 !== 0) continue;
        const { changed, removed } = registry.takeChanges();
        for (const id of removed) saved.delete(id);
        for (const record of changed) saved.set(record.id, record);
      }
      const { changed, removed } = registry.takeChanges();
      for (const id of removed) saved.delete(id);
      for (const record of changed) saved.set(record.id, record);
      const kept = registry.list(1000);
      assert.ok(kept.length <= limit + 1);
      assert.equal(
        kept.reduce((sum, { count }) => sum + count, 0),
        words.length,
      );
      const byId = (a: { id: string }, b: { id: string }) => a.id.localeCompare(b.id);
      const again = new ErrorRegistry([...saved.values()], limit).list(1000);
      assert.deepEqual(again.sort(byId), kept.sort(byId));
    }),
  );
});
