import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ServiceName } from '../model/ids.ts';
import type { RecordBody } from '../model/record.ts';
import { apply } from './apply.ts';
import { dependenciesOf, dependentsOf, directDependencies } from './graph.ts';
import { service, stack } from './stack.fixture.ts';
import { type EngineState, initialState } from './state.ts';

const names = ['a', 'b', 'c', 'd', 'e'] as const;

/** A definition: for each name whether it is there, and on which of those before it it depends. */
const anyDefinition = fc.array(
  fc.record({ there: fc.boolean(), needs: fc.subarray([0, 1, 2, 3]), runs: fc.boolean() }),
  { minLength: names.length, maxLength: names.length },
);

test('what depends on what is what one finds by going along, however it is redefined', () => {
  fc.assert(
    fc.property(fc.array(anyDefinition, { minLength: 1, maxLength: 6 }), (definitions) => {
      const state = initialState();
      for (const definition of definitions) {
        const there = names.filter((_, index) => definition[index]?.there);
        const services = there.map((name) => {
          const index = names.indexOf(name);
          const below = names.filter(
            (_, at) => at < index && definition[index]?.needs.includes(at),
          );
          return service(name, { needs: below.filter((one) => there.includes(one)) });
        });
        tell(state, { kind: 'configured', spec: stack(services) });
        compare(state);
        for (const [index, { runs }] of definition.entries()) start(state, names[index], runs);
        // What runs and is defined no more is forgotten once it is gone.
        compare(state);
      }
    }),
    { numRuns: 500 },
  );
});

function start(state: EngineState, name: ServiceName | undefined, runs: boolean): void {
  const instance = `${name}/1` as const;
  if (state.instances[instance] === undefined) return;
  const run = { instance, action: 'a1', pid: 1, port: 1 } as const;
  if (runs) tell(state, { kind: 'instance-started', ...run });
  else tell(state, { kind: 'instance-stopped', instance, action: 'a1' });
}

function compare(state: EngineState): void {
  for (const name of names) {
    const direct = state.services[name]?.spec.dependsOn.map((one) => one.service);
    assert.deepEqual(directDependencies(state)[name], direct, name);
    const down = along(name, (one) =>
      (state.services[one]?.spec.dependsOn ?? []).map((other) => other.service),
    );
    assert.deepEqual([...dependenciesOf(state, name)].sort(), down, `${name} depends on`);
    const up = along(name, (one) => state.services[one]?.dependents ?? []);
    assert.deepEqual([...dependentsOf(state, name)].sort(), up, `on ${name} depend`);
  }
}

/** All that are reached, by names. */
function along(from: ServiceName, next: (name: ServiceName) => readonly ServiceName[]) {
  const found: ServiceName[] = [];
  for (const one of next(from)) found.push(one, ...along(one, next));
  return [...new Set(found)].sort();
}

function tell(state: EngineState, body: RecordBody): void {
  apply(state, { at: state.at + 1, ...body });
}
