import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signalText, sparkline } from './signal-text.ts';

test('values have their units', () => {
  const table: readonly (readonly [string, number, string])[] = [
    ['cpu', 0.034, '3.4 %'],
    ['memory.rss', 96 * 2 ** 20, '96.0 MiB'],
    ['memory.rss', 512, '512 B'],
    ['io.write', 2_048, '2.0 KiB/s'],
    ['health.latency', 0.0123, '12.3 ms'],
    ['uptime', 75.2, '75 s'],
    ['endpoint.requests', 12.5, '12.5'],
    ['descriptors', 31, '31'],
  ];
  for (const [signal, value, text] of table) assert.equal(signalText(signal, value), text);
});

test('a sparkline has the largest value of each part, and blanks where nothing is known', () => {
  const points = [
    [0, 0],
    [10, 4],
    [15, 8],
    [39, 2],
  ] as const;
  assert.equal(sparkline(points, { from: 0, to: 40 }, 4), '▁█ ▃');
  assert.equal(sparkline([[0, 0]], { from: 0, to: 40 }, 4), '▁   ');
});
