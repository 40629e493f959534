import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseEnvironmentFile } from './dotenv.ts';

const none = () => undefined;

test('a file of variables is read as Compose reads it', () => {
  const text = `\uFEFF# comment
PLAIN=value
  export EXPORTED = with blanks  # comment
HASH=a#b
EMPTY=
SINGLE='$PLAIN \\n # kept'
DOUBLE="tab\\t quote\\" dollar\\$ $PLAIN"   # comment
SPANS="first
second"
ABOVE=\${PLAIN}/\${MISSING:-default}

DOTTED.name-1=x\r
LAST=1`;
  assert.deepEqual(parseEnvironmentFile(text, none), {
    values: {
      PLAIN: 'value',
      EXPORTED: 'with blanks',
      HASH: 'a#b',
      EMPTY: '',
      SINGLE: '$PLAIN \\n # kept',
      DOUBLE: 'tab\t quote" dollar$ value',
      SPANS: 'first\nsecond',
      ABOVE: 'value/default',
      'DOTTED.name-1': 'x',
      LAST: '1',
    },
    problems: [],
  });
});

test('the environment goes before the names above, and gives bare names their value', () => {
  const lookup = (name: string) => (name === 'A' || name === 'BARE' ? 'outer' : undefined);
  const { values } = parseEnvironmentFile('A=inner\nB=$A\nBARE\nUNSET\n', lookup);
  assert.deepEqual(values, { A: 'inner', B: 'outer', BARE: 'outer' });
});

test('what is no entry is told with its line', () => {
  const { values, problems } = parseEnvironmentFile('A=1\nno entry\nB="open\n', none);
  assert.deepEqual(values, { A: '1' });
  assert.deepEqual(problems, [
    { line: 2, message: 'expected `NAME=value`' },
    { line: 3, message: 'the quote of `B` is never closed' },
  ]);
});
