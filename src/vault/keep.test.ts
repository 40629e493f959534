import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { KeepSpec } from '../model/recovery-point.ts';
import { decideKeep, type KeepPoint, type KeepQuestion } from './keep.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const nothing: KeepSpec = {
  last: 0,
  hourly: 0,
  daily: 0,
  weekly: 0,
  monthly: 0,
  withinMs: 0,
  minAgeMs: 0,
};
const now = Date.UTC(2026, 10, 21, 12);

/** A point so many hours ago. */
function point(hoursAgo: number, ...needs: number[]): KeepPoint {
  return { id: idOf(hoursAgo), at: now - hoursAgo * hourMs, needs: needs.map(idOf) };
}

function idOf(hoursAgo: number): string {
  return new Date(now - hoursAgo * hourMs).toISOString();
}

/** Of the points that stay, how many hours ago they were made. */
function keptHours(keep: Partial<KeepSpec>, points: readonly KeepPoint[], consent = false) {
  const rules = { ...nothing, ...keep };
  const { kept } = decideKeep({ points, keep: rules, now, consent, unreadable: [] });
  return kept.map(({ id }) => (now - Date.parse(id)) / hourMs);
}

describe('which points stay', () => {
  const everyHour = Array.from({ length: 24 * 80 }, (_, index) => point(index + 0.25));
  const table: readonly [Partial<KeepSpec>, readonly number[]][] = [
    [{}, [0.25]],
    [{ last: 3 }, [2.25, 1.25, 0.25]],
    [{ hourly: 2 }, [1.25, 0.25]],
    [{ daily: 3 }, [36.25, 12.25, 0.25]],
    // The 21st is a Saturday: the weeks before end with their Sundays.
    [{ weekly: 3 }, [300.25, 132.25, 0.25]],
    [{ monthly: 2 }, [492.25, 0.25]],
    [{ withinMs: 2 * hourMs }, [1.25, 0.25]],
    [{ last: 2, daily: 2 }, [12.25, 1.25, 0.25]],
  ];
  for (const [keep, hours] of table) {
    test(JSON.stringify(keep), () => assert.deepEqual(keptHours(keep, everyHour), hours));
  }

  test('what a point that stays needs, stays, however far it goes', () => {
    const points = [point(90), point(80, 90), point(70), point(2, 80), point(1, 70)];
    assert.deepEqual(keptHours({ last: 1 }, points), [70, 1]);
    assert.deepEqual(keptHours({ last: 2 }, points), [90, 80, 70, 2, 1]);
  });

  test('the least age is overridden by consent only', () => {
    const points = [point(5), point(3), point(1)];
    assert.deepEqual(keptHours({ minAgeMs: 4 * hourMs }, points), [3, 1]);
    assert.deepEqual(keptHours({ minAgeMs: 4 * hourMs }, points, true), [1]);
  });

  test('what may be needed by a point that can not be read, stays', () => {
    const question = { keep: { ...nothing, last: 1 }, now, consent: true };
    const points = [point(9), point(5), point(1)];
    const { removed, kept } = decideKeep({ ...question, points, unreadable: [idOf(7)] });
    assert.deepEqual(removed, [idOf(5)]);
    assert.match(kept[0]?.why ?? '', /^perhaps needed by .*can't be read$/);
  });

  test('reasons are told', () => {
    const points = [point(30), point(1, 30)];
    const question = { points, keep: { ...nothing, daily: 1 }, now, consent: false };
    assert.deepEqual(decideKeep({ ...question, unreadable: [] }).kept, [
      { id: idOf(30), why: `needed by ${idOf(1)}` },
      { id: idOf(1), why: 'the newest, the last of a day' },
    ]);
  });
});

const counts = fc.integer({ min: 0, max: 5 });
const spans = fc.integer({ min: 0, max: 10 * dayMs });
const keeps: fc.Arbitrary<KeepSpec> = fc.record({
  last: counts,
  hourly: counts,
  daily: counts,
  weekly: counts,
  monthly: counts,
  withinMs: spans,
  minAgeMs: spans,
});

/** Each needs some that are older. */
const manyPoints: fc.Arbitrary<readonly KeepPoint[]> = fc
  .array(
    fc.record({ ago: fc.integer({ min: 0, max: 100 * dayMs }), needs: fc.array(fc.nat(40)) }),
    {
      maxLength: 40,
    },
  )
  .map((drawn) => {
    const sorted = drawn.toSorted((a, b) => b.ago - a.ago);
    const id = (index: number): string => `p${String(index).padStart(3, '0')}`;
    return sorted.map(({ ago, needs }, index) => {
      return { id: id(index), at: now - ago, needs: needs.filter((n) => n < index).map(id) };
    });
  });

const questions: fc.Arbitrary<KeepQuestion> = fc.record({
  points: manyPoints,
  keep: keeps,
  now: fc.constant(now),
  consent: fc.boolean(),
  unreadable: fc.constant([]),
});

describe('whatever the rules', () => {
  test('each point either stays or goes', () => {
    fc.assert(
      fc.property(questions, (question) => {
        const { removed, kept } = decideKeep(question);
        const all = [...removed, ...kept.map(({ id }) => id)].sort();
        assert.deepEqual(all, question.points.map(({ id }) => id).sort());
      }),
    );
  });

  test('nothing that stays lacks what it needs', () => {
    fc.assert(
      fc.property(questions, (question) => {
        const { removed, kept } = decideKeep(question);
        const staying = new Set(kept.map(({ id }) => id));
        const needed = question.points.filter(({ id }) => staying.has(id)).flatMap((p) => p.needs);
        assert.deepEqual(
          removed.filter((id) => needed.includes(id)),
          [],
        );
      }),
    );
  });

  test('nothing younger than the least age goes without consent', () => {
    fc.assert(
      fc.property(questions, (question) => {
        const { removed } = decideKeep({ ...question, consent: false });
        const young = question.points.filter(({ at }) => now - at < question.keep.minAgeMs);
        assert.ok(young.every(({ id }) => !removed.includes(id)));
      }),
    );
  });

  test('the newest stays', () => {
    fc.assert(
      fc.property(questions, (question) => {
        const newest = Math.max(...question.points.map(({ at }) => at));
        const { kept } = decideKeep(question);
        const at = new Map(question.points.map((each) => [each.id, each.at]));
        assert.ok(question.points.length === 0 || kept.some(({ id }) => at.get(id) === newest));
      }),
    );
  });

  test('doing it again removes nothing more', () => {
    fc.assert(
      fc.property(questions, (question) => {
        const first = decideKeep(question);
        const left = question.points.filter(({ id }) => !first.removed.includes(id));
        assert.deepEqual(decideKeep({ ...question, points: left }).removed, []);
      }),
    );
  });

  test('a higher count removes no more', () => {
    fc.assert(
      fc.property(questions, counts, (question, more) => {
        const generous = { ...question.keep, last: question.keep.last + more };
        const fewer = decideKeep({ ...question, keep: generous }).removed;
        const { removed } = decideKeep(question);
        assert.ok(fewer.every((id) => removed.includes(id)));
      }),
    );
  });
});
