import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StackView } from '../model/view.ts';
import { plain } from './paint.ts';
import { displayWidth } from './table.ts';
import { usageLines } from './usage-text.ts';

const count = 40;
const ids = Array.from({ length: count }, (_, index) => `api/${index + 1}` as const);
const view = {
  ...{ name: 'shop', state: 'running', openIncidents: [], storeWritable: true },
  services: [{ name: 'api', instances: ids.map((id) => ({ id, phase: 'ready' })) }],
} as unknown as StackView;
const signals = { 'memory.rss': 5e7, 'io.read': 1e6, 'io.write': 2e6, processes: 12 };
const samples = ids.flatMap((component, index) => [
  { at: 0, component, signal: 'cpu', value: index / count },
  ...Object.entries(signals).map(([signal, value]) => ({ at: 0, component, signal, value })),
]);

test('everything that is measured, the busiest first', () => {
  const [, , head = '', first = '', ...others] = usageLines(view, samples, {
    ...{ paint: plain, screen: null },
  });
  assert.deepEqual(head.split(/\s+/), ['INSTANCE', 'CPU', 'MEMORY', 'READ', 'WRITE', 'PROCESSES']);
  assert.match(first, /^api\/40 /);
  assert.equal(others.length, count - 1);
});

test('on a terminal no line is too long, and the busiest are in sight', () => {
  const whole = usageLines(view, samples, { paint: plain, screen: { width: 200, height: 99 } });
  assert.equal(whole.length, count + 3);
  const lines = usageLines(view, samples, { paint: plain, screen: { width: 40, height: 24 } });
  assert.ok(lines.slice(2).every((line) => displayWidth(line) <= 40));
  assert.match(lines[2] ?? '', /^INSTANCE +CPU +MEMORY +READ$/);
  assert.match(lines[3] ?? '', /^api\/40 /);
  // One line is left for the cursor.
  assert.equal(lines.length, 23);
  assert.equal(lines.at(-1), `and ${count - 19} more`);
});
