import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Fact, Row } from './fact.ts';
import { isSound, judge } from './judge.ts';

function fact(number: number, more: Partial<Fact> = {}): Fact {
  const times = { sentAt: number * 10, answeredAt: number * 10 + 1 };
  return { client: 1, number, outcome: 'acknowledged', ...times, by: 'a@1', error: null, ...more };
}

function row(number: number, more: Partial<Row> = {}): Row {
  return { client: 1, number, by: 'a@1', at: number * 10, ...more };
}

test('what was acknowledged is there once, and what is unknown may be there', () => {
  const facts = [fact(1), fact(2, { outcome: 'unknown' }), fact(3, { outcome: 'unknown' })];
  const judgement = judge(facts, [row(1), row(2)]);
  assert.ok(isSound(judgement));
  assert.equal(judgement.acknowledged, 1);
  assert.equal(judgement.unknown, 2);
});

test('an acknowledged fact that is not there is lost, and who took it is told', () => {
  const judgement = judge([fact(1), fact(2)], [row(1)]);
  assert.deepEqual(judgement.lost, ['1/2 by a@1']);
  assert.ok(!isSound(judgement));
});

test('a fact that is there twice, and one that nobody sent', () => {
  const judgement = judge([fact(1)], [row(1), row(1), row(2)]);
  assert.deepEqual(judgement.doubled, ['1/1']);
  assert.deepEqual(judgement.invented, ['1/2']);
  assert.ok(!isSound(judgement));
});

test('one server after the other is sound; both at the same time is not', () => {
  const facts = [fact(1), fact(2), fact(3)];
  const after = judge(facts, [row(1), row(2), row(3, { by: 'b@2' })]);
  assert.ok(isSound(after));
  assert.deepEqual(after.servers, ['a@1', 'b@2']);
  const both = judge(facts, [row(1), row(2, { by: 'b@2' }), row(3)]);
  assert.equal(both.overlaps.length, 1);
  assert.match(both.overlaps[0] ?? '', /^a@1 still took facts 10\.0 ms after b@2/);
  assert.ok(!isSound(both));
});

test('the longest pause is between two acknowledgements', () => {
  const facts = [fact(1), fact(2, { outcome: 'unknown' }), fact(9), fact(10)];
  assert.equal(judge(facts, [row(1), row(9), row(10)]).longestPauseMs, 80);
});
