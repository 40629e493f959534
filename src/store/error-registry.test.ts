import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ErrorReport } from '../model/error-record.ts';
import { cutMessage, ErrorRegistry, messageLengthMax, occurrencesKept } from './error-registry.ts';

const now = 2_000_000;
const seenTo = { kind: 'acknowledge' } as const;

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
  const records = registry.list(10, now);
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
  const records = registry.list(5000, now);
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
  const id = registry.list(10, now).find(({ message }) => message === acknowledged)?.id ?? '';
  assert.equal(registry.mark(id, seenTo, 'eve', now), true);
  for (let at = 10; at < 17; at += 1) registry.report(happening(at, `new ${word(at)}`));
  const kept = registry.list(20, now).map(({ message }) => message);
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
  const kept = registry.list(20, now);
  assert.equal(kept.find(({ message }) => message === 'one')?.count, 2);
  assert.equal(kept.find(({ message }) => message === 'two')?.count, 2);
});

test('acknowledging: by whom is kept until it happens again', () => {
  const registry = new ErrorRegistry([]);
  registry.report(happening(1, 'it broke'));
  const id = registry.list(1, now)[0]?.id ?? '';
  assert.equal(registry.mark(id, seenTo, 'eve', now), true);
  assert.equal(registry.list(1, now)[0]?.acknowledgedBy, 'eve');
  registry.report(happening(2, 'it broke'));
  assert.equal(registry.list(1, now)[0]?.acknowledgedBy, null);
  assert.equal(registry.mark('nonesuch', seenTo, 'eve', now), false);
});

test('the newest comes first', () => {
  const registry = new ErrorRegistry([]);
  for (const [at, message] of ['a', 'b', 'c', 'a'].entries())
    registry.report(happening(at, message));
  assert.deepEqual(
    registry.list(2, now).map(({ message }) => message),
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
    first.changed.map(({ record }) => record.id),
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
        for (const { record } of changed) saved.set(record.id, record);
      }
      const { changed, removed } = registry.takeChanges();
      for (const id of removed) saved.delete(id);
      for (const { record } of changed) saved.set(record.id, record);
      const kept = registry.list(1000, now);
      assert.ok(kept.length <= limit + 1);
      assert.equal(
        kept.reduce((sum, { count }) => sum + count, 0),
        words.length,
      );
      const byId = (a: { id: string }, b: { id: string }) => a.id.localeCompare(b.id);
      const again = new ErrorRegistry([...saved.values()], limit).list(1000, now);
      assert.deepEqual(again.sort(byId), kept.sort(byId));
    }),
  );
});

test('a mute lasts over happenings, and ends by itself', () => {
  const registry = new ErrorRegistry([]);
  registry.report(happening(1, 'it broke'));
  const id = registry.list(1, 1)[0]?.id ?? '';
  assert.equal(registry.mark(id, { kind: 'mute', until: 100 }, 'eve', 2), true);
  registry.report(happening(50, 'it broke'));
  assert.deepEqual(registry.one(id, 99)?.muted, { by: 'eve', at: 2, until: 100 });
  assert.equal(registry.one(id, 100)?.muted, null);
  registry.mark(id, { kind: 'mute', until: null }, 'eve', 101);
  assert.equal(registry.one(id, 1e15)?.muted?.until, null);
  registry.mark(id, { kind: 'unmute' }, 'ann', 102);
  assert.equal(registry.one(id, 103)?.muted, null);
});

test('a muted one that happened once is kept when others are dropped', () => {
  const registry = new ErrorRegistry([], 10);
  registry.report(happening(1, 'muted'));
  const id = registry.list(1, 1)[0]?.id ?? '';
  registry.mark(id, { kind: 'mute', until: null }, 'eve', 1);
  for (let at = 2; at < 40; at += 1) registry.report(happening(at, `new ${word(at)}`));
  assert.equal(registry.one(id, now)?.message, 'muted');
});

test('role, release and place in the log are of the latest happening', () => {
  const registry = new ErrorRegistry([]);
  const first = happening(1, 'it broke');
  const origin = { ...first.origin, role: 'primary' } as const;
  registry.report({ ...first, origin, release: '1.0', log: 7 });
  registry.report({ ...first, at: 2, origin: { ...origin, role: 'standby' } });
  const [record] = registry.list(2, now);
  assert.equal(record?.count, 2);
  assert.equal(record?.origin.role, 'standby');
  assert.equal(record?.release, '1.0');
  assert.equal(record?.log, null);
});

test('an incident is linked once, by a report or when it opens', () => {
  const registry = new ErrorRegistry([]);
  registry.report({ ...happening(5, 'early'), log: 40 });
  registry.report(happening(1, 'long ago'));
  registry.linkTo({ incident: 'i1', component: 'api/1', since: 4 });
  registry.linkTo({ incident: 'i1', component: 'api/1', since: 4 });
  registry.report({ ...happening(9, 'early'), incident: 'i1' });
  registry.report({ ...happening(10, 'early'), incident: 'i2' });
  const links = registry.list(9, now).map(({ message, incidents }) => [message, incidents]);
  assert.deepEqual(Object.fromEntries(links), {
    early: [
      { incident: 'i2', at: 10, log: null },
      { incident: 'i1', at: 5, log: 40 },
    ],
    'long ago': [],
  });
});

test('of single happenings and stacks, a bounded part waits to be saved', () => {
  const registry = new ErrorRegistry([]);
  for (let at = 1; at <= 100; at += 1) {
    registry.report({ ...happening(at, `try ${at}`), stack: `at line ${at}` });
  }
  const [taken] = registry.takeChanges().changed;
  assert.equal(taken?.occurrences.length, occurrencesKept);
  assert.equal(taken?.occurrences.at(-1)?.message, 'try 100');
  assert.equal(taken?.stack, 'at line 100');
  registry.report(happening(101, 'try 101'));
  if (taken !== undefined) registry.putBack({ changed: [taken], removed: [] });
  const { stack, occurrences } = registry.unsaved(taken?.record.id ?? '');
  assert.equal(stack, 'at line 100');
  assert.deepEqual([occurrences.length, occurrences.at(-1)?.at], [occurrencesKept, 101]);
});

test('long messages are cut', () => {
  assert.equal(cutMessage('x'.repeat(messageLengthMax)).length, messageLengthMax);
  assert.equal(cutMessage('x'.repeat(1e6)).length, messageLengthMax);
});
