import assert from 'node:assert/strict';
import { test } from 'node:test';
import { draftOf } from './draft.ts';

interface Tree {
  name: string;
  list: { at: number }[];
  byName: Record<string, { at: number; deep?: { list: number[] } }>;
}

function tree(): Tree {
  return {
    name: 'one',
    list: [{ at: 1 }, { at: 2 }],
    byName: { a: { at: 3, deep: { list: [1, 2] } }, b: { at: 4 } },
  };
}

test('whatever is done to a draft, the original stays as it was', () => {
  const original = tree();
  const draft = draftOf(original);
  draft.name = 'two';
  draft.list.push({ at: 5 });
  const [first] = draft.list;
  if (first !== undefined) first.at = 6;
  draft.list.shift();
  for (const each of Object.values(draft.byName)) each.at += 10;
  for (const each of draft.list) each.at += 10;
  draft.byName['a']?.deep?.list.sort((a, b) => b - a);
  delete draft.byName['b'];
  draft.byName['c'] = { at: 7 };
  assert.deepEqual(original, tree());
  assert.deepEqual(structuredClone(Object.keys(draft.byName)), ['a', 'c']);
  assert.equal(
    JSON.stringify(draft),
    JSON.stringify({
      name: 'two',
      list: [{ at: 12 }, { at: 15 }],
      byName: { a: { at: 13, deep: { list: [2, 1] } }, c: { at: 7 } },
    }),
  );
});

test('a part of a draft is the same each time', () => {
  const draft = draftOf(tree());
  assert.equal(draft.byName['a'], draft.byName['a']);
  assert.equal(
    draft.list[0],
    draft.list.find(({ at }) => at === 1),
  );
  const made = { at: 9 };
  draft.byName['d'] = made;
  assert.equal(draft.byName['d'], draft.byName['d']);
});
