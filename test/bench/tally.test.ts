import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ratios, Tally } from '../../bench/tally.ts';

test('ratios are of the medians, and of what was measured alike', () => {
  const tally = new Tally();
  for (const value of [1, 3, 2]) tally.add('daruma', 'react_ms', value);
  tally.add('runit', 'react_ms', 8);
  tally.add('daruma-20', 'cpu_percent', 1);
  tally.add('daruma-200', 'cpu_percent', 2);
  tally.add('daruma-200-checks', 'cpu_percent', 3);
  tally.add('pm2-200', 'cpu_percent', 4);
  tally.add('monit-200-checks', 'cpu_percent', 2);
  tally.add('monit-200', 'pss_mb', 4);
  assert.deepEqual(ratios(tally.figures(['daruma', 'runit'])), {
    'daruma/runit': { react_ms: 0.25 },
    'daruma-200/pm2-200': { cpu_percent: 0.5 },
    'daruma-200-checks/monit-200-checks': { cpu_percent: 1.5 },
  });
});
