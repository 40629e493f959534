import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkExpression, parseExpression } from './expression-language.ts';
import { kindOfSignals } from './signal-names.ts';

const values: Readonly<Record<string, number>> = {
  cpu: 0.95,
  'memory.rss': 600 * 2 ** 20,
  uptime: 20,
  restarts: 3,
  'check.queue length': 12,
  'host.memory.available': 2 ** 30,
};

const right: readonly (readonly [string, boolean | null])[] = [
  ['cpu > 0.9', true],
  ['cpu > 1', false],
  ['cpu * 100 > 90 && 2 * cpu < 2', true],
  ['cpu > percent(90)', true],
  ["memory.rss > size('512MiB')", true],
  ['memory.rss > size("1.5g")', false],
  ["uptime < duration('1m30s')", true],
  ['restarts == 3', true],
  ["check['queue length'] > 10", true],
  ["host.memory.available >= size('1GiB')", true],
  ['descriptors > 10', null],
  ['check.unknown > 1', null],
  ['memory.pss > 1 || cpu > 0.9', true],
  ['memory.pss > 1 && cpu > 0.9', null],
];

test('expressions and their values', async (t) => {
  for (const [text, expected] of right) {
    await t.test(text, () => {
      assert.equal(
        parseExpression(text).evaluate((signal) => values[signal]),
        expected,
      );
    });
  }
});

const wrong: readonly (readonly [string, RegExp, number])[] = [
  ['cpu >', /ends too early/, 5],
  ['cpu > 0.9 &', /Unexpected character: &/, 10],
  ["cpu > 'high'", /no such overload: double > string/, 0],
  ['cpu', /is a double, not true or false/, 0],
  ['1 > 0', /mentions no signal/, 0],
  ['memry.rss > 1', /no signal «memry»; signals are cpu, memory\.rss/, 0],
  ['cpu > 0.5 && memory.rs > 1', /no signal «rs»/, 20],
  ["cpu > 1 && memory.rss > size('512 apples')", /«512 apples» is not a size/, 29],
  ["uptime > duration('5 min')", /«5 min» is not a duration/, 18],
  ['size(cpu) > 1', /no matching overload for 'size\(double\)'/, 0],
  ['', /ends too early/, 0],
];

test('wrong expressions are refused, with the place', async (t) => {
  for (const [text, message, position] of wrong) {
    await t.test(text, () => {
      const checked = checkExpression(text);
      assert.ok(!checked.ok);
      assert.match(checked.message, message);
      assert.equal(checked.position, position);
      assert.throws(() => parseExpression(text), /expression «/);
    });
  }
});

test('an expression names its signals, and they say what kind of symptom it is', () => {
  const kinds: readonly (readonly [string, string, string])[] = [
    ['cpu > 0.9', 'cpu', 'cpu'],
    ["cpu > 0.9 && memory.rss > size('1g')", 'cpu,memory.rss', 'memory'],
    ['host.disk.free < 1', 'host.disk.free', 'disk'],
    ['health.latency > 1', 'health.latency', 'latency'],
    ['descriptors > 1000', 'descriptors', 'descriptors'],
    ['pressure.io > 0.5', 'pressure.io', 'pressure'],
    ['restarts > 3 || check.queue > 1', 'restarts,check.queue', 'signal'],
  ];
  for (const [text, signals, kind] of kinds) {
    const checked = checkExpression(text);
    assert.ok(checked.ok);
    assert.equal(checked.signals.join(), signals);
    assert.equal(kindOfSignals(checked.signals), kind);
  }
});
