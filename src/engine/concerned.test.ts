import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type IncidentId, serviceOf } from '../model/ids.ts';
import type { PlannedAction, RecordBody } from '../model/record.ts';
import { apply } from './apply.ts';
import { openAt, unjudgedAt, waitingFor } from './concerned.ts';
import { service, stack } from './stack.fixture.ts';
import { type EngineState, type IncidentState, initialState } from './state.ts';

const instances = ['a/1', 'a/2', 'b/1'] as const;
const components = [...instances, 'host:one'];
const places = ['a', 'b', 'host:one'];

const anyMove = fc.record({
  component: fc.constantFrom(...components),
  instance: fc.constantFrom(...instances),
  what: fc.constantFrom(
    ...(['open', 'join', 'locate', 'plan', 'judge', 'ask', 'answer', 'resolve', 'reopen'] as const),
  ),
  which: fc.nat(3),
  look: fc.boolean(),
});

type Move = typeof anyMove extends fc.Arbitrary<infer M> ? M : never;

test('what concerns a place is what one finds by going through all that are open', () => {
  fc.assert(
    fc.property(fc.array(anyMove, { minLength: 20, maxLength: 60 }), (moves) => {
      const state = initialState();
      const spec = stack([service('a', { replicas: 2 }), service('b')]);
      tell(state, { kind: 'configured', spec });
      for (const move of moves) {
        for (const body of recordsOf(state, move)) tell(state, body);
        if (move.look) compare(state);
      }
    }),
    { numRuns: 2_000 },
  );
});

function compare(state: EngineState): void {
  const open = state.open.flatMap((id) => state.incidents[id] ?? []);
  for (const place of places) {
    const found = openAt(state, [place]);
    assert.deepEqual(ids(found), ids(open.filter((one) => found.includes(one))), 'in order');
    const concerned = open.filter((one) => concerns(one, place));
    assert.deepEqual(ids(concerned.filter((one) => !found.includes(one))), [], `all at ${place}`);
  }
  const all = new Set(places.flatMap((place) => openAt(state, [place])));
  assert.deepEqual(
    ids(openAt(state, places)),
    ids(open.filter((one) => all.has(one))),
    'each once',
  );
  for (const component of components) {
    const unjudged = open.flatMap(({ actions }) =>
      actions.filter((one) => one.outcome === null && one.planned.target === component),
    );
    assert.deepEqual(unjudgedAt(state, component), unjudged);
  }
  for (const instance of instances) {
    const waiting = open.filter((one) => one.confirm?.waiting.includes(instance));
    assert.deepEqual(ids(waitingFor(state, instance)), ids(waiting));
  }
}

function ids(incidents: readonly IncidentState[]): IncidentId[] {
  return incidents.map((one) => one.id);
}

function concerns({ symptoms, causes, actions }: IncidentState, place: string): boolean {
  const all = [
    ...symptoms.map((one) => one.symptom.component),
    ...causes.slice(0, 1).map((one) => one.component),
    ...actions.map((one) => one.planned.target),
  ];
  return all.some((one) => (serviceOf(one) ?? one) === place);
}

function recordsOf(state: EngineState, move: Move): RecordBody[] {
  const { component, instance, what, which } = move;
  const symptom = `${component}#log`;
  if (what === 'open') return opening(state, component, symptom);
  if (what === 'answer')
    return [{ kind: 'instance-confirmed', instance, healthy: true, evidence: '' }];
  const among = what === 'reopen' ? state.resolved.slice(-4) : state.open.slice(-4);
  const incident = among[which % among.length];
  if (incident === undefined) return [];
  return [changing(state, move, incident)].filter((one) => one !== null);
}

function opening(state: EngineState, component: string, id: string): RecordBody[] {
  const symptom = { id, component, name: '', kind: 'log', began: 0, evidence: '', faults: [] };
  const incident = `i${state.nextIncident}` as const;
  return [
    { kind: 'symptom-began', symptom: { ...symptom, kind: 'log' } },
    { kind: 'incident-opened', incident, symptom: id, onset: 0 },
  ];
}

function changing(
  state: EngineState,
  { component, instance, what }: Move,
  incident: IncidentId,
): RecordBody | null {
  const symptom = `${component}#log`;
  switch (what) {
    case 'join':
      return { kind: 'incident-joined', incident, symptom };
    case 'reopen':
      return { kind: 'incident-reopened', incident, symptom };
    case 'locate': {
      const cause = { component, fault: 'crash', probability: 1, evidence: [] } as const;
      return { kind: 'incident-located', incident, causes: [cause], unsure: false };
    }
    case 'plan':
      return { kind: 'action-planned', incident, planned: planned(state, component) };
    case 'judge': {
      const last = state.incidents[incident]?.actions.at(-1)?.planned.action;
      if (last === undefined) return null;
      return { kind: 'action-outcome', incident, action: last, outcome: 'unknown', reason: '' };
    }
    case 'ask':
      return { kind: 'confirm-asked', incident, instances: [instance], until: 0 };
    default:
      return { kind: 'incident-resolved', incident, summary: '' };
  }
}

function planned({ nextAction }: EngineState, target: string): PlannedAction {
  return { action: `a${nextAction}`, kind: 'restart', target } as PlannedAction;
}

function tell(state: EngineState, body: RecordBody): void {
  apply(state, { at: state.at + 1, ...body });
}
