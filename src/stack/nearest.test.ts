import assert from 'node:assert/strict';
import { test } from 'node:test';
import { distance, nearest } from './nearest.ts';

test('distance counts inserts, deletes, replacements and swaps', () => {
  const table: readonly (readonly [string, string, number])[] = [
    ['', '', 0],
    ['', 'abc', 3],
    ['abc', 'abc', 0],
    ['abc', 'acb', 1],
    ['abc', 'ab', 1],
    ['abc', 'xbc', 1],
    ['kitten', 'sitting', 3],
  ];
  for (const [a, b, edits] of table) {
    assert.equal(distance(a, b), edits, `${a} ${b}`);
    assert.equal(distance(b, a), edits, `${b} ${a}`);
  }
});

test('the nearest word is found, or none', () => {
  const words = ['depends_on', 'environment', 'endpoint', 'env_file'];
  assert.equal(nearest('depend_on', words), 'depends_on');
  assert.equal(nearest('dependsOn', words), 'depends_on');
  assert.equal(nearest('enviroment', words), 'environment');
  assert.equal(nearest('endpiont', words), 'endpoint');
  assert.equal(nearest('colour', words), null);
  assert.equal(nearest('x', ['a']), null);
});
