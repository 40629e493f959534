import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBudget, parseDuration, parseSize } from './quantity.ts';

test('durations are read as Compose writes them', () => {
  const table = {
    '0': 0,
    '0s': 0,
    '500ms': 500,
    '10s': 10_000,
    '1m30s': 90_000,
    '1.5h': 5_400_000,
    '2h45m': 9_900_000,
    '1d': 86_400_000,
    '0.4ms': 0,
  };
  for (const [text, ms] of Object.entries(table)) assert.equal(parseDuration(text), ms, text);
  for (const text of ['', '5', '5 s', 's', '-1s', '1s ', '1y', '1.s', '1s2', '1S']) {
    assert.equal(parseDuration(text), null, text);
  }
});

test('sizes are read as Compose writes them', () => {
  const table = {
    '4096': 4096,
    '5b': 5,
    '64k': 65_536,
    '64kb': 65_536,
    '64KiB': 65_536,
    '64m': 67_108_864,
    '512MiB': 536_870_912,
    '1.5gb': 1_610_612_736,
    '2T': 2 ** 41,
  };
  for (const [text, bytes] of Object.entries(table)) assert.equal(parseSize(text), bytes, text);
  for (const text of ['', 'm', '5 m', '-1', '5x', '5mm', '1e3']) {
    assert.equal(parseSize(text), null, text);
  }
});

test('budgets are so many in some time', () => {
  assert.deepEqual(parseBudget('5 per 10m'), { count: 5, windowMs: 600_000 });
  assert.deepEqual(parseBudget('0 per 1h30m'), { count: 0, windowMs: 5_400_000 });
  for (const text of ['5', '5 per', '5 per 0s', '5 per 10', 'x per 10m', '5 in 10m', '-1 per 1m']) {
    assert.equal(parseBudget(text), null, text);
  }
});
