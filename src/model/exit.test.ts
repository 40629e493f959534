import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lastWord } from './exit.ts';

const nodes = [
  '/srv/shop/api.js:6',
  "  throw new TypeError('no price');",
  '  ^',
  '',
  'TypeError: no price',
  '    at Timeout._onTimeout (/srv/shop/api.js:6:9)',
  '    at process.processTimers (node:internal/timers:529:7) {',
  "  code: 'E42'",
  '}',
  '',
  'Node.js v26.10.0',
];
const pythons = [
  'Traceback (most recent call last):',
  '  File "worker.py", line 3, in <module>',
  '    raise ValueError("no price")',
  'ValueError: no price',
];
const javas = [
  'Exception in thread "main" java.lang.IllegalStateException: no price',
  '\tat Shop.main(Shop.java:4)',
];
const gos = ['panic: no price', '', 'goroutine 1 [running]:', 'main.main()', 'exit status 2'];

test('what a program says last is why it ended, not where', () => {
  assert.equal(lastWord(nodes), 'TypeError: no price');
  assert.equal(lastWord(pythons), 'ValueError: no price');
  assert.equal(lastWord(javas), javas[0]);
  assert.equal(lastWord(gos), 'panic: no price');
});

test('without an error it is the last line', () => {
  assert.equal(lastWord(['listening', 'bye', '']), 'bye');
  assert.equal(lastWord(['  indented', '']), 'indented');
  assert.equal(lastWord(['an error of long ago', '1', '2', '3', '4', '5']), '5');
  assert.equal(lastWord(['', ' ']), null);
  assert.equal(lastWord([]), null);
});
