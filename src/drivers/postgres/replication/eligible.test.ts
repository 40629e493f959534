import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { arranged } from './eligible.ts';

const name = fc.constantFrom<string>('a', 'b', 'c', 'd', 'e');
const names = fc.uniqueArray(name, { maxLength: 5 });

test('a rule that gets stronger gives each that stays another place', () => {
  fc.assert(
    fc.property(names, names, (old, wanted) => {
      const now = arranged(old, wanted);
      assert.deepEqual([...now].sort(), [...wanted].sort());
      if (wanted.every((name) => old.includes(name))) return;
      for (const name of now.filter((other) => old.includes(other))) {
        assert.notEqual(now.indexOf(name), old.indexOf(name));
      }
    }),
  );
});

test('a rule that gets weaker, or stays, keeps its order', () => {
  assert.deepEqual(arranged(['c', 'a', 'b'], ['b', 'c']), ['c', 'b']);
  assert.deepEqual(arranged(['c', 'a'], ['a', 'c']), ['c', 'a']);
});
