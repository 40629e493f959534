import assert from 'node:assert/strict';
import { test } from 'node:test';
import { interpolate } from './interpolate.ts';

const environment: Readonly<Record<string, string>> = {
  FOO: 'foo',
  EMPTY: '',
  _under1: 'u',
  PORT: '1',
  DOLLAR: '$FOO',
};
const lookup = (name: string) => environment[name];

/** Compose's own table (its documentation on interpolation, and compose-go's template tests). */
const table: readonly (readonly [text: string, result: string])[] = [
  ['plain', 'plain'],
  ['$FOO', 'foo'],
  ['${FOO}', 'foo'],
  ['a${FOO}b$FOO.c', 'afoobfoo.c'],
  ['$_under1-x', 'u-x'],
  ['${FOO:-d}', 'foo'],
  ['${EMPTY:-d}', 'd'],
  ['${UNSET:-d}', 'd'],
  ['${FOO-d}', 'foo'],
  ['${EMPTY-d}', ''],
  ['${UNSET-d}', 'd'],
  ['${UNSET:-}', ''],
  ['${UNSET-}', ''],
  ['${UNSET:-a:-b-c}', 'a:-b-c'],
  ['${UNSET:-http://x/?a=1}', 'http://x/?a=1'],
  ['${FOO:+o}', 'o'],
  ['${EMPTY:+o}', ''],
  ['${UNSET:+o}', ''],
  ['${EMPTY+o}', 'o'],
  ['${UNSET+o}', ''],
  ['${FOO:?message}', 'foo'],
  ['${EMPTY?message}', ''],
  ['${UNSET:-${FOO}}', 'foo'],
  ['${UNSET:-${ALSO:-$FOO}}', 'foo'],
  ['${UNSET:-a${FOO}b}c', 'afoobc'],
  ['$$FOO', '$FOO'],
  ['$${FOO}', '${FOO}'],
  ['$$$FOO', '$foo'],
  ['$DOLLAR', '$FOO'],
  // Unlike Compose, which refuses these.
  ['^error(.+?)$', '^error(.+?)$'],
  ['costs 5$ or $5', 'costs 5$ or $5'],
  ['$(id) $? $1', '$(id) $? $1'],
  // Known only when an instance starts.
  ['$PORT', '${PORT}'],
  ['${PORT}', '${PORT}'],
  ['${PORT:-8080}', '${PORT}'],
  ['${UNSET:-${PORT}}', '${PORT}'],
  [
    '${INSTANCE} ${INSTANCE_NUMBER} ${DARUMA_NODE}',
    '${INSTANCE} ${INSTANCE_NUMBER} ${DARUMA_NODE}',
  ],
  ['${services.my-db.url}', '${services.my-db.url}'],
];

test('variables are replaced as in Compose', () => {
  for (const [text, result] of table) {
    const { problems, ...rest } = interpolate(text, lookup);
    assert.deepEqual({ ...rest, problems }, { text: result, unset: [], problems: [] }, text);
  }
});

test('an unset variable without default is empty and told', () => {
  assert.deepEqual(interpolate('a${UNSET}b$ALSO', lookup), {
    text: 'ab',
    unset: ['UNSET', 'ALSO'],
    problems: [],
  });
});

const wrong: readonly (readonly [text: string, problem: string])[] = [
  ['${UNSET:?say it}', '`UNSET` must be set: say it'],
  ['${EMPTY:?say it}', '`EMPTY` must be set: say it'],
  ['${UNSET?}', '`UNSET` must be set: it has no default'],
  ['${UNSET:?need ${FOO}}', '`UNSET` must be set: need foo'],
  ['${FOO', '`${` is never closed by `}`'],
  ['${}', '`${}` is not a variable name'],
  ['${ FOO }', '`${ FOO }` is not a variable name'],
  ['${1FOO}', '`${1FOO}` is not a variable name'],
  ['${FOO.BAR}', '`${FOO.BAR}` is not a variable name'],
  ['${service.db.url}', '`${service.db.url}` is not a variable name'],
];

test('what can’t be replaced is told', () => {
  for (const [text, problem] of wrong) {
    assert.deepEqual(interpolate(text, lookup).problems, [problem], text);
  }
});
