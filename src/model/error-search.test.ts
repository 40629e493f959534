import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ErrorRecord } from './error-record.ts';
import { type ErrorFilter, isWanted, stateOf } from './error-search.ts';
import { noTrend } from './error-trend.ts';
import type { IncidentView } from './view.ts';

const error: ErrorRecord = {
  id: 'ab12',
  code: 'E_PRICE',
  message: 'Order 17 has no price',
  origin: { service: 'api', instance: 'api/1', host: 'alpha', role: 'primary' },
  source: 'application',
  release: '2.4',
  count: 3,
  firstSeen: 100_000,
  lastSeen: 900_000,
  trend: noTrend(900_000),
  incidents: [{ incident: 'i7', at: 500_000, log: null }],
  log: null,
  acknowledgedBy: null,
  muted: null,
};
const muted = { ...error, muted: { by: 'eve', at: 1, until: null } };
const acknowledged = { ...error, acknowledgedBy: 'eve' };

function incident(id: `i${number}`, onset: number, resolved: number | null): IncidentView {
  const symptom = { kind: 'health-failed', name: 'health', began: onset, evidence: '', faults: [] };
  return {
    id,
    state: resolved === null ? 'open' : 'resolved',
    onset,
    detected: onset,
    located: null,
    acted: null,
    recovered: null,
    resolved,
    symptoms: [{ id: 'api/2#health', component: 'api/2', ended: null, ...symptom }],
    causes: [],
    unsure: false,
    actions: [],
    component: null,
    summary: '',
  } as IncidentView;
}

const cases: readonly (readonly [string, ErrorRecord, ErrorFilter, boolean])[] = [
  ['all words occur', error, { search: 'price ORDER alpha 2.4 Primary' }, true],
  ['a word does not', error, { search: 'price refund' }, false],
  ['a search for nothing', error, { search: '  ' }, true],
  ['muted, by default', muted, {}, false],
  ['muted, of all', muted, { state: 'all' }, true],
  ['muted, of the muted', muted, { state: 'muted' }, true],
  ['muted, of the new', muted, { state: 'new' }, false],
  ['acknowledged, by default', acknowledged, {}, true],
  ['acknowledged, of the new', acknowledged, { state: 'new' }, false],
  ['its service', error, { of: 'api' }, true],
  ['its instance', error, { of: 'api/1' }, true],
  ['another instance', error, { of: 'api/2' }, false],
  ['linked to the incident', error, { incident: incident('i7', 1e9, null) }, true],
  ['linked, though muted', muted, { incident: incident('i7', 1e9, null) }, true],
  ['began just before another one', error, { incident: incident('i8', 140_000, 1e6) }, true],
  ['was last seen while it was open', error, { incident: incident('i8', 800_000, null) }, true],
  ['went on before and after', error, { incident: incident('i8', 300_000, 400_000) }, false],
  ['was over before', error, { incident: incident('i8', 2e6, null) }, false],
];

for (const [name, record, filter, wanted] of cases) {
  test(`${name}: ${wanted ? 'shown' : 'not shown'}`, () => {
    assert.equal(isWanted(record, filter), wanted);
  });
}

test('one that is muted and acknowledged is muted', () => {
  assert.deepEqual([error, acknowledged, muted].map(stateOf), ['new', 'acknowledged', 'muted']);
  assert.equal(stateOf({ ...acknowledged, muted: muted.muted }), 'muted');
});
