import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { IncidentId } from '../model/ids.ts';
import type { RecordBody } from '../model/record.ts';
import { apply } from './apply.ts';
import { lastWith } from './recent.ts';
import { type EngineState, initialState, resolvedKept } from './state.ts';

const symptoms = ['a#1', 'a#2', 'b#1'];

const anyMove = fc.record({
  symptom: fc.constantFrom(...symptoms),
  what: fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom('open', 'join', 'resolve', 'reopen') },
    { weight: 1, arbitrary: fc.constant('fill') },
  ),
  which: fc.nat(3),
  look: fc.boolean(),
});

test('the last is what one finds by going through all, whatever happened to them', () => {
  fc.assert(
    fc.property(fc.array(anyMove, { maxLength: 40 }), (moves) => {
      const state = initialState();
      for (const move of moves) {
        carryOut(state, move);
        if (!move.look) continue;
        for (const id of [...symptoms, 'filler#1'])
          assert.equal(lastWith(state, id)?.id, search(state, id));
      }
    }),
    { numRuns: 300 },
  );
});

type Move = typeof anyMove extends fc.Arbitrary<infer M> ? M : never;

function carryOut(state: EngineState, { symptom, what, which }: Move): void {
  if (what === 'fill') {
    for (let count = 0; count < resolvedKept / 2; count += 1) {
      open(state, 'filler#1');
      tell(state, { kind: 'incident-resolved', incident: state.open.at(-1) ?? 'i0', summary: '' });
    }
    return;
  }
  if (what === 'open') {
    open(state, symptom);
    return;
  }
  if (state.symptoms[symptom] === undefined) return;
  const all: IncidentId[] = [...state.resolved, ...state.open].slice(-4);
  const among = { join: all, resolve: state.open, reopen: state.resolved.slice(-4) }[what];
  const incident = among[which % among.length];
  if (incident === undefined) return;
  if (what === 'resolve') tell(state, { kind: 'incident-resolved', incident, summary: '' });
  else if (what === 'join') tell(state, { kind: 'incident-joined', incident, symptom });
  else tell(state, { kind: 'incident-reopened', incident, symptom });
}

function open(state: EngineState, id: string): void {
  const [component = '', name = ''] = id.split('#');
  const symptom = { id, component, name, kind: 'log', began: 0, evidence: '', faults: [] } as const;
  tell(state, { kind: 'symptom-began', symptom });
  const incident = `i${state.nextIncident}` as const;
  tell(state, { kind: 'incident-opened', incident, symptom: id, onset: 0 });
}

function tell(state: EngineState, body: RecordBody): void {
  apply(state, { at: state.at + 1, ...body });
}

function search({ resolved, incidents }: EngineState, id: string): IncidentId | undefined {
  return resolved.findLast((one) => incidents[one]?.symptoms.some((s) => s.symptom.id === id));
}
