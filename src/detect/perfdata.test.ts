import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePerfdata, pluginText } from './perfdata.ts';

const table: readonly (readonly [string, Readonly<Record<string, number>>])[] = [
  ['OK', {}],
  ['OK - 2 users | users=2;5;10;0', { users: 2 }],
  [
    "DISK OK | /=2643MB;5948;5958;0;5968 '/boot x'=68%;88;93",
    { '/': 2643 * 2 ** 20, '/boot x': 0.68 },
  ],
  ['PING | rta=120.5ms;100 pl=0%', { rta: 0.1205, pl: 0 }],
  ["x | 'it''s'=1c bad=U also=-3", { "it's": 1, also: -3 }],
  ['a | x=1\nmore text | y=2', { x: 1, y: 2 }],
];

test('perfdata in base units', async (t) => {
  for (const [output, expected] of table) {
    await t.test(output, () => {
      const values = parsePerfdata(output).map(({ label, value }) => [label, value]);
      assert.deepEqual(Object.fromEntries(values), expected);
    });
  }
});

test('a flood of labels is cut', () => {
  const labels = Array.from({ length: 100 }, (_, at) => `l${at}=1`);
  assert.equal(parsePerfdata(`x | ${labels.join(' ')}`).length, 32);
});

test('the text for a person', () => {
  assert.equal(pluginText('\n DISK CRITICAL: full | /=1MB\nmore'), 'DISK CRITICAL: full');
  assert.equal(pluginText(''), '');
});
