import assert from 'node:assert/strict';
import { test } from 'node:test';
import { detectorTable, knowledgeText } from './knowledge-text.ts';
import { plain } from './paint.ts';

test('what was learned, with the cases that each number rests on', () => {
  const api = {
    service: 'api',
    observedHours: 30.4,
    faults: [{ fault: 'crash' as const, cases: 3, perHour: 0.0513 }],
    remedies: [
      {
        remedy: 'restart',
        fault: 'crash' as const,
        chance: 0.93,
        yes: 7,
        cases: 7,
        typicalMs: 2134,
      },
      {
        remedy: 'run fix',
        fault: 'hang' as const,
        chance: 0.04,
        yes: 1,
        cases: 40,
        typicalMs: null,
      },
    ],
    passedOn: [{ dependency: 'db', chance: 0.97, yes: 4, cases: 4 }],
  };
  const db = { service: 'db', observedHours: 0.2, faults: [], remedies: [], passedOn: [] };
  assert.deepEqual(knowledgeText({ services: [api, db], detectors: [] }, plain), [
    'api',
    '  watched for 30 h',
    '  crash: 3 seen; expected once in about 19 h at each instance',
    '  restart mends crash: 0.9 (7 of 7); 2.1 s to recovery',
    '  run fix mends hang: 0.04 (1 of 40)',
    '  shows symptoms when db fails: >0.9 (4 of 4)',
    '',
    'db',
    '  watched for 12 min',
    '  no cases yet: by default table',
  ]);
});

test('detectors', () => {
  const detects = [
    { fault: 'hang' as const, chance: 0.92, yes: 3, cases: 3 },
    { fault: 'error' as const, chance: 0.8, yes: 0, cases: 0 },
  ];
  const health = {
    service: 'api',
    detector: 'health',
    hits: 3,
    misses: 0,
    falseAlarms: 1,
    detects,
  };
  assert.deepEqual(detectorTable([health], plain), [
    'SERVICE  DETECTOR  HITS  MISSES  FALSE ALARMS  P(DETECTED | FAULT)',
    'api      health    3     0       1             hang 0.9 (3 of 3); by default table: error 0.8',
  ]);
});
