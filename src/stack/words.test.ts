import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { shellOperator, splitWords } from './words.ts';

const table: readonly (readonly [line: string, words: readonly string[]])[] = [
  ['', []],
  ['   ', []],
  ['node api.ts', ['node', 'api.ts']],
  ['  node\t api.ts \n', ['node', 'api.ts']],
  ["echo 'a b' c", ['echo', 'a b', 'c']],
  ['echo "a b" c', ['echo', 'a b', 'c']],
  ["echo ''", ['echo', '']],
  ['echo ""', ['echo', '']],
  ['echo a""b', ['echo', 'ab']],
  ["echo a'b c'd", ['echo', 'ab cd']],
  ['echo a\\ b', ['echo', 'a b']],
  ['echo \\"a\\"', ['echo', '"a"']],
  ['echo "a\\"b"', ['echo', 'a"b']],
  ['echo "a\\nb"', ['echo', 'a\\nb']],
  ['echo "a\\\\b"', ['echo', 'a\\b']],
  ["echo 'a\\b'", ['echo', 'a\\b']],
  ['echo "it\'s"', ['echo', "it's"]],
  ["echo '\"'", ['echo', '"']],
  ['echo a\\\nb', ['echo', 'ab']],
  ['echo a \\\n b', ['echo', 'a', 'b']],
  ['echo "a\\\nb"', ['echo', 'ab']],
];

test('text is split into words as a shell does it', () => {
  for (const [line, words] of table) {
    assert.deepEqual(splitWords(line), { ok: true, words }, JSON.stringify(line));
  }
});

test('the shell of this machine splits the table alike', () => {
  for (const [line, words] of table.filter(([, words]) => words.length > 0)) {
    const script = `printf '%s\\0' ${line.trim()}`;
    const printed = execFileSync('sh', ['-c', script], { encoding: 'utf8' });
    assert.deepEqual(printed.split('\0').slice(0, -1), words, JSON.stringify(line));
  }
});

test('nothing is expanded', () => {
  const line = 'echo $HOME `id` $(id) *.ts ~ {a,b} a|b a;b >x # y';
  assert.deepEqual(splitWords(line), { ok: true, words: line.split(' ') });
});

test('a quote that is never closed is told', () => {
  for (const line of ["echo 'a", 'echo "a', 'echo "a\\"', "echo a'"]) {
    const result = splitWords(line);
    assert.ok(!result.ok, line);
    assert.match(result.message, /the quote ['"] is never closed/);
  }
});

test('words that only a shell would understand are found', () => {
  assert.equal(shellOperator(['a', '&&', 'b']), '&&');
  assert.equal(shellOperator(['a', '--b=|']), undefined);
});
